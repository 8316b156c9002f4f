"""Features on the disk, one file a picture, shared by threads, processes and runs.

A file is written under a name of its own and renamed, so it is whole or absent whoever reads or writes at the same
time. It begins with a digest of all that follows: what is damaged is told from what is whole, and counts as absent. No
code is ever read from it, as a pickle would.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from imgsieve.deduplicator.feature_values import Features, frozen_copy

__all__ = ["DamagedFeaturesError", "FeatureFiles", "packed", "unpacked"]

_MAGIC = b"imgsieve features 1\n"
_DIGEST_BYTES = 16
_LENGTH = struct.Struct("<Q")
_SUFFIX = ".features"


class DamagedFeaturesError(ValueError):
    """A file of features is not what was written, or is of another picture."""


class FeatureFiles:
    """A folder with one file for the features of each key.

    Parameters
    ----------
    folder
        Where the files are; made when missing.

    Raises
    ------
    OSError
        The folder cannot be made.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def path_of(self, key: str) -> Path:
        """Return where the features of a key are, or would be."""
        name = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return self.folder / name[:2] / f"{name[2:]}{_SUFFIX}"

    def read(self, key: str) -> Features | None:
        """Return the features of a key, None when there are none.

        Raises
        ------
        DamagedFeaturesError
            The file is not whole.
        OSError
            It cannot be read.
        """
        try:
            data = self.path_of(key).read_bytes()
        except FileNotFoundError:
            return None
        return unpacked(key, data)

    def write(self, key: str, features: Features) -> None:
        """Write the features of a key, in the place of what there was.

        Raises
        ------
        OSError
            The file cannot be written; what there was stays.
        """
        path = self.path_of(key)
        path.parent.mkdir(exist_ok=True)
        partial = path.with_name(f"{path.name}.{secrets.token_hex(8)}.partial")
        try:
            with partial.open("xb") as file:
                file.write(packed(key, features))
            partial.replace(path)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def packed(key: str, features: Features) -> bytes:
    """Return features as the bytes of their file."""
    blocks: list[bytes] = []
    head = json.dumps({"key": key, "value": _described(features, blocks)}).encode()
    body = b"".join([_LENGTH.pack(len(head)), head, *blocks])
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
    body = data[start:]
    if not data.startswith(_MAGIC) or hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != data[20:start]:
        raise DamagedFeaturesError("the file is damaged, or is no file of features")
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
