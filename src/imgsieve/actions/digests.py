"""MD5 digests of objects and files, in bounded memory. They tell equal from different here and protect nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from imgsieve.storage import Store

__all__ = ["PART_BYTES", "digest_of_bytes", "digest_of_file", "digest_of_object", "parts_of_object", "save_object"]

PART_BYTES = 8 * 1024**2
"""A large object is read in parts of this size."""


def digest_of_bytes(data: bytes) -> bytes:
    """Return the MD5 of bytes."""
    return hashlib.md5(data, usedforsecurity=False).digest()


def digest_of_file(path: Path) -> bytes:
    """Return the MD5 of a file."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as handle:
        while part := handle.read(PART_BYTES):
            digest.update(part)
    return digest.digest()


def digest_of_object(store: Store, name: str, size: int, etag: str) -> bytes:
    """Return the MD5 of an object, reading it."""
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts_of_object(store, name, size, etag):
        digest.update(part)
    return digest.digest()


def save_object(store: Store, name: str, size: int, etag: str, handle: IO[bytes]) -> bytes:
    """Write an object into an open file and return its MD5."""
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts_of_object(store, name, size, etag):
        digest.update(part)
        handle.write(part)
    handle.flush()
    return digest.digest()


def parts_of_object(store: Store, name: str, size: int, etag: str) -> Iterator[bytes]:
    """Read an object part by part; a part that fails for a while is read again alone."""
    for start in range(0, size, PART_BYTES):
        yield store.read_range(name, start, min(PART_BYTES, size - start), etag=etag or None)
