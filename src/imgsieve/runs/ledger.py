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
        self._loaded = self._freed = self._peak = 0
        # An object may be destroyed at any moment, also while this thread holds the lock; so its end is only noted.
        self._ended: deque[int] = deque()

    def follow(self, holder: object, images: int) -> None:
        """Count the features of so many images that an object holds; it must be one that can be referenced weakly."""
        weakref.finalize(holder, self._ended.append, images).atexit = False
        with self._changing:
            self._settle()
            self._loaded += images
            self._peak = max(self._peak, self._loaded - self._freed)

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
    def most_at_once(self) -> int:
        """The most features that were in memory at one time."""
        return self._peak

    def _settle(self) -> None:
        """Take in what ended. The lock is held."""
        while self._ended:
            self._freed += self._ended.popleft()
