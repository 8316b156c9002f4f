"""Exact joins of 256-bit codes by Hamming distance, by pigeonhole, substring by substring.

For each substring the codes are put in the order of its value, their key, and only those whose keys are equal, or
differ in a few bits, are compared (see `imgsieve.search.partition`). Ranges of keys are the tasks of all cores. Nothing
is approximate: what is returned is what comparing all with all would return.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgsieve.search.buckets import Side, Spread, join_buckets, side_of
from imgsieve.search.partition import Partition, partition_for

__all__ = ["Pairs", "join", "self_join"]

Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16]]
"""Rows of the one side, rows of the other, and distances in bits."""

_RANGE_BITS = 4
"""The keys are worked on in 16 ranges,"""

_FEW = 1 << 15
"""unless there are so few codes that one task does it sooner."""

_ROOM = 1 << 16
"""Pairs that a task holds before it hands them on."""


def self_join(
    codes: NDArray[np.uint8],
    radius: int,
    emit: Callable[[Pairs], None],
    spread: Spread = map,
    partition: Partition | None = None,
) -> None:
    """Find all pairs of codes within a radius.

    Parameters
    ----------
    codes
        Shape (n, 32), uint8.
    radius
        Largest Hamming distance, in bits, 0 to 127; the time grows steeply above 31.
    emit
        Takes pairs, a bounded number at a time, each pair once, the lower row first. May be called by several threads
        at once, in no order.
    spread
        Carries out the tasks, on as many cores as it likes.
    partition
        The substrings, for joins of blocks of which all together have many more codes; of a radius that is at least
        as large. None to choose them by these codes.
    """
    _Join(codes, codes, radius, emit, spread, partition).run()


def join(
    one: NDArray[np.uint8],
    other: NDArray[np.uint8],
    radius: int,
    emit: Callable[[Pairs], None],
    spread: Spread = map,
    partition: Partition | None = None,
) -> None:
    """Find all pairs of a code of one and a code of another array within a radius; see `self_join`."""
    _Join(one, other, radius, emit, spread, partition).run()


class _Join:
    """One join."""

    def __init__(
        self,
        one: NDArray[np.uint8],
        other: NDArray[np.uint8],
        radius: int,
        emit: Callable[[Pairs], None],
        spread: Spread,
        partition: Partition | None,
    ) -> None:
        self._one, self._other = np.ascontiguousarray(one), np.ascontiguousarray(other)
        self._itself = one is other
        self._radius = radius
        self._emit = emit
        self._spread = spread
        self._partition = partition

    def run(self) -> None:
        """Go through all substrings."""
        if not len(self._one) or not len(self._other):
            return
        partition = self._partition or partition_for(self._other, self._radius)
        masks = partition.masks()
        for part in range(len(masks)):
            other = side_of(self._other, partition, part, self._spread)
            one = other if self._itself else side_of(self._one, partition, part, self._spread)
            work = _Part(one, other, self._itself, self._radius, partition.flips, masks[:part], self._emit)
            range_bits = _RANGE_BITS if len(self._one) + len(self._other) > _FEW else 0
            for _ in self._spread(work.compare, _tasks(partition, self._itself, range_bits)):
                pass


@dataclass(frozen=True)
class _Task:
    """Two ranges of keys."""

    low: int
    other_low: int
    size: int
    near_keys: NDArray[np.int64]
    """Differences within the ranges."""


def _tasks(partition: Partition, itself: bool, range_bits: int) -> Iterator[_Task]:
    """Yield all pairs of ranges whose keys may be near each other, each once."""
    low_bits = partition.bits - min(range_bits, partition.bits)
    size = 1 << low_bits
    ranges = 1 << (partition.bits - low_bits)
    for change in partition.near_keys(partition.bits - low_bits, partition.flips).tolist():
        inside = partition.near_keys(low_bits, min(partition.flips - change.bit_count(), low_bits))
        for number in range(ranges):
            if not (itself and number ^ change < number):
                yield _Task(number * size, (number ^ change) * size, size, inside)


@dataclass(frozen=True)
class _Part:
    """The work of one substring."""

    one: Side
    other: Side
    itself: bool
    radius: int
    flips: int
    earlier: NDArray[np.uint64]
    emit: Callable[[Pairs], None]

    def compare(self, task: _Task) -> None:
        """Compare two ranges and hand on what is found."""
        same = self.itself and task.low == task.other_low
        one = self.one.range(task.low, task.low + task.size)
        other = one if same else self.other.range(task.other_low, task.other_low + task.size)
        room = max(_ROOM, int(np.diff(other[2]).max(initial=0)))
        rows, columns, bits = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int16)
        state = np.zeros(3, np.int64)
        while state[0] < len(task.near_keys):
            found = join_buckets(
                one[0],
                one[2],
                other[0],
                other[2],
                task.near_keys,
                same,
                self.radius,
                self.flips,
                self.earlier,
                state,
                rows,
                columns,
                bits,
            )
            if found:
                self._hand_on(one[1][rows[:found]], other[1][columns[:found]], bits[:found].copy())

    def _hand_on(self, rows: NDArray[np.int32], columns: NDArray[np.int32], bits: NDArray[np.int16]) -> None:
        if self.itself:
            rows, columns = np.minimum(rows, columns), np.maximum(rows, columns)
        self.emit((rows, columns, bits))
