"""Stage 4: where blocks of one picture lie in another, and how precisely their texture tells."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.placing import PLACES, REACH, cut_block, find_place, vertex

__all__ = ["follow"]

_MOST_LOOKED_AT = 96
_MOST_FOLLOWED = 64
_FOLLOWED = 0.6
"""Blocks below this correlation even at their best place are not followed."""

_CORRELATED_NOISE = 6.0
"""Pixels whose errors go together, as both pictures are smoothed."""

_LEAST_PRECISE = 0.5
"""Blocks whose place cannot be told better than this, in pixels, are not followed."""


def follow(
    one: NDArray[np.float32], other: NDArray[np.float32], corners: NDArray[np.int64], side: int
) -> NDArray[np.float64]:
    """Find the best places of blocks within `REACH` pixels, to a fraction of a pixel.

    Parameters
    ----------
    one, other
        Shape (h, w), float32: the fine structure of both.
    corners
        Shape (n, 2): top and left of the blocks; of many, some that are spread evenly are looked for.
    side
        Of a block, in pixels.

    Returns
    -------
    Shape (m, 6): 1, x and y of the center of each block that could be followed, its shift in x and y, and its
    precision.
    """
    if len(corners) > _MOST_LOOKED_AT:
        corners = corners[np.linspace(0, len(corners) - 1, _MOST_LOOKED_AT).astype(int)]
    found = _follow_all(one, other, np.ascontiguousarray(corners), side)
    return np.ascontiguousarray(found[found[:, 0] > 0])


@njit(nogil=True, cache=True, fastmath=True)
def _follow_all(
    one: NDArray[np.float32], other: NDArray[np.float32], corners: NDArray[np.int64], side: int
) -> NDArray[np.float64]:
    """Find the best places of blocks within `REACH` pixels, to a fraction of a pixel.

    Returns
    -------
    Shape (n, 6): 1 where a block could be followed, x and y of its center, its shift in x and y, and its precision.
    """
    out = np.zeros((len(corners), 6), np.float64)
    height, width = one.shape
    surface = np.empty((PLACES, PLACES), np.float32)
    block = np.zeros((side, side + 2 * REACH), np.float32)
    area = np.empty((side + 2 * REACH, side + 2 * REACH), np.float32)
    followed = 0
    for n in range(len(corners)):
        top, left = corners[n, 0], corners[n, 1]
        if top < REACH or left < REACH or top + side + REACH > height or left + side + REACH > width:
            continue
        energy = cut_block(one, top, left, side, block)
        best, y, x = find_place(block, energy, other, top, left, area, surface)
        if best < _FOLLOWED:
            continue
        precision = _precision(one[top : top + side, left : left + side], energy, best)
        if precision > _LEAST_PRECISE:
            continue
        out[n, 0] = 1.0
        out[n, 1], out[n, 2] = left + side / 2 - 0.5, top + side / 2 - 0.5
        out[n, 3] = x - REACH + vertex(surface[y, :], x)
        out[n, 4] = y - REACH + vertex(surface[:, x], y)
        out[n, 5] = precision
        followed += 1
        if followed == _MOST_FOLLOWED:
            break
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _precision(block: NDArray[np.float32], energy: float, correlation: float) -> float:
    """Return the deviation, in pixels, with which the texture of a block tells its place along the worse direction.

    What the best place leaves unexplained counts as noise; structure across it, the smaller eigenvalue of the tensor of
    the gradients, resists a shift.
    """
    xx, yy, xy = np.float32(0), np.float32(0), np.float32(0)
    side = block.shape[0]
    for y in range(side - 1):
        for x in range(side - 1):
            gx, gy = block[y, x + 1] - block[y, x], block[y + 1, x] - block[y, x]
            xx += gx * gx
            yy += gy * gy
            xy += gx * gy
    root = np.sqrt((xx - yy) ** 2 + 4 * xy * xy)
    small = (xx + yy - root) / 2
    # A level of a quarter stands for the rounding of pixels.
    noise = max(1.0 - correlation * correlation, 0.0) * energy / (side * side) + 0.06
    return float(np.sqrt(_CORRELATED_NOISE * noise / max(small, 1e-6)))
