"""What a run tells while it works, and what it measures of itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from imgsieve.memory import peak_resident_bytes, resident_bytes

__all__ = ["Event", "Listener", "Monitor", "StageReport"]

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


Listener = Callable[[Event], None]


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
    def stage(self, name: str, title: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Time a stage; the function it gives is called with the number of items done."""
        report = StageReport(name, title)
        self.stages.append(report)
        self._current = report
        wall, cpu, highest = time.perf_counter(), time.process_time(), peak_resident_bytes()
        self._tell(report, total, finished=False)

        def done(count: int) -> None:
            report.items = count
            self._tell(report, total, finished=False)

        try:
            yield done
            self._tell(report, total, finished=True)
        finally:
            report.seconds, report.cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
            # What the system counted misses nothing between two samples, but knows only the most since the start.
            now = peak_resident_bytes()
            self._note(now if now > highest else resident_bytes())
            self._current = None

    def _tell(self, report: StageReport, total: int | None, *, finished: bool) -> None:
        """Pass an event on."""
        if self.listener is not None:
            self.listener(
                Event(stage=report.name, title=report.title, done=report.items, total=total, finished=finished)
            )
