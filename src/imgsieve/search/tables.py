"""The wide search: nearest codes far beyond the reach of an exact join, by inverted files of random substrings.

A table is an inverted file: the codes in the order of a key, which is a few bits drawn at random. A query is compared
with the codes that share its key in one table or another. Two codes d bits apart share a key of b bits with the
probability p = C(256 - d, b) / C(256, b), so that t tables bring them together with 1 - (1 - p)^t, whatever the codes
are like, as it is the draw that is random. This is locality-sensitive hashing by bit sampling (P. Indyk and R. Motwani,
STOC 1998, doi:10.1145/276698.276876); bits are dealt out in rounds without repetition, which raises the recall a
little.

With one table of no bits all codes are compared, and nothing is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.search.buckets import Side, Spread, side_of
from imgsieve.search.nearest import Nearest
from imgsieve.search.partition import BITS, Partition
from imgsieve.search.words import count_near_each, write_distances

__all__ = ["Tables", "search", "tables_for"]

_SEED = 20_260_101
_BUCKET = 192
"""Codes that share a key, on average: comparing them takes a few times as long as coming to them."""

_MOST_BITS = 16
_TILE = 1024
"""Codes compared with all queries of their key before the next ones: 32 KB."""

_CHUNK = 1 << 15
"""Queries of a task at most, and codes but for those of a single key."""

_LEAST_CHUNK, _TASKS = 1 << 11, 16
"""Where there are fewer queries, they make about 16 tasks, but no smaller ones than this."""

_BATCH = 64
"""Queries that are looked at together."""

_ROOM = 1 << 16
"""Neighbors that a task holds before it hands them on; more than a batch can find in a tile."""


@dataclass(frozen=True)
class Tables:
    """Which bits make the keys."""

    positions: NDArray[np.int64]
    """Shape (t, b)."""

    def recall(self, distance_bits: int) -> float:
        """Return the share of the pairs this far apart that share a key, in expectation."""
        count, bits = self.positions.shape
        return float(1 - (1 - comb(BITS - distance_bits, bits) / comb(BITS, bits)) ** count)


def tables_for(codes: int, count: int, exact_up_to: int) -> Tables:
    """Choose the tables for a number of codes.

    Parameters
    ----------
    codes
        How many are searched.
    count
        How many tables there are. The work for a query is proportional, and does not depend on the number of codes.
    exact_up_to
        With no more codes than this, all are compared.
    """
    if codes <= exact_up_to:
        return Tables(np.zeros((1, 0), np.int64))
    bits = min(max(round(float(np.log2(codes / _BUCKET))), 1), _MOST_BITS)
    draw = np.random.default_rng(_SEED)
    each = BITS // bits
    rounds = [draw.permutation(BITS)[: each * bits].reshape(each, bits) for _ in range(-(-count // each))]
    return Tables(np.concatenate(rounds)[:count].astype(np.int64))


def search(
    queries: NDArray[np.uint8],
    own: NDArray[np.int32],
    codes: NDArray[np.uint8],
    tables: Tables,
    nearest: Nearest,
    spread: Spread = map,
) -> None:
    """Find the nearest codes of pictures, each of which has several codes of its own.

    Parameters
    ----------
    queries
        Shape (k, m, 32), uint8: k codes of each of m pictures.
    own
        Shape (m,), int32: the row of each picture itself, which is no neighbor; -1 where it has none.
    codes
        Shape (n, 32), uint8: what is searched.
    tables
        The result of `tables_for`.
    nearest
        Takes what is found, for m pictures.
    spread
        Carries out the tasks.
    """
    flat = np.ascontiguousarray(queries).reshape(-1, BITS // 8)
    if not len(flat) or not len(codes):
        return
    for positions in tables.positions:
        keys = Partition(positions[None], 0)
        work = _Table(side_of(flat, keys, 0, spread), side_of(codes, keys, 0, spread), own, nearest)
        for _ in spread(work.scan, work.tasks()):
            pass


@dataclass(frozen=True)
class _Task:
    """A range of keys, and some of its queries."""

    low: int
    high: int
    begin: int
    end: int


@dataclass(frozen=True)
class _Table:
    """The work of one table."""

    queries: Side
    codes: Side
    own: NDArray[np.int32]
    nearest: Nearest

    def tasks(self) -> Iterator[_Task]:
        """Yield ranges of keys with a bounded number of queries each, and parts of the queries of one key."""
        queries, codes = self.queries.starts, self.codes.starts
        chunk = min(_CHUNK, max(_LEAST_CHUNK, int(queries[-1]) // _TASKS))
        low = 0
        while low < len(queries) - 1:
            high = min(
                np.searchsorted(queries, queries[low] + chunk, side="right"),
                np.searchsorted(codes, codes[low] + _CHUNK, side="right"),
            )
            high = max(low + 1, int(high) - 1)
            for begin in range(int(queries[low]), int(queries[high]), chunk):
                yield _Task(low, high, begin, min(begin + chunk, int(queries[high])))
            low = high

    def scan(self, task: _Task) -> None:
        """Compare the queries of a task with the codes of their keys."""
        codes, rows, starts = self.codes.range(task.low, task.high)
        if not len(rows):
            return
        queries, numbers = self.queries.chosen(task.begin, task.end)
        begins = np.clip(self.queries.starts[task.low : task.high + 1], task.begin, task.end) - task.begin
        state = np.zeros(3, np.int64)
        pictures, found_rows = np.empty(_ROOM, np.int32), np.empty(_ROOM, np.int32)
        bits, kinds = np.empty(_ROOM, np.int16), np.empty(_ROOM, np.int8)
        while state[0] < len(starts) - 1:
            found = _scan(
                queries,
                numbers,
                begins,
                codes,
                rows,
                starts,
                self.own,
                self.nearest.limits,
                state,
                pictures,
                found_rows,
                bits,
                kinds,
            )
            self.nearest.offer(pictures[:found], found_rows[:found], bits[:found], kinds[:found])


@njit(nogil=True, cache=True)
def _scan(
    queries: NDArray[np.uint64],
    numbers: NDArray[np.int32],
    query_starts: NDArray[np.int64],
    codes: NDArray[np.uint64],
    rows: NDArray[np.int32],
    starts: NDArray[np.int64],
    own: NDArray[np.int32],
    limits: NDArray[np.int16],
    state: NDArray[np.int64],
    out_pictures: NDArray[np.int32],
    out_rows: NDArray[np.int32],
    out_bits: NDArray[np.int16],
    out_kinds: NDArray[np.int8],
) -> int:
    """Compare queries with the codes of their keys; write what is near while there is room, and return how many.

    ``state`` tells where to go on: the key, the first code of a tile, and the first query of a batch, both counted
    within the key. A batch may be gone over again after a stop, which does no harm.
    """
    found = 0
    keys = starts.size - 1
    pictures, counts = np.empty(_BATCH, np.int32), np.empty(_BATCH, np.int64)
    farthest, apart = np.empty(_BATCH, np.int64), np.empty(_TILE, np.int32)
    while state[0] < keys:
        key = state[0]
        while starts[key] + state[1] < starts[key + 1]:
            begin = starts[key] + state[1]
            end = min(begin + _TILE, starts[key + 1])
            while query_starts[key] + state[2] < query_starts[key + 1]:
                first = query_starts[key] + state[2]
                count = min(_BATCH, query_starts[key + 1] - first)
                for i in range(count):
                    pictures[i] = numbers[first + i] % own.size
                    farthest[i] = limits[pictures[i]]
                count_near_each(queries, first, codes, begin, end, farthest[:count], counts[:count])
                for i in range(count):
                    if counts[i] == 0:
                        continue
                    if found + counts[i] > out_rows.size:
                        return found
                    write_distances(queries, first + i, codes, begin, end, apart)
                    for j in range(end - begin):
                        if apart[j] <= farthest[i] and rows[begin + j] != own[pictures[i]]:
                            out_pictures[found], out_rows[found] = pictures[i], rows[begin + j]
                            out_bits[found], out_kinds[found] = apart[j], numbers[first + i] // own.size
                            found += 1
                state[2] += _BATCH
            state[2] = 0
            state[1] += _TILE
        state[1] = 0
        state[0] += 1
    return found
