"""Buckets of codes that share a key, and the compiled loop that joins those whose keys are near."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.search.partition import Partition
from imgsieve.search.words import as_rows, count_near, distance, gather, ones

__all__ = ["Side", "Spread", "join_buckets", "side_of", "write_keys"]

_STEP = 1 << 14
"""Codes that a task puts in order at least,"""

_STRETCHES = 8
"""and tasks at most: each counts the codes of every key."""

Spread = Callable[[Callable[[Any], Any], Iterator[Any]], Iterator[Any]]
"""Carries out a function on tasks and returns the results in their order, as ``map`` does; several at a time or not."""


@dataclass(frozen=True)
class Side:
    """Codes with the order of their keys."""

    codes: NDArray[np.uint64]
    """Shape (n, 4), in their own order."""
    order: NDArray[np.int32]
    """Shape (n,): rows in the order of their keys, those of one key in their own order."""
    starts: NDArray[np.int64]
    """Shape (keys + 1,): where each key begins in ``order``."""

    def chosen(self, begin: int, end: int) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """Return the codes of some places of the order word by word, and their rows."""
        order = self.order[begin:end]
        gathered = np.empty((4, len(order)), np.uint64)
        gather(self.codes, order, gathered)
        return gathered, order

    def range(self, low: int, high: int) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int64]]:
        """Return the codes of a range of keys word by word, their rows, and where each key begins."""
        starts = self.starts[low : high + 1]
        gathered, order = self.chosen(int(starts[0]), int(starts[-1]))
        return gathered, order, starts - starts[0]


def side_of(codes: NDArray[np.uint8], partition: Partition, part: int, spread: Spread) -> Side:
    """Order codes of shape (n, 32) by the keys of a substring: a counting sort of which each task has a stretch."""
    table = partition.table(part)
    used = np.unique(partition.positions[part] // 8)
    keys = np.empty(len(codes), np.uint16)
    step = max(_STEP, -(-len(codes) // _STRETCHES))
    begins = range(0, len(codes), step)
    places = np.zeros((len(begins), 1 << partition.bits), np.int32)
    starts = np.empty(places.shape[1] + 1, np.int64)
    order = np.empty(len(codes), np.int32)

    def count(begin: int) -> None:
        write_keys(codes[begin : begin + step], table, used, keys[begin : begin + step], places[begin // step])

    def put_in_order(begin: int) -> None:
        _order_by_key(keys[begin : begin + step], begin, places[begin // step], order)

    for _ in spread(count, iter(begins)):
        pass
    _place_keys(places, starts)
    for _ in spread(put_in_order, iter(begins)):
        pass
    return Side(as_rows(codes), order, starts)


@njit(nogil=True, cache=True)
def write_keys(
    codes: NDArray[np.uint8],
    table: NDArray[np.uint16],
    used: NDArray[np.int64],
    out: NDArray[np.uint16],
    counts: NDArray[np.int32],
) -> None:
    """Write the key of each code, and count the codes of each key.

    Parameters
    ----------
    codes
        Shape (n, 32).
    table
        Shape (32, 256); see `imgsieve.search.partition.Partition.table`.
    used
        The bytes that have bits of the key.
    out, counts
        Shapes (n,) and (keys,); the counts are zeros at first.
    """
    for i in range(codes.shape[0]):
        key = np.uint16(0)
        for position in used:
            key += table[position, codes[i, position]]
        out[i] = key
        counts[np.int64(key)] += 1


@njit(nogil=True, cache=True)
def _place_keys(places: NDArray[np.int32], starts: NDArray[np.int64]) -> None:
    """Turn counts, shape (stretches, keys), into where each stretch puts the first code of each key.

    Where the keys begin is written to ``starts``, shape (keys + 1,).
    """
    place = np.int32(0)
    for key in range(places.shape[1]):
        starts[key] = place
        for stretch in range(places.shape[0]):
            count = places[stretch, key]
            places[stretch, key] = place
            place += count
    starts[-1] = place


@njit(nogil=True, cache=True)
def _order_by_key(keys: NDArray[np.uint16], first: int, places: NDArray[np.int32], out: NDArray[np.int32]) -> None:
    """Write the rows of a stretch, from ``first`` on, to their places, those of one key in their own order."""
    for i in range(keys.size):
        key = np.int64(keys[i])
        out[places[key]] = first + i
        places[key] += 1


@njit(nogil=True, cache=True)
def _is_first(
    one: NDArray[np.uint64], i: int, other: NDArray[np.uint64], j: int, masks: NDArray[np.uint64], flips: int
) -> bool:
    """Return whether no earlier substring has this pair as well."""
    for part in range(masks.shape[0]):
        differing = np.int64(0)
        for word in range(4):
            differing += np.int64(ones((one[word, i] ^ other[word, j]) & masks[part, word]))
        if differing <= flips:
            return False
    return True


@njit(nogil=True, cache=True)
def join_buckets(
    one: NDArray[np.uint64],
    one_starts: NDArray[np.int64],
    other: NDArray[np.uint64],
    other_starts: NDArray[np.int64],
    near_keys: NDArray[np.int64],
    itself: bool,
    radius: int,
    flips: int,
    earlier: NDArray[np.uint64],
    state: NDArray[np.int64],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    bits: NDArray[np.int16],
) -> int:
    """Compare the codes of each key with those of the keys near it; write the pairs until there is no more room.

    Parameters
    ----------
    one, other
        Shape (4, n) and (4, m): codes in the order of their keys.
    one_starts, other_starts
        Where each key begins; as many keys in both.
    near_keys
        How the key of the other code differs: numbers to combine by exclusive or.
    itself
        Whether both are the same codes, so that each pair is looked at once.
    earlier
        Shape (s, 4): bits of the substrings by which pairs were found before; those are passed over.
    state
        Shape (3,): where to go on, zeros at first; the first is ``near_keys.size`` at the end.
    rows, columns, bits
        Room for the pairs, places in ``one`` and ``other`` and distances; more than the largest bucket has codes.

    Returns
    -------
    The number of pairs written.
    """
    found = 0
    keys = one_starts.size - 1
    while state[0] < near_keys.size:
        change = near_keys[state[0]]
        while state[1] < keys:
            key = state[1]
            partner = key ^ change
            begin, end = other_starts[partner], other_starts[partner + 1]
            if begin < end and not (itself and partner < key):
                while one_starts[key] + state[2] < one_starts[key + 1]:
                    i = one_starts[key] + state[2]
                    first = i + 1 if itself and change == 0 else begin
                    if found + end - first > rows.size:
                        return found
                    query = (one[0, i], one[1, i], one[2, i], one[3, i])
                    if count_near(query, other, first, end, radius):
                        for j in range(first, end):
                            apart = distance(one, i, other, j)
                            if apart <= radius and _is_first(one, i, other, j, earlier, flips):
                                rows[found], columns[found], bits[found] = i, j, apart
                                found += 1
                    state[2] += 1
            state[2] = 0
            state[1] += 1
        state[1] = 0
        state[0] += 1
    return found
