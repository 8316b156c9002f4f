"""Copying a folder, container or bucket to another place: streamed, checked, journaled, resumable."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imgsieve.actions.crew import Crew
from imgsieve.actions.folder_target import FolderTarget
from imgsieve.actions.items import DIFFERS, FAILED, Item, Outcome
from imgsieve.actions.journal import Journal
from imgsieve.actions.keepers import Keepers, open_keepers
from imgsieve.actions.origins import FolderOrigin, Origin, StoreOrigin
from imgsieve.actions.targets import StoreTarget, Target
from imgsieve.actions.transfer import Transfer
from imgsieve.config import NetworkConfig, SourceConfig, digest_of
from imgsieve.errors import ConfigError, SourceError
from imgsieve.runs import Event, Listener
from imgsieve.storage import ListingFilter, Traffic, open_store, parse_address, uri_of

__all__ = ["CopyJob", "CopyReport", "copy_all"]

_MOST_REASONS = 10
JOURNALED = "journaled"


@dataclass(frozen=True, kw_only=True)
class CopyJob:
    """What is to be copied, and how."""

    source: str
    destination: str
    filters: SourceConfig = field(default_factory=SourceConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    run: str | None = None
    """A run folder, by its path or URL, of which only the keepers are copied."""
    with_failed: bool = False
    """Whether images that failed in that run are copied as well."""
    overwrite: bool = False
    """Whether objects that are there and differ are replaced."""
    dry_run: bool = False
    """Whether to tell only what would be done."""
    journal: Path | None = None
    """None for a file in the current folder, named after the two places."""
    threads: int = 32
    """Objects at one time."""


@dataclass(kw_only=True)
class CopyReport:
    """What was done."""

    source: str
    destination: str
    dry_run: bool
    journal: Path
    counts: dict[str, int] = field(default_factory=dict)
    """Objects by what became of them: the states of `imgsieve.actions.items.Outcome`, and ``journaled`` for those
    that an earlier attempt has done."""
    bytes: dict[str, int] = field(default_factory=dict)
    """Their bytes."""
    by_server: int = 0
    """Objects that never passed through this machine."""
    failures: list[tuple[str, str]] = field(default_factory=list)
    """Names and reasons of the first that failed."""
    failed_in_run: int = 0
    """Images that failed in the run and were left out for it."""
    outside: int = 0
    """Images that the run keeps and that lie outside of the source."""
    unreadable: list[str] = field(default_factory=list)
    """Folders that could not be listed, each with the reason."""
    requests: dict[str, Any] = field(default_factory=dict)
    """What was asked of stores."""
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """All objects that were looked at."""
        return sum(self.counts.values())

    @property
    def failed(self) -> int:
        """Objects that are not at the destination as they are at the source."""
        return self.counts.get(FAILED, 0) + self.counts.get(DIFFERS, 0)

    def add(self, state: str, size: int) -> None:
        """Count one object."""
        self.counts[state] = self.counts.get(state, 0) + 1
        self.bytes[state] = self.bytes.get(state, 0) + size


def copy_all(job: CopyJob, listener: Listener | None = None) -> CopyReport:
    """Copy all that a job asks for. What an earlier attempt has done is not done again.

    Raises
    ------
    ConfigError
        The two places overlap, or the journal cannot be used.
    RunFolderError
        The run that keepers are taken from is missing, damaged or not finished.
    SourceError
        A place cannot be read or written at all.
    """
    traffic = Traffic(job.network)
    traffic.for_stage("copy")
    filters = ListingFilter.of(job.filters)
    origin, target = _origin(job.source, filters, traffic), _target(job.destination, traffic)
    _refuse_overlap(origin, target)
    path = job.journal or Path(f"imgsieve-copy-{digest_of([origin.identity, target.identity])}.jsonl")
    report = CopyReport(source=origin.uri, destination=target.uri, dry_run=job.dry_run, journal=path)
    began = time.monotonic()
    with _keepers(job) as keepers, Journal(path, origin.uri, target.uri, read_only=job.dry_run) as journal:
        work = _Work(report, journal, listener)
        transfer = Transfer(origin, target, overwrite=job.overwrite, dry_run=job.dry_run)
        # The stores' waits end before the threads are waited for.
        with Crew(transfer, work.take, job.threads) as crew, traffic.open():
            for item in keepers.items(origin, filters) if keepers else _listed(origin, path):
                if journal.has(item):
                    work.passed(item)
                else:
                    crew.give(item)
            crew.finish()
    work.end()
    report.seconds = time.monotonic() - began
    report.requests = traffic.as_dict()["copy"]
    report.unreadable = origin.unreadable()
    if keepers:
        report.failed_in_run, report.outside = keepers.failed, keepers.elsewhere
    elif not report.total:
        raise SourceError(f"there are no files in {origin.uri} (check --include and --exclude)")
    return report


def _keepers(job: CopyJob) -> AbstractContextManager[Keepers | None]:
    """Open the run that keepers are taken from, if there is one."""
    if job.run is None:
        return nullcontext()
    return open_keepers(job.run, job.network, with_failed=job.with_failed)


def _origin(place: str, filters: ListingFilter, traffic: Traffic) -> Origin:
    """Open the place that is copied from."""
    address = parse_address(place)
    if address.path is not None:
        return FolderOrigin(address.path, filters)
    return StoreOrigin(open_store(address, traffic), address, filters)


def _target(place: str, traffic: Traffic) -> Target:
    """Open the place that is copied to."""
    address = parse_address(place)
    if address.path is not None:
        return FolderTarget(address.path)
    return StoreTarget(open_store(address, traffic), address)


def _refuse_overlap(origin: Origin, target: Target) -> None:
    """Refuse places of which one lies in the other: what is copied would be listed again."""
    if origin.identity.startswith(target.identity) or target.identity.startswith(origin.identity):
        raise ConfigError(f"{origin.uri} and {target.uri} overlap; name a destination that lies apart from the source")


def _listed(origin: Origin, journal: Path) -> Iterator[Item]:
    """List the source; the journal itself may lie in it and is left out."""
    own = uri_of(os.fsencode(journal.resolve()))
    return (item for item in origin.items() if item.uri != own)


class _Work:
    """Takes what became of objects: into the journal, the report and the display."""

    def __init__(self, report: CopyReport, journal: Journal, listener: Listener | None) -> None:
        self._report = report
        self._journal = journal
        self._listener = listener
        self._tell(finished=False)

    def take(self, outcome: Outcome) -> None:
        """Note what became of an object."""
        self._journal.write(outcome)
        report = self._report
        report.add(outcome.state, outcome.item.size)
        report.by_server += outcome.how == "server"
        if outcome.state in (FAILED, DIFFERS) and len(report.failures) < _MOST_REASONS:
            report.failures.append((outcome.item.name, outcome.reason))
        self._tell(finished=False)

    def passed(self, item: Item) -> None:
        """Note an object that an earlier attempt has done."""
        self._report.add(JOURNALED, item.size)
        self._tell(finished=False)

    def end(self) -> None:
        """Tell that all is done."""
        self._tell(finished=True)

    def _tell(self, *, finished: bool) -> None:
        """Tell how far the work is."""
        if self._listener is not None:
            title = "Comparing" if self._report.dry_run else "Copying"
            self._listener(Event(stage="copy", title=title, done=self._report.total, total=None, finished=finished))
