"""Images that are named one by one, by paths and URLs: read, told apart, and put in the order of a listing."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import numpy as np

from imgsieve.errors import SourceError
from imgsieve.storage.addresses import Address, is_remote, parse_object
from imgsieve.storage.folder import uri_of

__all__ = ["NamedImages", "NamedPlace"]

_FILE = "file://"
_PARENTS = 4096
"""Folders whose real path is kept in mind."""


@dataclass(frozen=True, kw_only=True)
class NamedPlace:
    """One container, or this machine, with the images of it that are named."""

    uri: str
    """URL without a slash at its end: of the container, or of the folder that all files lie below."""
    address: Address | None
    """Of the container; None for this machine."""
    keys: tuple[bytes, ...]
    """The images, each once, in order: absolute paths of this machine, or names within the container as UTF-8."""


class NamedImages:
    """Images by their names: paths, ``file://`` URLs and URLs of any store, mixed, in any order, more than once.

    Names of one file count as one image: a path that is given twice, a link and what it leads to, two spellings of one
    container. Links are followed, as they were named on purpose. Nothing is looked up in stores yet.

    Parameters
    ----------
    names
        The names. Relative paths are taken from the current folder.
    environment
        Where accounts and keys of stores are named; None for that of the process.

    Attributes
    ----------
    places
        Containers and this machine, in the order of their URLs, which is that of a manifest.
    image_of
        Shape (names,), int64: for each name the number of its image, from 0, in the order of the places and keys.
    count
        Number of images.

    Raises
    ------
    SourceError
        A name is empty or has a zero byte, or a URL is of no kind that is known, or not complete.
    """

    def __init__(self, names: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        keys, containers = [b""] * len(names), np.zeros(len(names), np.int32)
        numbers: dict[str, int] = {}
        addresses: list[Address | None] = []
        for at, name in enumerate(names):
            address, keys[at] = _wanted(name, environment)
            containers[at] = numbers.setdefault(_identity(address), len(numbers))
            if len(numbers) > len(addresses):
                addresses.append(address)
        members = [np.nonzero(containers == number)[0] for number in range(len(numbers))]
        made = [_place(address, {keys[at] for at in some}) for address, some in zip(addresses, members, strict=True)]
        ordered = sorted(range(len(made)), key=lambda number: made[number].uri)
        self.places = tuple(made[number] for number in ordered)
        self.image_of = np.empty(len(names), np.int64)
        self.count = 0
        for number in ordered:
            found = [bisect_left(made[number].keys, keys[at]) for at in members[number]]
            self.image_of[members[number]] = np.array(found, np.int64) + self.count
            self.count += len(made[number].keys)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name the set of images, whatever their order and spelling."""
        digest = hashlib.sha256()
        for place in self.places:
            digest.update(_identity(place.address).encode() + b"\0")
            for key in place.keys:
                digest.update(key + b"\0")
        return digest.hexdigest()[:16]


def _identity(address: Address | None) -> str:
    """Return what is the same for all spellings of one container."""
    return _FILE if address is None else address.identity


def _wanted(name: str, environment: Mapping[str, str] | None) -> tuple[Address | None, bytes]:
    """Return the container of an image, None for this machine, and its name there."""
    if not name:
        raise SourceError("one of the images has an empty name")
    if "\0" in name or "%00" in name:
        raise SourceError(f"{name!r} has a zero byte in it, which no name of an image has")
    if is_remote(name):
        address, key = parse_object(name, environment)
        return address, key.encode("utf-8", "surrogatepass")
    return None, _real(unquote_to_bytes(name[len(_FILE) :]) if name.lower().startswith(_FILE) else os.fsencode(name))


def _real(path: bytes) -> bytes:
    """Return the absolute path of a file with no links in it."""
    parent, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 - paths are bytes
    real = os.path.join(_real_folder(parent), name)  # noqa: PTH118 - paths are bytes
    return os.path.realpath(real) if os.path.islink(real) else real  # noqa: PTH114 - paths are bytes


@lru_cache(_PARENTS)
def _real_folder(path: bytes) -> bytes:
    """Return the path of a folder with no links in it."""
    return os.path.realpath(path)


def _place(address: Address | None, keys: set[bytes]) -> NamedPlace:
    """Return the place of some images."""
    ordered = tuple(sorted(keys))
    if address is not None:
        return NamedPlace(uri=address.uri, address=address, keys=ordered)
    return NamedPlace(uri=uri_of(_common(_folders(ordered))).rstrip("/"), address=None, keys=ordered)


def _folders(paths: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the folders of paths that are in order, most of them once."""
    before = None
    for path in paths:
        folder = os.path.dirname(path)  # noqa: PTH120 - paths are bytes
        if folder != before:
            yield folder
        before = folder


def _common(folders: Iterator[bytes]) -> bytes:
    """Return the folder that all lie in."""
    common = next(folders)
    for folder in folders:
        common = os.path.commonpath((common, folder))
    return common
