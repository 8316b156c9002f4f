"""The corners of one picture held against those of many: no order and no table, as one picture asks for so little.

The two words of a code lie apart from each other, so that one instruction compares a corner with several others.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.search.words import ones

__all__ = ["best_matches", "count_matches"]


@njit(nogil=True, cache=True)
def count_matches(
    first: NDArray[np.uint64], second: NDArray[np.uint64], asked: NDArray[np.uint64], radius: int
) -> NDArray[np.int32]:
    """Count, picture by picture, the pairs of a corner of it and one that asks that are within a radius.

    Parameters
    ----------
    first, second
        Shape (n, corners): the first and the second word of the local codes of n pictures.
    asked
        Shape (m, 2): the local codes that ask.
    radius
        Largest Hamming distance, in bits.

    Returns
    -------
    Shape (n,), int32.
    """
    out = np.empty(first.shape[0], np.int32)
    limit = np.uint64(radius)
    for i in range(out.size):
        # Rows cut out here are known to be without gaps, so that the loop is wide.
        low, high = first[i], second[i]
        found = np.int64(0)
        for k in range(asked.shape[0]):
            w0, w1 = asked[k, 0], asked[k, 1]
            for j in range(low.size):
                found += np.int64(ones(w0 ^ low[j]) + ones(w1 ^ high[j]) <= limit)
        out[i] = np.int32(found)
    return out


@njit(nogil=True, cache=True)
def best_matches(
    first: NDArray[np.uint64],
    second: NDArray[np.uint64],
    places: NDArray[np.uint8],
    asked: NDArray[np.uint64],
    asked_places: NDArray[np.uint8],
    radius: int,
    neighbors: int,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Find the matches of the corners that ask, in each picture the nearest few of each corner.

    Parameters
    ----------
    first, second
        As `count_matches` takes them.
    places
        Shape (n, corners, 3): down, right and scale of each corner; a scale of 255 where there is none.
    asked, asked_places
        Shape (m, 2) and (m, 3): the corners that ask.
    radius
        Largest Hamming distance, in bits.
    neighbors
        Matches of one corner in one picture at most; of equally near ones those that come first.

    Returns
    -------
    Shape (k, 6), down, right and scale of the corner that asks and of the other one; and shape (n + 1,), where the
    matches of each picture begin.
    """
    out = np.empty((first.shape[0] * asked.shape[0] * neighbors, 6), np.uint8)
    starts = np.zeros(first.shape[0] + 1, np.int64)
    near, bits = np.empty(neighbors, np.int64), np.empty(neighbors, np.int64)
    count = 0
    for i in range(first.shape[0]):
        for k in range(asked.shape[0]):
            bits[:] = radius + 1
            for j in range(first.shape[1]):
                apart = np.int64(ones(asked[k, 0] ^ first[i, j]) + ones(asked[k, 1] ^ second[i, j]))
                worst = np.argmax(bits)
                if apart < bits[worst] and places[i, j, 2] != 255:
                    near[worst], bits[worst] = j, apart
            for n in range(neighbors):
                if bits[n] <= radius:
                    out[count, :3], out[count, 3:] = asked_places[k], places[i, near[n]]
                    count += 1
        starts[i + 1] = count
    return out[:count].copy(), starts
