"""Progress, ends of stages, warnings and errors as lines of JSON, for programs that watch a run."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

from imgsieve.cli.progress import StageLines, write_at_once
from imgsieve.runs.progress import Event

__all__ = ["JsonLines", "open_json_lines"]

_PAUSE_SECONDS = 1.0
"""Between two lines of progress of one stage."""

_STOPPING = b'{"kind": "stopping"}\n'


class JsonLines(StageLines, logging.Handler):
    """One JSON object a line, in plain ASCII.

    All have ``time`` (ISO 8601, UTC) and ``kind``: ``progress`` and ``stage-end`` with ``stage``, ``title``, ``done``,
    ``total`` (null while unknown) and ``seconds`` since the stage began, and ``groups`` and ``groups_total`` in stages
    that work by groups of candidates; ``warning`` and ``error`` with ``message``. Messages hold no credentials, as none
    of the program's do. Parameters are those of `imgsieve.cli.progress.StageLines`.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        StageLines.__init__(self, stream, clock)
        logging.Handler.__init__(self, logging.WARNING)

    def __call__(self, event: Event) -> None:
        """Write a line when a stage begins or ends, and now and then in between."""
        now = self._clock()
        self._begins(event, now, 0.0)
        if not event.finished and now < self._next:
            return
        self._next = now + _PAUSE_SECONDS
        kind = "stage-end" if event.finished else "progress"
        told: dict[str, Any] = {"stage": event.stage, "title": event.title, "done": event.done, "total": event.total}
        if event.groups is not None:
            told |= {"groups": event.groups, "groups_total": event.groups_total}
        self._write(kind, **told, seconds=round(now - self._begin, 3))
        if event.finished:
            self._stage = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a warning that the engine logged."""
        self._write("warning", message=record.getMessage())

    def warn(self, message: str) -> None:
        """Write a warning."""
        self._write("warning", message=message)

    def fail(self, message: str) -> None:
        """Write the error that ended the run."""
        self._write("error", message=message)

    def stopping(self) -> None:
        """Say that the run was asked to stop."""
        write_at_once(_STOPPING)

    def _write(self, kind: str, **told: Any) -> None:
        """Write what is told, with the moment and its kind."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "kind": kind, **told}
        self._write_line(json.dumps(line))


@contextmanager
def open_json_lines(stream: TextIO) -> Iterator[JsonLines]:
    """Give what writes lines, and let it hear of the engine's warnings meanwhile."""
    lines, log = JsonLines(stream), logging.getLogger("imgsieve")
    log.addHandler(lines)
    try:
        yield lines
    finally:
        log.removeHandler(lines)
