"""The corners of one picture held against those of many: no order and no table, as one picture asks for so little.

The two words of a code lie apart from each other, so that one instruction compares a corner with several others.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.search.words import any_near, ones

__all__ = ["near_corners"]

_ROOM = 1024


@njit(nogil=True, cache=True)
def near_corners(
    first: NDArray[np.uint64],
    second: NDArray[np.uint64],
    asked: NDArray[np.uint64],
    limits: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Find the corners of pictures that are near to the corners that ask.

    Parameters
    ----------
    first, second
        Shape (n, corners): the first and the second word of the local codes of n pictures.
    asked
        Shape (m, 2): the local codes that ask.
    limits
        Shape (m,): the largest Hamming distance of each, in bits; -1 for those that are not to be compared.

    Returns
    -------
    Shape (found, 4): the picture, the corner that asks, the corner of the picture, and the distance; ordered by the
    first three.
    """
    out = np.empty((_ROOM, 4), np.int32)
    count = 0
    for i in range(first.shape[0]):
        # Rows cut out here are known to be without gaps, so that the loop is wide.
        low, high = first[i], second[i]
        for k in range(asked.shape[0]):
            if limits[k] < 0 or not any_near(asked[k, 0], asked[k, 1], low, high, np.uint64(limits[k])):
                continue
            for j in range(low.size):
                apart = np.int64(ones(asked[k, 0] ^ low[j]) + ones(asked[k, 1] ^ high[j]))
                if apart <= limits[k]:
                    if count == out.shape[0]:
                        grown = np.empty((2 * count, 4), np.int32)
                        grown[:count] = out
                        out = grown
                    out[count, 0], out[count, 1], out[count, 2], out[count, 3] = i, k, j, apart
                    count += 1
    return out[:count].copy()
