"""What features a run has brought into memory, and what of them is free again: both are counted, neither is assumed."""

from __future__ import annotations

import threading
import weakref
from collections import deque

__all__ = ["FeatureLedger"]


class FeatureLedger:
    """Counts features of images from when they come into memory until what holds them is gone.

    Loaded is counted when a table or an array with the rows of some images is made, freed when the interpreter destroys
    that object. An image whose features are read by three stages is counted three times. All methods may be called by
    any thread.
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._loaded = self._freed = self._bytes = self._peak_bytes = 0
        # An object may be destroyed at any moment, also while this thread holds the lock; so its end is only noted.
        self._ended: deque[tuple[int, int]] = deque()

    def follow(self, holder: object, images: int, size: int) -> None:
        """Count features until what holds them is gone.

        Parameters
        ----------
        holder
            Any object that can be referenced weakly.
        images
            Images of which it holds features.
        size
            Bytes that it takes.
        """
        weakref.finalize(holder, self._ended.append, (images, size)).atexit = False
        with self._changing:
            self._settle()
            self._loaded += images
            self._bytes += size
            self._peak_bytes = max(self._peak_bytes, self._bytes)

    @property
    def loaded(self) -> int:
        """Features that came into memory so far."""
        return self._loaded

    @property
    def freed(self) -> int:
        """Those of them that are gone from it."""
        with self._changing:
            self._settle()
            return self._freed

    @property
    def peak_bytes(self) -> int:
        """The most bytes that features took at one time."""
        return self._peak_bytes

    def _settle(self) -> None:
        """Take in what ended. The lock is held."""
        while self._ended:
            images, size = self._ended.popleft()
            self._freed += images
            self._bytes -= size
