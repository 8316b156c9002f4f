"""Codes as words of 64 bits, and compiled loops that count the bits in which they differ.

The loops read codes word by word (structure of arrays), so that one instruction compares a code with several where the
processor can.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = [
    "any_near",
    "as_rows",
    "count_near",
    "count_near_each",
    "distance",
    "distance_of_rows",
    "distances",
    "gather",
    "ones",
    "write_distances",
]


def as_rows(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Look at codes of shape (n, 32), uint8, as shape (n, 4), uint64; no copy where they are contiguous."""
    return np.ascontiguousarray(codes).view(np.uint64)


def _count_ones(typing_context: Any, word: Any) -> Any:  # noqa: ARG001 - the signature is Numba's
    """Count the bits that are set in a word, by the processor's own instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


ones: Any = intrinsic(_count_ones)


@njit(nogil=True, cache=True)
def any_near(
    one: np.uint64, two: np.uint64, first: NDArray[np.uint64], second: NDArray[np.uint64], limit: np.uint64
) -> bool:
    """Return whether a code of two words is near any of others; quick, as it looks at several at a time."""
    found = np.int64(0)
    for j in range(first.size):
        found += np.int64(ones(one ^ first[j]) + ones(two ^ second[j]) <= limit)
    return bool(found > 0)


@njit(nogil=True, cache=True)
def distance(one: NDArray[np.uint64], i: int, other: NDArray[np.uint64], j: int) -> int:
    """Return the Hamming distance of column ``i`` of one and column ``j`` of another array of shape (4, n)."""
    total = np.int64(0)
    for word in range(4):
        total += np.int64(ones(one[word, i] ^ other[word, j]))
    return int(total)


@njit(nogil=True, cache=True)
def distance_of_rows(rows: NDArray[np.uint64], i: int, j: int) -> int:
    """Return the Hamming distance of two rows of shape (n, 4)."""
    total = np.int64(0)
    for word in range(4):
        total += np.int64(ones(rows[i, word] ^ rows[j, word]))
    return int(total)


def distances(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return the Hamming distances of codes of shape (..., 32) to others of a shape that fits: shape (...)."""
    return np.asarray(np.bitwise_count(as_rows(one) ^ as_rows(other)).sum(axis=-1, dtype=np.int16))


@njit(nogil=True, cache=True)
def gather(rows: NDArray[np.uint64], order: NDArray[np.int32], out: NDArray[np.uint64]) -> None:
    """Write the chosen rows of shape (n, 4) word by word to shape (4, m)."""
    first, second, third, fourth = out[0], out[1], out[2], out[3]
    for place in range(order.size):
        row = rows[order[place]]
        first[place], second[place], third[place], fourth[place] = row[0], row[1], row[2], row[3]


@njit(nogil=True, cache=True)
def count_near(query: tuple[int, int, int, int], codes: NDArray[np.uint64], begin: int, end: int, radius: int) -> int:
    """Return how many of the columns ``begin`` to ``end`` of shape (4, n) may be within ``radius`` of a query.

    Up to 20 bits only the first word is looked at, up to 40 only two: no pair within the radius is missed, and
    few others pass.
    """
    found = np.int64(0)
    # Unsigned places need no look at whether they are counted from the end, which would keep the loop from being wide.
    start, count, most = np.uint64(begin), end - begin, np.uint64(radius)
    first, second = codes[0], codes[1]
    if radius <= 20:
        for k in range(count):
            found += np.int64(ones(query[0] ^ first[start + np.uint64(k)]) <= most)
    elif radius <= 40:
        for k in range(count):
            at = start + np.uint64(k)
            found += np.int64(ones(query[0] ^ first[at]) + ones(query[1] ^ second[at]) <= most)
    else:
        third, fourth = codes[2], codes[3]
        for k in range(count):
            at = start + np.uint64(k)
            near = ones(query[0] ^ first[at]) + ones(query[1] ^ second[at])
            far = ones(query[2] ^ third[at]) + ones(query[3] ^ fourth[at])
            found += np.int64(near + far <= most)
    return int(found)


@njit(nogil=True, cache=True)
def count_near_each(
    queries: NDArray[np.uint64],
    at_first: int,
    codes: NDArray[np.uint64],
    begin: int,
    end: int,
    limits: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    """Write how many of the columns ``begin`` to ``end`` of shape (4, n) are within its limit of each query.

    The queries are columns of shape (4, m), from ``at_first`` on, as many as there are ``limits``.
    """
    # Cut row by row: rows of a cut-out would not be known to be without gaps, and the loop would not be wide.
    first, second, third, fourth = codes[0, begin:end], codes[1, begin:end], codes[2, begin:end], codes[3, begin:end]
    for i in range(limits.size):
        at = at_first + i
        w0, w1, w2, w3 = queries[0, at], queries[1, at], queries[2, at], queries[3, at]
        limit, found = limits[i], np.int64(0)
        for j in range(first.size):
            near, far = ones(w0 ^ first[j]) + ones(w1 ^ second[j]), ones(w2 ^ third[j]) + ones(w3 ^ fourth[j])
            found += np.int64(np.int64(near + far) <= limit)
        counts[i] = found


@njit(nogil=True, cache=True)
def write_distances(
    queries: NDArray[np.uint64], at: int, codes: NDArray[np.uint64], begin: int, end: int, out: NDArray[np.int32]
) -> None:
    """Write the Hamming distances of one query, a column of shape (4, m), to the columns ``begin`` to ``end``."""
    w0, w1, w2, w3 = queries[0, at], queries[1, at], queries[2, at], queries[3, at]
    first, second, third, fourth = codes[0, begin:end], codes[1, begin:end], codes[2, begin:end], codes[3, begin:end]
    for j in range(first.size):
        near, far = ones(w0 ^ first[j]) + ones(w1 ^ second[j]), ones(w2 ^ third[j]) + ones(w3 ^ fourth[j])
        out[j] = np.int32(near + far)
