"""Brings objects of stores to this machine, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from imgsieve.storage import Fault, Store, StoreFault

__all__ = ["bring_object"]

_CHUNK_BYTES = 4 * 1024**2
"""What is larger comes in pieces, so that no part is ever in memory whole."""


def bring_object(store: Store, name: str, path: Path) -> bool:
    """Bring an object to a path; return whether there is one.

    Raises
    ------
    StoreFault
        It cannot be read.
    OSError
        It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".coming")
    try:
        with partial.open("wb") as handle:
            for data in _pieces(store, name):
                handle.write(data)
        partial.replace(path)
    except StoreFault as fault:
        if fault.kind is not Fault.MISSING:
            raise
        return False
    finally:
        partial.unlink(missing_ok=True)
    return True


def _pieces(store: Store, name: str) -> Iterator[bytes]:
    """Read an object by one request, or by several when it is large."""
    data = store.read(name, first=_CHUNK_BYTES)
    yield data
    if len(data) == _CHUNK_BYTES:
        found = store.head(name)
        for start in range(_CHUNK_BYTES, found.size, _CHUNK_BYTES):
            yield store.read_range(name, start, min(_CHUNK_BYTES, found.size - start), etag=found.etag)
