"""A file of figures for a monitoring system, kept up to date while a run works."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imgsieve.errors import ConfigError
from imgsieve.metrics import RunMetrics
from imgsieve.runs import Event, Listener

__all__ = ["MetricsFile", "kept_figures"]

_PAUSE_SECONDS = 15.0
"""Between two versions of the file: as often as most systems ask."""


class MetricsFile:
    """Writes the figures of a run when a stage ends, and now and then in between.

    Parameters
    ----------
    path
        The file; each version is whole.
    complain
        Told once when the file can no longer be written, which ends no run.
    clock
        Seconds, from any moment on.

    Raises
    ------
    ConfigError
        The file cannot be written, or the library is not installed.
    """

    def __init__(
        self, path: Path, complain: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.metrics = RunMetrics(clock)
        self._path = path
        self._complain: Callable[[str], None] | None = complain
        self._clock = clock
        self._next = clock() + _PAUSE_SECONDS
        try:
            self.metrics.write(path)
        except OSError as error:
            raise ConfigError(f"--metrics-file {path} cannot be written: {error.strerror}") from error

    def __call__(self, event: Event) -> None:
        """Take note of the progress of the run, and write when it is time."""
        self.metrics(event)
        if event.finished or self._clock() >= self._next:
            self.write()

    def write(self) -> None:
        """Write the figures as they are now."""
        self._next = self._clock() + _PAUSE_SECONDS
        try:
            self.metrics.write(self._path)
        except OSError as error:
            if self._complain is not None:
                self._complain(f"--metrics-file {self._path} cannot be written: {error.strerror}; the run goes on")
            self._complain = None


@contextmanager
def kept_figures(
    path: Path | None, listener: Listener, complain: Callable[[str], None]
) -> Iterator[tuple[Listener, Callable[[Mapping[str, Any]], None]]]:
    """Give a listener that also keeps a file of figures, if there is to be one, and what takes the summary at the end.

    However the run ends, the file tells that it no longer works.
    """
    if path is None:
        yield listener, lambda _: None
        return
    file = MetricsFile(path, complain)

    def both(event: Event) -> None:
        file(event)
        listener(event)

    try:
        with file.metrics.watching():
            yield both, file.metrics.finish
    finally:
        file.write()
