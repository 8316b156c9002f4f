"""Features on the disk, one file a picture, shared by threads, processes and runs, within a bound.

A file is written under another name and renamed, so it is whole or absent whoever reads or writes at the same time. It
begins with a digest of all that follows: what is damaged is told from what is whole, and counts as absent. No code is
ever read from it, as a pickle would. Names are digests of keys, so files spread evenly over the parts of the folder,
each of which keeps to its share of the bound by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from imgsieve.deduplicator.feature_values import Features, frozen_copy
from imgsieve.deduplicator.file_share import BLOCK_BYTES, FileShare

__all__ = ["MIN_BYTES", "DamagedFeaturesError", "FeatureFiles", "packed", "unpacked"]

_MAGIC = b"imgsieve features 2\n"
_DIGEST_BYTES = 16
_LENGTH = struct.Struct("<Q")
_LEVEL = 1
"""Of compression: higher ones save 1 % more."""
_SUFFIX = ".features"
_SHARES = 256
"""Parts of the folder: of three million files, twelve thousand are in each, which are looked through in 0.06 s."""

MIN_BYTES = _SHARES * BLOCK_BYTES
"""The least that a folder may be bounded to: one small file in each part."""


class DamagedFeaturesError(ValueError):
    """A file of features is not what was written, or is of another picture."""


class FeatureFiles:
    """A folder with one file for the features of each key; those used last, within a bound.

    Parameters
    ----------
    folder
        Where the files are; made when missing.
    max_bytes
        What the files take of the disk at most, from `MIN_BYTES`. It is kept in each of 256 parts of the folder by
        itself, as soon as something is written there; so no file may be larger than a 256th of it.

    Raises
    ------
    OSError
        The folder cannot be made.
    """

    def __init__(self, folder: str | os.PathLike[str], max_bytes: int) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._shares = [FileShare(self.folder / f"{i:02x}", _SUFFIX, max_bytes // _SHARES) for i in range(_SHARES)]

    def path_of(self, key: str) -> Path:
        """Return where the features of a key are, or would be."""
        share, name = self._place(key)
        return share.path_of(name)

    def read(self, key: str) -> Features | None:
        """Return the features of a key, None when there are none. They count as used now.

        Raises
        ------
        DamagedFeaturesError
            The file is not whole.
        OSError
            It cannot be read.
        """
        share, name = self._place(key)
        data = share.read(name)
        return None if data is None else unpacked(key, data)

    def mark(self, key: str) -> None:
        """Note that the features of a key are used now, if they are there."""
        share, name = self._place(key)
        share.mark(name)

    def write(self, key: str, features: Features) -> int:
        """Write the features of a key, in the place of what there was, and return how many files had to go.

        Raises
        ------
        FileTooLargeError
            They are larger than a file may be; what there was is removed.
        OSError
            The file cannot be written; what there was stays.
        """
        share, name = self._place(key)
        return share.write(name, packed(key, features))

    def _place(self, key: str) -> tuple[FileShare, str]:
        """Return the part of the folder that a key belongs to, and the name of its file."""
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return self._shares[int(digest[:2], 16)], digest[2:]


def packed(key: str, features: Features) -> bytes:
    """Return features as the bytes of their file."""
    blocks: list[bytes] = []
    head = json.dumps({"key": key, "value": _described(features, blocks)}).encode()
    # Compressed, the features of a picture fill one block of the disk; they would need two otherwise.
    body = zlib.compress(b"".join([_LENGTH.pack(len(head)), head, *blocks]), _LEVEL)
    return _MAGIC + hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() + body


def _described(features: Features, blocks: list[bytes]) -> dict[str, Any]:
    """Describe features, and append their content to blocks."""
    if isinstance(features, Mapping):
        return {"kind": "mapping", "items": {name: _described(value, blocks) for name, value in features.items()}}
    data = features.tobytes() if isinstance(features, np.ndarray) else bytes(features)
    blocks.append(data)
    if isinstance(features, np.ndarray):
        return {"kind": "array", "bytes": len(data), "dtype": features.dtype.str, "shape": list(features.shape)}
    return {"kind": "bytes", "bytes": len(data)}


def unpacked(key: str, data: bytes) -> Features:
    """Return the features of a key from the bytes of their file.

    Raises
    ------
    DamagedFeaturesError
        These are not the bytes that `packed` made of features of this key.
    """
    start = len(_MAGIC) + _DIGEST_BYTES
    packed_body = data[start:]
    digest = hashlib.blake2b(packed_body, digest_size=_DIGEST_BYTES).digest()
    if not data.startswith(_MAGIC) or digest != data[len(_MAGIC) : start]:
        raise DamagedFeaturesError("the file is damaged, or is no file of features")
    body = zlib.decompress(packed_body)
    (length,) = _LENGTH.unpack_from(body)
    content = memoryview(body)[_LENGTH.size + length :]
    head = json.loads(body[_LENGTH.size : _LENGTH.size + length])
    if head["key"] != key:
        raise DamagedFeaturesError("the file has the features of another key")
    return frozen_copy(_restored(head["value"], _Content(content)))


class _Content:
    """The blocks of a file, taken one after another."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._at = 0

    def take(self, count: int) -> memoryview:
        """Return the next bytes."""
        self._at += count
        return self._content[self._at - count : self._at]


def _restored(described: dict[str, Any], content: _Content) -> Features:
    """Return what `_described` described."""
    if described["kind"] == "mapping":
        return {name: _restored(value, content) for name, value in described["items"].items()}
    data = content.take(described["bytes"])
    if described["kind"] == "bytes":
        return bytes(data)
    return np.frombuffer(data, np.dtype(described["dtype"])).reshape(described["shape"])
