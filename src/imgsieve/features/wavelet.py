"""Stage 1: a 256-bit Haar wavelet hash of the luma, in eight orientations.

The luma is averaged over 16 x 16 blocks, and the Haar pyramid of those means (four levels, as in C. E. Jacobs, A.
Finkelstein and D. H. Salesin, "Fast Multiresolution Image Querying", SIGGRAPH 1995, doi:10.1145/218380.218454) is
compared with its median: a bit is set where the coefficient is above. The *coefficients* make the hash; block means
against their median collide for pictures on one backdrop.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.orientation import COUNT
from imgsieve.schema import HASH_BYTES

__all__ = [
    "FINENESS",
    "SIDE",
    "block_means",
    "code_of_means",
    "codes_of_means",
    "fill_integral",
    "fill_means",
    "write_code",
]

SIDE = 16
"""Blocks a side."""

_GUESSES = 16
"""Numbers that are tried as the median of coefficients before they are gone through one by one."""

_LARGEST = np.float32(3e38)

FINENESS = 64
"""Parts of a gray level that block means are rounded to: their pyramid is then exact, the same in all orientations."""


@njit(nogil=True, cache=True, fastmath=True)
def fill_integral(luma: NDArray[np.float32], out: NDArray[np.int32]) -> None:
    """Write the integral of a small picture.

    Parameters
    ----------
    luma
        Shape (h, w), float32, from 0 to 255; h is a multiple of 4, and at most 128,000 pixels do not overflow.
    out
        Shape (h + 1, w + 1), int32, zero in the first row and column: sums of all pixels above and to the left, in
        64ths of a gray level.
    """
    h, w = luma.shape
    fine = np.empty((4, w), np.int32)
    line0, line1, line2, line3 = fine[0], fine[1], fine[2], fine[3]
    for top in range(0, h, 4):
        for k in range(4):
            line, sums = luma[top + k], fine[k]
            for x in range(w):
                sums[x] = np.int32(line[x] * np.float32(FINENESS) + np.float32(0.5))
        sum0, sum1, sum2, sum3 = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
        # Four lines at a time: each sum waits for the one before it in its line.
        for x in range(w):
            sum0 = np.int32(sum0 + line0[x])
            sum1 = np.int32(sum1 + line1[x])
            sum2 = np.int32(sum2 + line2[x])
            sum3 = np.int32(sum3 + line3[x])
            line0[x], line1[x], line2[x], line3[x] = sum0, sum1, sum2, sum3
        for k in range(4):
            above, here, sums = out[top + k], out[top + k + 1], fine[k]
            for x in range(w):
                here[x + 1] = above[x + 1] + sums[x]


@njit(nogil=True, cache=True, fastmath=True)
def block_means(
    integral: NDArray[np.int32], rows: NDArray[np.int32], columns: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Average a picture over 16 x 16 blocks.

    Parameters
    ----------
    integral
        Shape (h + 1, w + 1), int32; see `fill_integral`.
    rows, columns
        Shape (17,), int32: borders of the blocks, increasing.

    Returns
    -------
    Shape (16, 16), float32, in multiples of 1/64.
    """
    out = np.empty((SIDE, SIDE), np.float32)
    fill_means(integral, rows, columns, out)
    return out


@njit(nogil=True, cache=True, fastmath=True)
def fill_means(
    integral: NDArray[np.int32], rows: NDArray[np.int32], columns: NDArray[np.int32], out: NDArray[np.float32]
) -> None:
    """Write the result of `block_means` to ``out``."""
    sums, shares = np.empty(SIDE * SIDE, np.int32), np.empty(SIDE * SIDE, np.float64)
    widths = np.empty(SIDE, np.float64)
    for j in range(SIDE):
        widths[j] = 1.0 / (columns[j + 1] - columns[j])
    for i in range(SIDE):
        above, below = integral[rows[i]], integral[rows[i + 1]]
        height = 1.0 / (rows[i + 1] - rows[i])
        line, line_shares = sums[i * SIDE : (i + 1) * SIDE], shares[i * SIDE : (i + 1) * SIDE]
        before = np.int32(below[np.uint64(columns[0])] - above[np.uint64(columns[0])])
        for j in range(SIDE):
            place = np.uint64(columns[j + 1])
            after = np.int32(below[place] - above[place])
            line[j] = np.int32(after - before)
            line_shares[j] = widths[j] * height
            before = after
    means = out.reshape(SIDE * SIDE)
    for k in range(SIDE * SIDE):
        means[k] = np.float32(np.int32(np.float64(sums[k]) * shares[k] + 0.5)) * np.float32(1 / FINENESS)


