"""Stage 1: a 256-bit Haar wavelet hash of the luma, in eight orientations.

The luma is averaged over 16 x 16 blocks, and the Haar pyramid of those means (four levels, as in C. E. Jacobs, A.
Finkelstein and D. H. Salesin, "Fast Multiresolution Image Querying", SIGGRAPH 1995, doi:10.1145/218380.218454) is
compared with its median: a bit is set where the coefficient is above. The *coefficients* make the hash; block means
against their median collide for pictures on one backdrop.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.orientation import COUNT
from imgsieve.schema import HASH_BYTES

__all__ = ["SIDE", "block_means", "code_of_means", "codes_of_means"]

SIDE = 16
"""Blocks a side."""

_HALF = math.sqrt(0.5)


@njit(nogil=True, cache=True, fastmath=True)
def block_means(integral: NDArray[np.float64], rows: NDArray[np.int32], columns: NDArray[np.int32]) -> NDArray[np.float32]:
    """Average a picture over 16 x 16 blocks.

    Parameters
    ----------
    integral
        Shape (h + 1, w + 1), float64: sums of all pixels above and to the left.
    rows, columns
        Shape (17,), int32: borders of the blocks, increasing.

    Returns
    -------
    Shape (16, 16), float32.
    """
    out = np.empty((SIDE, SIDE), np.float32)
    for i in range(SIDE):
        top, bottom = rows[i], rows[i + 1]
        for j in range(SIDE):
            left, right = columns[j], columns[j + 1]
            total = integral[bottom, right] - integral[top, right] - integral[bottom, left] + integral[top, left]
            out[i, j] = total / ((bottom - top) * (right - left))
    return out


@njit(nogil=True, cache=True)
def _haar(work: NDArray[np.float32]) -> None:
    """Replace a grid of shape (16, 16) by its Haar pyramid."""
    line = np.empty(SIDE, np.float32)
    half_root = np.float32(_HALF)
    size = SIDE
    while size > 1:
        half = size // 2
        for y in range(size):
            for x in range(half):
                first, second = work[y, 2 * x], work[y, 2 * x + 1]
                line[x] = (first + second) * half_root
                line[half + x] = (first - second) * half_root
            work[y, :size] = line[:size]
        for x in range(size):
            for y in range(half):
                first, second = work[2 * y, x], work[2 * y + 1, x]
                line[y] = (first + second) * half_root
                line[half + y] = (first - second) * half_root
            work[:size, x] = line[:size]
        size = half


@njit(nogil=True, cache=True)
def _median(values: NDArray[np.float32]) -> np.float32:
    """Return the mean of the two middle values of 256, by quickselect."""
    middle = values.size // 2
    ordered = np.partition(values, middle)
    below = ordered[0]
    for value in ordered[:middle]:
        below = max(below, value)
    return (below + ordered[middle]) * np.float32(0.5)


@njit(nogil=True, cache=True)
def code_of_means(means: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Write the code of one grid of block means.

    Parameters
    ----------
    means
        Shape (16, 16), float32, any range.
    out
        Shape (32,), uint8: bit ``i % 8`` of byte ``i // 8`` belongs to coefficient ``i`` in row-major order.
    """
    work = means.copy()
    _haar(work)
    flat = work.ravel()
    median = _median(flat)
    for byte in range(HASH_BYTES):
        value = 0
        for bit in range(8):
            value |= int(flat[byte * 8 + bit] > median) << bit
        out[byte] = value


@njit(nogil=True, cache=True)
def codes_of_means(means: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the codes of a grid of block means in the eight orientations.

    Parameters
    ----------
    means
        Shape (16, 16), float32.

    Returns
    -------
    Shape (8, 32), uint8; row ``k`` is the code of the picture turned by
    `imgsieve.features.orientation.orient` with ``k``.
    """
    out = np.empty((COUNT, HASH_BYTES), np.uint8)
    turned = np.empty((SIDE, SIDE), np.float32)
    last = SIDE - 1
    for mirrored in range(2):
        current = means[:, ::-1].copy() if mirrored else means.copy()
        for quarter in range(4):
            code_of_means(current, out[4 * mirrored + quarter])
            for y in range(SIDE):
                for x in range(SIDE):
                    turned[y, x] = current[x, last - y]
            current[:] = turned
    return out
