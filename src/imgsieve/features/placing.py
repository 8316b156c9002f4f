"""Where a block of one picture fits best in the surroundings of its place in another, to a fraction of a pixel."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["PLACES", "REACH", "cut_block", "find_place", "vertex"]

REACH = 4
"""Pixels up to which a block is looked for, in each direction."""

PLACES = 2 * REACH + 1


@njit(nogil=True, cache=True, fastmath=True)
def cut_block(picture: NDArray[np.float32], top: int, left: int, side: int, block: NDArray[np.float32]) -> float:
    """Cut a block out of a picture and free it of its mean.

    Parameters
    ----------
    block
        Shape (side, side + 2 * REACH), float32: written in its first columns. The others are to be zero: its lines are
        then as far apart as those of its surroundings, and one pass goes over all of them.

    Returns
    -------
    Its energy: the sum of squares of what is written.
    """
    total = np.float32(0)
    for y in range(side):
        line = picture[top + y, left : left + side]
        for x in range(side):
            total += line[x]
    mean = total / np.float32(side * side)
    energy = np.float32(0)
    for y in range(side):
        line, out = picture[top + y, left : left + side], block[y]
        for x in range(side):
            value = line[x] - mean
            out[x] = value
            energy += value * value
    return float(energy)


@njit(nogil=True, cache=True, fastmath=True)
def find_place(
    block: NDArray[np.float32], energy: float, other: NDArray[np.float32], top: int, left: int,
    area: NDArray[np.float32], surface: NDArray[np.float32],
) -> tuple[float, int, int]:  # fmt: skip
    """Correlate a block with every place within reach.

    Parameters
    ----------
    block, energy
        See `cut_block`; shape (side, side + 2 * REACH).
    other
        Shape (h, w), float32.
    top, left
        The place in the middle; all its surroundings lie inside the picture.
    area
        Shape (side + 2 * REACH, side + 2 * REACH), float32: is overwritten.
    surface
        Shape (9, 9), float32: the correlations are written there.

    Returns
    -------
    The highest correlation, its row and its column.
    """
    span, side = area.shape[0], block.shape[0]
    # Taken from one of its values, what is summed up is small and precise.
    base = other[top, left]
    for y in range(span):
        line, out = other[top - REACH + y, left - REACH : left - REACH + span], area[y]
        for x in range(span):
            out[x] = line[x] - base
    _inner_products(block.reshape(block.size), area.reshape(area.size), span, (side - 1) * span + side, surface)
    return _highest(area, side, np.float32(energy), surface)


@njit(nogil=True, cache=True, fastmath=True)
def _inner_products(
    block: NDArray[np.float32], area: NDArray[np.float32], span: int, length: int, surface: NDArray[np.float32]
) -> None:
    """Write the inner products of a block with all its places, the nine of a line in one pass."""
    for dy in range(PLACES):
        at = dy * span
        l0, l1, l2, l3, l4 = area[at:], area[at + 1 :], area[at + 2 :], area[at + 3 :], area[at + 4 :]
        l5, l6, l7, l8 = area[at + 5 :], area[at + 6 :], area[at + 7 :], area[at + 8 :]
        s0, s1, s2, s3, s4 = np.float32(0), np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        s5, s6, s7, s8 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for i in range(length):
            value = block[i]
            s0 += value * l0[i]
            s1 += value * l1[i]
            s2 += value * l2[i]
            s3 += value * l3[i]
            s4 += value * l4[i]
            s5 += value * l5[i]
            s6 += value * l6[i]
            s7 += value * l7[i]
            s8 += value * l8[i]
        line = surface[dy]
        line[0], line[1], line[2], line[3], line[4] = s0, s1, s2, s3, s4
        line[5], line[6], line[7], line[8] = s5, s6, s7, s8


@njit(nogil=True, cache=True, fastmath=True)
def _highest(
    area: NDArray[np.float32], side: int, energy: np.float32, surface: NDArray[np.float32]
) -> tuple[float, int, int]:
    """Turn inner products into correlations; return the highest, its row and column."""
    span, n = area.shape[0], np.float32(side * side)
    sums, squares = np.zeros(span, np.float32), np.zeros(span, np.float32)
    for y in range(side):
        line = area[y]
        for x in range(span):
            sums[x] += line[x]
            squares[x] += line[x] * line[x]
    best, at_y, at_x = np.float32(-2), 0, 0
    for y in range(PLACES):
        if y > 0:
            gone, come = area[y - 1], area[y + side - 1]
            for x in range(span):
                sums[x] += come[x] - gone[x]
                squares[x] += come[x] * come[x] - gone[x] * gone[x]
        for x in range(PLACES):
            total, power = np.float32(0), np.float32(0)
            for i in range(side):
                total += sums[x + i]
                power += squares[x + i]
            length = np.sqrt(max(power - total * total / n, np.float32(0)) * energy)
            value = surface[y, x] / length if length > np.float32(1e-3) else np.float32(0)
            surface[y, x] = value
            if value > best:
                best, at_y, at_x = value, y, x
    return float(best), at_y, at_x


@njit(nogil=True, cache=True, fastmath=True)
def vertex(line: NDArray[np.float32], at: int) -> float:
    """Return where, between -0.5 and 0.5 from its highest sample, a parabola through three samples peaks."""
    if at <= 0 or at >= len(line) - 1:
        return 0.0
    before, middle, after = float(line[at - 1]), float(line[at]), float(line[at + 1])
    bend = before - 2 * middle + after
    if bend >= -1e-9:
        return 0.0
    return min(0.5, max(-0.5, 0.5 * (before - after) / bend))
