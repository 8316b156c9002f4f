"""What is copied, object by object, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from imgsieve.errors import ImgsieveError

__all__ = [
    "COPIED",
    "DIFFERS",
    "EQUAL",
    "FAILED",
    "UNKNOWN",
    "Conflict",
    "Content",
    "Item",
    "NotCopied",
    "Outcome",
    "Traits",
]

COPIED, EQUAL, DIFFERS, FAILED, UNKNOWN = "copied", "equal", "differs", "failed", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One object or file to be copied."""

    name: str
    """Below the source's prefix, '/' between; bytes of a file's name that are no text are escaped as surrogates."""
    uri: str
    size: int
    etag: str
    """The version that is to be copied, and no other."""
    modified: float = 0.0
    """Seconds since 1970; 0 when it is not known."""
    md5: bytes | None = None
    """Shape (16,): where the listing tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What goes with the bytes."""

    content_type: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    md5: bytes | None = None
    """Shape (16,): as the store keeps it, where it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The bytes of an object, or a file that has them."""

    data: bytes | Path
    md5: bytes
    """Shape (16,): of these bytes."""
    holds: Callable[[], bool] = lambda: True
    """Whether a file still is what it was when its digest was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one object."""

    item: Item
    state: str
    """``copied``, ``equal`` (was there already), ``differs`` (another one is there) or ``failed``; in a dry run
    ``copied`` means that it would be, and ``unknown`` that only reading both would tell."""
    etag: str = ""
    """Of the copy."""
    md5: bytes | None = None
    how: str = ""
    """``server`` or ``here``: where the bytes went."""
    reason: str = ""


class NotCopied(ImgsieveError):
    """One object cannot be copied; the others can."""


class Conflict(ImgsieveError):
    """What is at the destination, or the source itself, is not the version that was expected."""
