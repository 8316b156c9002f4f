"""Progress of a run on standard error: bars on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TextIO

from imgsieve.runs.progress import Event, Listener

__all__ = ["Display", "PlainLines", "Silence", "StageLines", "open_display", "report_stage", "write_at_once"]

_FIRST_LINE_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 300.0
_SLOW_AT_FIRST = frozenset({"prepare"})
_STOPPING = b"\nimgsieve: stopping; once more ends it at once\n"


class Display(Protocol):
    """Shows the events of a run."""

    def __call__(self, event: Event) -> None:
        """Show one event."""
        ...

    def stopping(self) -> None:
        """Say that the run was asked to stop; called from a signal handler."""
        ...


class Silence:
    """Shows nothing."""

    def __call__(self, event: Event) -> None:
        """Pass an event over."""

    def stopping(self) -> None:
        """Say that the run was asked to stop."""
        write_at_once(_STOPPING)


class StageLines:
    """Writes lines about stages, each of which takes its time.

    Parameters
    ----------
    stream
        Where the lines go. When it is gone, the run goes on in silence.
    clock
        Seconds, from any moment on.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream: TextIO | None = stream
        self._clock = clock
        self._stage = ""
        self._begin = self._next = 0.0

    def _begins(self, event: Event, now: float, pause: float) -> bool:
        """Return whether a stage begins; then its next line is due after a pause, in seconds."""
        if event.stage == self._stage:
            return False
        self._stage, self._begin, self._next = event.stage, now, now + pause
        return True

    def _write_line(self, line: str) -> None:
        """Write a line while there is somebody to read it."""
        if self._stream is None:
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except OSError:
            self._stream = None


class PlainLines(StageLines):
    """A line when a stage ends, and now and then while a long one lasts; the pauses grow."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream, clock)
        self._pause = _FIRST_LINE_SECONDS
        self._already = 0

    def __call__(self, event: Event) -> None:
        """Write a line when it is time for one."""
        now = self._clock()
        if self._begins(event, now, _FIRST_LINE_SECONDS):
            self._pause, self._already = _FIRST_LINE_SECONDS, event.done
            if event.stage in _SLOW_AT_FIRST and not event.finished:
                self._write_line(f"{event.title} (the first run on a machine compiles, which takes a minute)")
        if event.finished:
            count = f"{event.done:,} in " if event.done else ""
            self._write_line(f"{event.title}: {count}{_clock_text(now - self._begin)}")
            self._stage = ""
        elif now >= self._next:
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
            self._next = now + self._pause
            self._write_line(f"{event.title}: {_count(event)}{self._pace(event, now)}")

    def _pace(self, event: Event, now: float) -> str:
        """Say how fast a stage is and how long it will still take."""
        rate = (event.done - self._already) / max(now - self._begin, 1e-9)
        if rate <= 0:
            return ""
        left = f", {_clock_text((event.total - event.done) / rate)} left" if event.total else ""
        return f", {rate:,.1f} a second{left}"

    def stopping(self) -> None:
        """Say that the run was asked to stop."""
        write_at_once(_STOPPING)


def _count(event: Event) -> str:
    """Say how much of a stage is done."""
    if not event.total:
        return f"{event.done:,}"
    if event.done >= event.total:
        return f"{event.total:,}"
    return f"{event.done:,} of {event.total:,} ({100 * event.done // event.total} %)"


def _clock_text(seconds: float) -> str:
    """Say a duration as seconds or as a clock does."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def write_at_once(text: bytes) -> None:
    """Write to standard error without buffers, as a signal handler must."""
    with suppress(OSError):
        os.write(2, text)


@contextmanager
def open_display(*, quiet: bool) -> Iterator[Display]:
    """Choose how progress is shown: not at all, as bars, or as lines."""
    if quiet:
        yield Silence()
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from imgsieve.cli.bars import open_bars  # noqa: PLC0415 - needed on a terminal only

        with open_bars() as bars:
            yield bars
    else:
        yield PlainLines(sys.stderr)


def report_stage(display: Listener, *, finished: bool) -> None:
    """Show the writing of the report as the last stage."""
    display(Event(stage="report", title="Writing the report", done=int(finished), total=1, finished=finished))
