"""What places hold: how much, of which kinds, how old. Listed and counted, nothing is read."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from imgsieve.config import NetworkConfig, SourceConfig
from imgsieve.imaging.sniffing import has_picture_name
from imgsieve.runs import Event, Listener
from imgsieve.runs.manifest import entries_of
from imgsieve.storage import Entry, ListingFilter, Source, Traffic, open_source

__all__ = ["Survey", "Tally", "survey"]

_LONGEST_ENDING = 10
_MOST_KINDS = 4096
_STEP = 500
NO_ENDING, OTHER = "(none)", "(other)"


@dataclass(slots=True)
class Tally:
    """Files and their bytes."""

    files: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        """Count one file."""
        self.files += 1
        self.bytes += size


@dataclass(kw_only=True)
class Survey:
    """What was found."""

    sources: list[str]
    """Without secrets."""
    total: Tally = field(default_factory=Tally)
    pictures: Tally = field(default_factory=Tally)
    """Files that look like pictures by their names."""
    kinds: dict[str, Tally] = field(default_factory=dict)
    """By the ending of the name, in lower case, with its dot; ``(none)``, and ``(other)`` for very long endings and for
    those beyond some thousands."""
    oldest: float | None = None
    """Seconds since 1970; None where no file tells."""
    newest: float | None = None
    passed_over: int = 0
    """Links and special files."""
    unreadable: list[str] = field(default_factory=list)
    """Folders that could not be listed, each with the reason."""
    requests: int = 0
    """To stores beyond this machine."""
    seconds: float = 0.0

    def add(self, entry: Entry) -> None:
        """Count one file."""
        self.total.add(entry.size)
        if has_picture_name(entry.file):
            self.pictures.add(entry.size)
        kind = ending_of(entry.file)
        if kind not in self.kinds and len(self.kinds) >= _MOST_KINDS:
            kind = OTHER
        self.kinds.setdefault(kind, Tally()).add(entry.size)
        if entry.modified:
            self.oldest = min(entry.modified, entry.modified if self.oldest is None else self.oldest)
            self.newest = max(entry.modified, entry.modified if self.newest is None else self.newest)

    def ranked(self) -> list[tuple[str, Tally]]:
        """Return the kinds, the most frequent first."""
        return sorted(self.kinds.items(), key=lambda kind: (-kind[1].files, kind[0]))

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, fit for JSON."""
        return {
            "sources": self.sources,
            "files": self.total.files,
            "bytes": self.total.bytes,
            "pictures": {"files": self.pictures.files, "bytes": self.pictures.bytes},
            "kinds": [{"kind": kind, "files": tally.files, "bytes": tally.bytes} for kind, tally in self.ranked()],
            "oldest": _moment(self.oldest),
            "newest": _moment(self.newest),
            "links_not_followed": self.passed_over,
            "folders_not_read": self.unreadable,
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
        }


def ending_of(file: str) -> str:
    """Return the ending of a name, in lower case.

    Examples
    --------
    >>> ending_of("a.b/cat.JPG"), ending_of("a.b/cat"), ending_of(".hidden"), ending_of("x.from-the-year-2019")
    ('.jpg', '(none)', '(none)', '(other)')
    """
    stem, dot, ending = file.rpartition("/")[2].rpartition(".")
    if not dot or not stem or not ending:
        return NO_ENDING
    return f".{ending.lower()}" if len(ending) <= _LONGEST_ENDING else OTHER


def survey(
    places: Sequence[str], config: SourceConfig, network: NetworkConfig | None = None, listener: Listener | None = None
) -> Survey:
    """List places and count what is there; a file that two of them reach counts once.

    Raises
    ------
    ConfigError
        A filter cannot be read.
    SourceError
        A place cannot be listed.
    """
    began = time.monotonic()
    filters = ListingFilter.of(config)
    with Traffic(network or NetworkConfig()).open() as traffic:
        traffic.for_stage("list")
        opened = [open_source(place, filters, traffic) for place in dict.fromkeys(places)]
        opened.sort(key=lambda source: source.uri)
        found = Survey(sources=[source.uri for source in opened])
        for entry in _told(entries_of(opened), listener):
            found.add(entry)
        _add_losses(found, opened)
        found.requests = traffic.as_dict()["list"]["lists"]
    found.seconds = time.monotonic() - began
    return found


def _told(entries: Iterator[Entry], listener: Listener | None) -> Iterator[Entry]:
    """Pass entries on, telling how many there were."""
    count = 0
    for count, entry in enumerate(entries, 1):
        yield entry
        if listener is not None and count % _STEP == 0:
            listener(_event(count))
    if listener is not None:
        listener(_event(count, finished=True))


def _event(count: int, *, finished: bool = False) -> Event:
    """Return how far the listing is."""
    return Event(stage="list", title="Listing", done=count, total=None, finished=finished)


def _add_losses(found: Survey, sources: Sequence[Source]) -> None:
    """Add what could not be listed."""
    found.passed_over = sum(source.passed_over for source in sources)
    found.unreadable = [text for source in sources for text in source.unreadable]


def _moment(seconds: float | None) -> str | None:
    """Return a moment in ISO 8601, in UTC."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        # A file system can hold moments that no calendar has.
        return None
