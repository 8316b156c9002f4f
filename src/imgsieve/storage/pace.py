"""Rates that are kept: so many requests a second, so many bytes a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Pace"]


class Pace:
    """Says how long to wait so that a rate is kept on the average of any stretch of time.

    Parameters
    ----------
    rate
        Units a second; 0 for no limit.
    clock
        Seconds, from any moment on.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._free = 0.0
        self._changing = threading.Lock()

    def take(self, units: float) -> float:
        """Take units and return the seconds to wait before they are used."""
        if self._rate <= 0:
            return 0.0
        with self._changing:
            now = self._clock()
            start = max(now, self._free)
            self._free = start + units / self._rate
        return start - now
