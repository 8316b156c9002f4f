"""Freed memory is handed back to the system now and then while groups of candidates are worked through."""

from __future__ import annotations

from imgsieve.memory import return_freed_memory

__all__ = ["HandingBack"]


class HandingBack:
    """Counts groups, and hands freed memory back after every so many.

    Parameters
    ----------
    frequency
        Groups of candidates in between; 0 for never.
    """

    def __init__(self, frequency: int) -> None:
        self._frequency = frequency
        self._groups = 0

    def after(self, groups: int) -> bool:
        """Take in that so many more groups were worked through; return whether memory was handed back."""
        self._groups += groups
        if not 0 < self._frequency <= self._groups:
            return False
        self._groups = 0
        return_freed_memory()
        return True
