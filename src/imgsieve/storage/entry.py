"""What a source lists, and what every source can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Entry", "Source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One listed file."""

    uri: str
    """Its identity: a URL in which every odd byte is percent-encoded."""
    file: str
    """Its path within its source, '/' between; bytes that are not UTF-8 are shown as ``\\xNN``."""
    size: int
    etag: str
    """Names the version: changes when the content does."""
    modified: float = 0.0
    """Last change, in seconds since 1970; 0 when it is not known."""


class Source(Protocol):
    """A place that pictures are read from."""

    uri: str
    """URL of the place itself, without secrets and without a slash at its end."""
    identity: str
    """The same for all spellings of one place; ends in a slash."""
    remote: bool
    """Whether reading goes over a network, so that it is worth to read ahead and to keep what was read."""
    passed_over: int
    """Links and special files that were met while listing and not listed."""
    unreadable: list[str]
    """Folders that could not be listed, each with the reason."""

    def entries(self) -> Iterator[Entry]:
        """List all files, in the order of their paths."""
        ...

    def fetch(self, uri: str, size: int, etag: str, *, wanted: SniffTest, first: int | None = None) -> bytes:
        """Read a file of the given size whole, or its ``first`` bytes, if it is still the version that was listed.

        ``wanted`` sees the first bytes of a file and its name; where it says no, the rest is not read.

        Raises
        ------
        FetchError
            The file cannot be read, or is another version.
        SourceError
            Nothing of the whole place can be read any more.
        DecodeError
            ``not-an-image``: ``wanted`` said no.
        """
        ...


class SniffTest(Protocol):
    """Says from its first bytes and name whether a file may be a picture."""

    def __call__(self, first_bytes: bytes, name: str, /) -> bool:
        """Return whether the rest is worth reading."""
        ...
