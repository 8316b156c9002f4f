"""Admission by bytes: work waits until its memory fits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from imgsieve.errors import DecodeError, MemoryBudgetError
from imgsieve.memory.text import megabytes

__all__ = ["ByteGate"]


class ByteGate:
    """Lets work in while its bytes fit under a limit; the rest waits.

    Parameters
    ----------
    limit
        Bytes that may be inside at one time.
    name
        What the bytes are, for messages.
    """

    def __init__(self, limit: int, name: str) -> None:
        self.limit = limit
        self._planned = limit
        self._name = name
        self._inside = 0
        self._changed = threading.Condition()

    def narrow(self, limit: int) -> None:
        """Let in fewer bytes from now on; while nothing is inside."""
        self.limit = min(self.limit, limit)

    @contextmanager
    def admit(self, size: int) -> Iterator[None]:
        """Hold ``size`` bytes, waiting until they fit.

        Raises
        ------
        DecodeError
            ``too-large-for-memory``: they would not fit even alone.
        MemoryBudgetError
            They did fit before the gate was narrowed; were they refused alone, the result would depend on the budget.
        """
        if self.limit < size <= self._planned:
            raise MemoryBudgetError(
                f"--memory cannot be kept any longer: a picture needs {megabytes(size)} for its {self._name}, and "
                f"{megabytes(self.limit)} are left beside the pairs of this run; what is done so far is kept: the same "
                "command with a larger --memory goes on from here"
            )
        if size > self.limit:
            raise DecodeError(
                "too-large-for-memory",
                f"needs {megabytes(size)} for its {self._name}; the memory budget leaves {megabytes(self.limit)}: "
                "run again with a larger --memory",
            )
        with self._changed:
            self._changed.wait_for(lambda: self._inside + size <= self.limit)
            self._inside += size
        try:
            yield
        finally:
            self.leave(size)

    def try_enter(self, size: int) -> bool:
        """Hold ``size`` bytes if they fit now, until `leave`; say whether they did."""
        with self._changed:
            if self._inside + size > self.limit:
                return False
            self._inside += size
            return True

    def leave(self, size: int) -> None:
        """Give back bytes that were held."""
        with self._changed:
            self._inside -= size
            self._changed.notify_all()
