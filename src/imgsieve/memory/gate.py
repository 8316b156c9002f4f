"""Admission by bytes: work waits until its memory fits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from imgsieve.errors import DecodeError
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
        self._name = name
        self._inside = 0
        self._changed = threading.Condition()

    @contextmanager
    def admit(self, size: int) -> Iterator[None]:
        """Hold ``size`` bytes, waiting until they fit.

        Raises
        ------
        DecodeError
            ``too-large-for-memory``: they would not fit even alone.
        """
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
