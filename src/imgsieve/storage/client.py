"""The narrow waist of storage: what a client of one container or bucket can do, one request a call.

Clients neither wait nor try again; `imgsieve.storage.store.Store` does. Names are keys of objects, '/' between, never
percent-encoded. ETags are as HTTP has them, in quotes where the store quotes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

__all__ = ["FIRST_BYTES", "Check", "Listed", "ObjectClient", "Page", "Properties"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One object of a listing."""

    name: str
    size: int
    etag: str
    modified: float
    """Seconds since 1970; 0 when the store does not say."""
    md5: bytes | None = None
    """Shape (16,): digest of the content, where the store lists it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer to a request to list."""

    objects: list[Listed]
    marker: str | None
    """Where the next page begins; None after the last one."""
    requests: int = 1
    """How many requests it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """What is known of one object."""

    size: int
    etag: str
    modified: float
    content_type: str | None = None
    md5: bytes | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    copy_status: str | None = None
    """Of a server-side copy onto this object: ``pending``, ``success``, ``failed`` or ``aborted``."""


FIRST_BYTES = 64
"""How many bytes tell what an object is."""

Check = Callable[[bytes], bool]
"""Sees the first bytes of an object; where it says no, the rest is not read."""


class ObjectClient(Protocol):
    """Requests to one container or bucket. Every method raises `StoreFault`."""

    kind: str
    """``azure``, ``s3``, ``gs``, ``memory`` or ``file``."""

    def page(self, prefix: str, marker: str | None) -> Page:
        """List one page of the objects whose names begin with ``prefix``."""
        ...

    def get(self, name: str, *, etag: str | None, first: int | None, check: Check | None) -> bytes:
        """Read an object whole, or its ``first`` bytes, if it is still the version ``etag``.

        Returns only what was read when ``check`` said no.
        """
        ...

    def get_range(self, name: str, start: int, length: int, *, etag: str | None) -> bytes:
        """Read ``length`` bytes of an object from ``start`` on, if it is still the version ``etag``."""
        ...

    def put(
        self,
        name: str,
        data: bytes | Path,
        *,
        create: bool,
        etag: str | None,
        content_type: str | None,
        metadata: Mapping[str, str],
        md5: bytes | None,
    ) -> str:
        """Write an object at once and return its ETag.

        ``create`` asks that there be none of that name yet, ``etag`` that it be that version still.
        """
        ...

    def head(self, name: str) -> Properties:
        """Return what is known of an object."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object; a missing one is no fault."""
        ...

    def readable_url(self, name: str) -> str | None:
        """Return a URL, with its signature, from which other servers may read an object; None where there is none."""
        ...

    def copy(
        self, name: str, source_url: str, *, source_etag: str | None, create: bool, etag: str | None
    ) -> Properties:
        """Let the server copy from a URL of the same kind of store; `Properties.copy_status` says how far it is.

        No more is known of the object yet. ``create`` and ``etag`` are as for `put`.
        """
        ...

    def abort_copy(self, name: str) -> None:
        """Give up a pending copy."""
        ...
