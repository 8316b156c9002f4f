"""Sums over planes of 8-bit luma, exact, in one pass each: what provenance compares two full pictures by."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["BLOCK", "block_figures", "fine_energy", "mean_and_deviation", "tone_sums"]

BLOCK = 16
"""Side of the blocks of `block_figures`, in pixels."""

_Plane = NDArray[np.uint8]


@njit(nogil=True, cache=True)
def fine_energy(luma: _Plane) -> float:
    """Return the energy of the finest structure of a plane, relative to its contrast.

    Parameters
    ----------
    luma
        Shape (h, w), uint8, two pixels a side at least.

    Returns
    -------
    Mean square of the steps between neighbors, across plus down, over the variance plus 1.
    """
    across, down = np.int64(0), np.int64(0)
    for y in range(luma.shape[0]):
        line, above = luma[y], luma[max(y - 1, 0)]
        for x in range(1, line.size):
            step = np.int64(line[x]) - np.int64(line[x - 1])
            across += step * step
        for x in range(line.size):
            step = np.int64(line[x]) - np.int64(above[x])
            down += step * step
    h, w = luma.shape
    _, deviation = mean_and_deviation(luma)
    return float((across / (h * (w - 1)) + down / ((h - 1) * w)) / (deviation**2 + 1.0))


@njit(nogil=True, cache=True)
def mean_and_deviation(luma: _Plane) -> tuple[float, float]:
    """Return mean and standard deviation of a plane of shape (h, w), in gray levels."""
    total, squares = np.int64(0), np.int64(0)
    for y in range(luma.shape[0]):
        line = luma[y]
        for x in range(line.size):
            value = np.int64(line[x])
            total += value
            squares += value * value
    mean = total / luma.size
    return mean, np.sqrt(max(0.0, squares / luma.size - mean * mean))


@njit(nogil=True, cache=True)
def block_figures(first: _Plane, second: _Plane) -> NDArray[np.float32]:
    """Compare two planes block by block, `BLOCK` pixels a side.

    Parameters
    ----------
    first, second
        Shape (h, w), uint8.

    Returns
    -------
    Shape (3, h // 16, w // 16): the energy of the finest structure of each block of the first and of the second (mean
    square of the steps from the pixel on the left plus from that above), and the mean difference of their levels.
    """
    rows, columns = first.shape[0] // BLOCK, first.shape[1] // BLOCK
    out = np.zeros((3, rows, columns), np.float32)
    # By columns of pixels first, which the processor adds up many at a time.
    sums = np.zeros((3, columns * BLOCK), np.int32)
    for y in range(rows * BLOCK):
        above = max(y - 1, 0)
        _add_steps(first[y], first[above], sums[0])
        _add_steps(second[y], second[above], sums[1])
        _add_differences(first[y], second[y], sums[2])
        if y % BLOCK == BLOCK - 1:
            for j in range(columns):
                for k in range(3):
                    out[k, y // BLOCK, j] = sums[k, j * BLOCK : (j + 1) * BLOCK].sum() / BLOCK**2
            sums[:] = 0
    return out


@njit(nogil=True, cache=True)
def _add_steps(line: NDArray[np.uint8], above: NDArray[np.uint8], sums: NDArray[np.int32]) -> None:
    """Add the squares of the steps of a line of pixels, from the left and from above."""
    for x in range(sums.size):
        down = np.int32(line[x]) - np.int32(above[x])
        sums[x] += np.int32(down * down)
    for x in range(1, sums.size):
        across = np.int32(line[x]) - np.int32(line[x - 1])
        sums[x] += np.int32(across * across)


@njit(nogil=True, cache=True)
def _add_differences(line: NDArray[np.uint8], other: NDArray[np.uint8], sums: NDArray[np.int32]) -> None:
    """Add the differences of two lines of pixels."""
    for x in range(sums.size):
        sums[x] += np.int32(abs(np.int32(line[x]) - np.int32(other[x])))


@njit(nogil=True, cache=True)
def tone_sums(copy: _Plane, source: _Plane) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, for each level of ``copy``, how many pixels have it, and the sum of what ``source`` has there.

    Parameters
    ----------
    copy, source
        Shape (h, w), uint8.

    Returns
    -------
    Shape (256,) both.
    """
    counts, sums = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for y in range(copy.shape[0]):
        for x in range(copy.shape[1]):
            counts[copy[y, x]] += 1
            sums[copy[y, x]] += source[y, x]
    return counts, sums
