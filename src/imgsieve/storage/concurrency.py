"""How many requests run at one time: more while that brings more, fewer when the store asks for it.

Additive-increase, multiplicative-decrease in the manner of congestion control (Chiu and Jain 1989,
doi:10.1016/0169-7552(89)90019-6), where an increase that brings no throughput is taken back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["AdaptiveGate"]

_START = 16
_WINDOW_SECONDS = 0.3
_GAIN = 1.15
"""An increase must bring this much to stay."""
_REST_WINDOWS = 15
"""Windows without another try, after one that brought nothing."""
_REQUEST_BYTES = 32_768
"""What a request costs beside its bytes, so that throughput of small objects counts as well."""


class AdaptiveGate:
    """Lets a changing number of requests in at a time.

    Parameters
    ----------
    most
        Never more than this.
    clock
        Seconds, from any moment on.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._changed = threading.Condition()
        self._inside = 0
        self.limit = min(_START, most)
        self.highest = self.limit
        """The most that the limit has been."""
        self._before = self.limit
        self._best = 0.0
        self._rest = 0
        self._era = 0
        self._begin()

    def _begin(self) -> None:
        """Begin a window of measurement."""
        self._since = self._clock()
        self._work = 0
        self._count = 0
        self._full = False

    @contextmanager
    def slot(self) -> Iterator[int]:
        """Hold one place, waiting until one is free; gives the era, for `throttled`."""
        with self._changed:
            if self._inside >= self.limit:
                self._full = True
                self._changed.wait_for(lambda: self._inside < self.limit)
            self._inside += 1
            era = self._era
        try:
            yield era
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify()

    def succeeded(self, size: int) -> None:
        """Count an answer of ``size`` bytes; at the end of a window, think about the limit."""
        with self._changed:
            self._work += size + _REQUEST_BYTES
            self._count += 1
            elapsed = self._clock() - self._since
            if elapsed >= _WINDOW_SECONDS and self._count >= self.limit:
                self._adapt(self._work / elapsed)
                self._begin()

    @property
    def era(self) -> int:
        """How many times the limit was halved."""
        return self._era

    def throttled(self, era: int) -> None:
        """Halve the limit, once for all requests that were under way together.

        Parameters
        ----------
        era
            When the request that was refused began.
        """
        with self._changed:
            if era == self._era:
                self._era += 1
                self.limit = self._before = max(1, self.limit // 2)
                self._best, self._rest = 0.0, _REST_WINDOWS
            self._begin()

    def _adapt(self, rate: float) -> None:
        """Raise the limit while that brings throughput; a limit that nobody waits at stays."""
        if not self._full:
            return
        if self._rest > 1:
            self._rest -= 1
        elif self._rest or rate > self._best * _GAIN:
            self._rest, self._best, self._before = 0, rate, self.limit
            self._set(self.limit + max(1, self.limit // 2))
        else:
            self._rest = _REST_WINDOWS
            self._set(self._before)

    def _set(self, limit: int) -> None:
        """Change the limit and wake who may now enter."""
        self.limit = min(self._most, limit)
        self.highest = max(self.highest, self.limit)
        self._changed.notify_all()