@njit(nogil=True, cache=True)
def _haar(grid: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write the Haar pyramid of a grid of shape (16, 16) to shape (16, 16); the grid is overwritten."""
    half_unit = np.float32(0.5)
    half = SIDE // 2
    while half:
        for y in range(half):
            upper, lower, smooth = grid[2 * y], grid[2 * y + 1], grid[y]
            across, under = out[y, half:], out[half + y]
            for x in range(half):
                a, b, c, d = upper[2 * x], upper[2 * x + 1], lower[2 * x], lower[2 * x + 1]
                top, bottom, left, right = a + b, c + d, a - b, c - d
                smooth[x] = (top + bottom) * half_unit
                across[x] = (left + right) * half_unit
                under[x] = (top - bottom) * half_unit
                under[half + x] = (left - right) * half_unit
        half //= 2
    out[0, 0] = grid[0, 0]


@njit(nogil=True, cache=True)
def _count_below(values: NDArray[np.float32], limit: np.float32) -> int:
    """Return how many values are not above a limit."""
    count = np.int32(0)
    for i in range(values.size):
        # Kept to 32 bits, of which twice as many go into one instruction.
        count = np.int32(count + np.int32(values[i] <= limit))
    return int(count)


@njit(nogil=True, cache=True, fastmath=True)
def _total_size(values: NDArray[np.float32]) -> np.float32:
    """Return the sum of the magnitudes."""
    size = np.float32(0)
    for i in range(values.size):
        size += abs(values[i])
    return size


@njit(nogil=True, cache=True, fastmath=True)
def _next_above(values: NDArray[np.float32], limit: np.float32) -> np.float32:
    """Return the least value that is above a limit; there is one."""
    nearest = _LARGEST
    for i in range(values.size):
        nearest = min(nearest, values[i] if values[i] > limit else _LARGEST)
    return nearest


@njit(nogil=True, cache=True)
def _lower_median(values: NDArray[np.float32]) -> np.float32:
    """Return a number that as many values exceed as exceed the median.

    Of 256 values that are all different, 128 exceed it; of others, those above the 128th smallest. It is looked for
    from 0 on, near which it lies, by the share of values on either side, and by halves where that is slow. Many values
    are equal in pictures with even parts: what is not parted soon is gone through value by value.
    """
    middle = values.size // 2
    size = _total_size(values)
    if size == 0.0:
        return np.float32(0)
    # No more than half of all are further from 0 than twice their mean size.
    high = size * np.float32(2.002 / values.size)
    low, between = -high, np.float32(0)
    fewer, more = 0, values.size
    for k in range(_GUESSES):
        count = _count_below(values, between)
        if count == middle:
            return between
        if count < middle:
            low, fewer = between, count
        else:
            high, more = between, count
        share = np.float32(0.5) if k % 4 == 3 else np.float32((middle - fewer) / (more - fewer))
        between = low + (high - low) * share
    while True:
        low = _next_above(values, low)
        if _count_below(values, low) >= middle:
            return low


@njit(nogil=True, cache=True)
def write_code(grid: NDArray[np.float32], pyramid: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Write the code of a grid of block means; the grid and ``pyramid``, both of shape (16, 16), are overwritten."""
    _haar(grid, pyramid)
    flat = pyramid.reshape(SIDE * SIDE)
    median = _lower_median(flat)
    for byte in range(HASH_BYTES):
        value = np.uint8(0)
        for bit in range(8):
            value |= np.uint8(flat[byte * 8 + bit] > median) << np.uint8(bit)
        out[byte] = value


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
    write_code(means.copy(), np.empty((SIDE, SIDE), np.float32), out)


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
    turned, grid, pyramid = means.copy(), np.empty((SIDE, SIDE), np.float32), np.empty((SIDE, SIDE), np.float32)
    last = SIDE - 1
    for k in range(COUNT):
        # After four quarter turns the picture is upright again, and is mirrored.
        if k == 4:
            turned[:] = means[:, ::-1]
        grid[:] = turned
        write_code(grid, pyramid, out[k])
        grid[:] = turned
        for y in range(SIDE):
            for x in range(SIDE):
                turned[y, x] = grid[x, last - y]
    return out
