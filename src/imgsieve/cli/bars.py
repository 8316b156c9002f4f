"""One bar a stage on a terminal: how much is done, how fast, and how long it will still take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.text import Text

from imgsieve.runs.progress import Event

__all__ = ["Bars", "open_bars"]


class _Count(ProgressColumn):
    """How many of how many."""

    def render(self, task: Task) -> Text:
        """Return the text of one bar."""
        done = int(task.fields["done"])
        unknown = task.total is None or task.finished
        return Text(f"{done:,}" if unknown else f"{done:,}/{int(task.total or 0):,}", justify="right")


class _Pace(ProgressColumn):
    """Items a second and the time left; the time taken once a stage is over."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping = False

    def render(self, task: Task) -> Text:
        """Return the text of one bar."""
        if task.finished:
            return Text(_clock(task.finished_time or 0.0), style="dim")
        if self.stopping:
            return Text("stopping; Ctrl-C once more ends it at once", style="yellow")
        rate = f"{task.speed:,.0f}/s" if task.speed else _clock(task.elapsed or 0.0)
        left = f"{_clock(task.time_remaining)} left" if task.time_remaining else ""
        return Text("  ".join(filter(None, (rate, left))), style="cyan")


def _clock(seconds: float) -> str:
    """Return a duration as a clock shows it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


class Bars:
    """Shows each stage as a bar of its own.

    Parameters
    ----------
    progress
        Where the bars are drawn.
    pace
        Its column that tells of stopping.
    """

    def __init__(self, progress: Progress, pace: _Pace) -> None:
        self._progress = progress
        self._pace = pace
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        """Move the bar of a stage."""
        if event.stage not in self._tasks:
            self._tasks[event.stage] = self._progress.add_task(event.title, total=event.total, done=0)
        # A stage that had nothing to do, or not all that was foreseen, is complete all the same.
        total = max(event.done, 1) if event.finished else event.total
        completed = total if event.finished else event.done
        self._progress.update(self._tasks[event.stage], completed=completed, total=total, done=event.done)

    def stopping(self) -> None:
        """Say that the run was asked to stop; the next redraw shows it."""
        self._pace.stopping = True


@contextmanager
def open_bars() -> Iterator[Bars]:
    """Draw bars on standard error until the context ends."""
    pace = _Pace()
    title = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(finished_text="✓"), title, BarColumn(24), _Count(), pace)
    console = Console(stderr=True)
    with Progress(*columns, console=console, refresh_per_second=8) as progress:
        yield Bars(progress, pace)
    console.print()
