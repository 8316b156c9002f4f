"""Stage 3's built-in descriptor: a picture of 32 x 32 cells, and the shape in which corners are told."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.reduction import CELLS
from imgsieve.features.reduction import SIDE as SMALL

__all__ = ["layout_of", "true_size"]

_EACH = SMALL // CELLS
_SHORTEST = 64
"""Shorter side of the picture at full scale at least: very long pictures are told as if they were less so."""


@njit(nogil=True, cache=True)
def true_size(aspect: float) -> tuple[int, int]:
    """Return height and width of a small picture at its true shape: 160 pixels, and 64 at least.

    Parameters
    ----------
    aspect
        Width over height.
    """
    if aspect >= 1:
        return max(int(np.rint(SMALL / aspect)), _SHORTEST), SMALL
    return SMALL, max(int(np.rint(SMALL * aspect)), _SHORTEST)


@njit(nogil=True, cache=True, fastmath=True)
def layout_of(luma: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Average a small picture over cells of 5 x 5 pixels.

    Parameters
    ----------
    luma
        Shape (160, 160), float32, from 0 to 255.

    Returns
    -------
    Shape (1024,), uint8: the luma of 32 x 32 cells, row by row.
    """
    out = np.empty(CELLS * CELLS, np.uint8)
    sums = np.empty(SMALL, np.float32)
    for y in range(CELLS):
        one, two, three = luma[_EACH * y], luma[_EACH * y + 1], luma[_EACH * y + 2]
        four, five = luma[_EACH * y + 3], luma[_EACH * y + 4]
        for x in range(SMALL):
            sums[x] = one[x] + two[x] + three[x] + four[x] + five[x]
        for x in range(CELLS):
            total = np.float32(0)
            for k in range(_EACH):
                total += sums[_EACH * x + k]
            out[CELLS * y + x] = np.uint8(min(total * np.float32(1 / _EACH**2) + np.float32(0.5), np.float32(255)))
    return out
