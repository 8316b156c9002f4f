"""What Ray says of lost workers and nodes, kept out of standard output, which belongs to results."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any

__all__ = ["hear_news", "let_news_be"]

_LOG = logging.getLogger("imgsieve")

_LISTENER = "ray_listen_error_messages"
"""The thread of this process by which Ray says it."""


class _Output:
    """Standard output of all threads but Ray's."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write, or log the first line of what Ray says."""
        if threading.current_thread().name != _LISTENER:
            return int(self.stream.write(text))
        if text.strip():
            _LOG.info("Ray: %s", text.strip().splitlines()[0])
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def hear_news() -> None:
    """Log from now on what Ray would write to standard output."""
    if not isinstance(sys.stdout, _Output):
        sys.stdout = _Output(sys.stdout)


def let_news_be() -> None:
    """Leave standard output to all again."""
    if isinstance(sys.stdout, _Output):
        sys.stdout = sys.stdout.stream
