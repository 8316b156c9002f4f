"""What a run tells while it works, and what it measures of itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from imgsieve.memory import peak_resident_bytes, resident_bytes

__all__ = ["Done", "Event", "Listener", "Monitor", "StageReport"]

_LOG = logging.getLogger("imgsieve")
_SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Progress of one stage."""

    stage: str
    """``prepare``, ``list``, ``extract``, ``wavelet``, ``color``, ``global``, ``local``, ``quality`` or ``report``."""
    title: str
    """The stage in words."""
    done: int
    total: int | None
    """None while it is not known."""
    finished: bool = False
    groups: int | None = None
    """Groups of candidates that are done, in stages that work by these: an image with those it was proposed with."""
    groups_total: int | None = None
    most: int | None = None
    """No more items than so many will be done, where the total is not known before the end."""


Listener = Callable[[Event], None]


class Done(Protocol):
    """Told how far a stage is."""

    def __call__(self, count: int, /, *, groups: int | None = None, most: int | None = None) -> None:
        """Take the number of items that are done; ``groups`` and ``most`` as in `Event`, None for no news."""
        ...


@dataclass(slots=True)
class StageReport:
    """What a stage took."""

    name: str
    title: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    items: int = 0
    peak_rss_bytes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, fit for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "items": self.items,
            "peak_rss_bytes": self.peak_rss_bytes,
        }


@dataclass
class Monitor:
    """Times stages, samples memory, and passes events on."""

    listener: Listener | None = None
    stages: list[StageReport] = field(default_factory=list)
    peak_rss_bytes: int = 0
    _current: StageReport | None = None

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Sample the resident memory of the process in the background."""
        stop = threading.Event()
        thread = threading.Thread(target=self._sample, args=(stop,), name="imgsieve-memory", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _sample(self, stop: threading.Event) -> None:
        """Note the largest resident memory, of the run and of the stage."""
        while not stop.wait(_SAMPLE_SECONDS):
            self._note(resident_bytes())

    def _note(self, rss: int) -> None:
        """Take one sample into account."""
        self.peak_rss_bytes = max(self.peak_rss_bytes, rss)
        current = self._current
        if current is not None:
            current.peak_rss_bytes = max(current.peak_rss_bytes, rss)

    @contextmanager
    def stage(self, name: str, title: str, total: int | None, groups: int | None = None) -> Iterator[Done]:
        """Time a stage; the function it gives is called with the number of items done.

        Parameters
        ----------
        total
            Number of items; None while it is not known.
        groups
            Number of groups of candidates, in a stage that works by these.
        """
        report = StageReport(name, title)
        now = Event(stage=name, title=title, done=0, total=total, groups_total=groups, groups=groups and 0)
        self.stages.append(report)
        self._current = report
        wall, cpu, highest = time.perf_counter(), time.process_time(), peak_resident_bytes()
        self._tell(now)

        def done(count: int, /, *, groups: int | None = None, most: int | None = None) -> None:
            nonlocal now
            report.items = count
            groups, most = now.groups if groups is None else groups, now.most if most is None else most
            now = replace(now, done=count, groups=groups, most=most)
            self._tell(now)

        try:
            yield done
            self._tell(replace(now, finished=True))
        finally:
            report.seconds, report.cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
            # What the system counted misses nothing between two samples, but knows only the most since the start.
            peak = peak_resident_bytes()
            self._note(peak if peak > highest else resident_bytes())
            self._current = None
            _LOG.info("%s: %d in %.1f s", title, report.items, report.seconds)

    def _tell(self, event: Event) -> None:
        """Pass an event on."""
        if self.listener is not None:
            self.listener(event)
