"""Tasks of the searches, block against block: what one process needs is in the task, what it finds is returned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imgsieve.search.hamming import Pairs, join, self_join
from imgsieve.search.nearest import Nearest
from imgsieve.search.partition import BITS, Partition
from imgsieve.search.tables import Tables, search

__all__ = ["Ask", "Asked", "Found", "Join", "Joined"]

Found = Pairs
"""Rows of the one block, rows of the other, and distances in bits."""

_NEAREST = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16], NDArray[np.int8]]


class Codes(Protocol):
    """Codes that are brought to where they are needed."""

    @property
    def value(self) -> NDArray[np.uint8]:
        """They; not to be written."""
        ...


@dataclass(frozen=True)
class Joined:
    """Two blocks to be joined, by their numbers; or one with itself."""

    one: int
    other: int
    codes: Codes
    """Shape (n, 32)."""
    other_codes: Codes
    """Shape (m, 32)."""


@dataclass(frozen=True)
class Join:
    """Finds every pair of codes of two blocks within a radius."""

    radius: int
    partition: Partition | None
    """The substrings for all codes together; see `imgsieve.search.hamming.self_join`."""

    def title_of(self, task: Joined) -> str:
        """Return what people call a task."""
        return f"wavelet: block {task.one} joined with {task.other}"

    def __call__(self, task: Joined) -> Found:
        """Return the pairs; of one block with itself each once."""
        found: list[Pairs] = []
        codes = task.codes.value
        if task.one == task.other:
            self_join(codes, self.radius, found.append, partition=self.partition)
        else:
            join(codes, task.other_codes.value, self.radius, found.append, partition=self.partition)
        return _together(found)


@dataclass(frozen=True)
class Asked:
    """A block of pictures that ask and a block of codes that are searched, by their numbers."""

    one: int
    other: int
    queries: Codes
    """Shape (k, n, 32): k codes of each of n pictures."""
    own: NDArray[np.int32]
    """Shape (n,): the row of each picture itself among the codes, -1 where it has none."""
    codes: Codes
    """Shape (m, 32)."""


@dataclass(frozen=True)
class Ask:
    """Finds the nearest codes of pictures in one block."""

    tables: Tables
    """Those for all blocks together."""
    neighbors: int
    radius: int
    exact: Join | None
    """Finds all that is near to any but the first of a picture's codes; None for no such join."""

    def title_of(self, task: Asked) -> str:
        """Return what people call a task."""
        return f"wavelet: block {task.one} asks {task.other}"

    def __call__(self, task: Asked) -> tuple[_NEAREST, Found]:
        """Return the nearest, as `Nearest.pairs`, and what the exact join finds: rows of codes but the first."""
        queries, codes = task.queries.value, task.codes.value
        found: list[Pairs] = []
        if self.exact is not None:
            turned = queries[1:].reshape(-1, BITS // 8)
            join(turned, codes, self.exact.radius, found.append, partition=self.exact.partition)
        nearest = Nearest(queries.shape[1], self.neighbors, self.radius)
        # The loop is compiled for an array that may be written.
        search(queries, task.own.copy(), codes, self.tables, nearest)
        return nearest.pairs(), _together(found)


def _together(found: list[Pairs]) -> Found:
    """Put pairs that came in pieces together."""
    if not found:
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int16)
    rows, columns, bits = zip(*found, strict=True)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(bits)
