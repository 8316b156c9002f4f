"""Ctrl-C and SIGTERM: the first asks the run to stop cleanly, the second ends it at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["INTERRUPTED", "stop_on_signals"]

INTERRUPTED = 130
"""Exit code of an interrupted command."""

_SHOW_CURSOR = b"\x1b[?25h\n"


@contextmanager
def stop_on_signals(asked: Callable[[], None]) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into a `KeyboardInterrupt`; end the process at the second.

    Parameters
    ----------
    asked
        Called at the first signal, to tell the user. It must be quick and must not take locks.
    """
    count = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > 1:
            if os.isatty(2):
                os.write(2, _SHOW_CURSOR)
            os._exit(INTERRUPTED)
        asked()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
