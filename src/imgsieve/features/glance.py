"""Stage 4, before all else: whether two pictures resemble each other at all where their codes met.

Most pairs that codes propose are look-alike strangers. Both pictures are brought to 64 x 64 pixels of what met; blocks
of the one are looked for in the surroundings of their places in the other; and the largest set of blocks whose shifts
follow one affine map is found (M. A. Fischler and R. C. Bolles, "Random Sample Consensus", CACM 1981,
doi:10.1145/358669.358692). In copies nearly all blocks do, also in small crops, frames and tilted ones, whose blocks
move together; the blocks of strangers find places somewhere, each its own.
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.orientation import orient
from imgsieve.features.placing import PLACES, REACH, cut_block, find_place, vertex

__all__ = ["agreeing_share", "glimpse", "is_smooth"]

GRID = 64
_BLOCK = 16
_STEP = 6
_SIDE = (GRID - 2 * REACH - _BLOCK) // _STEP + 1
"""Blocks a side."""

_SIGMA = 1.0
_LEAST_DEVIATION, _OF_TYPICAL = 1.5, 0.15
_FOLLOWED = 0.5
"""Correlation from which the best place of a block counts."""

_LEAST_BLOCKS = 9
_SAMPLES = 160
_LEAST_AREA = 60.0
"""Twice the area of a triangle of blocks from which a map is taken, in squares of pixels of the grid."""

_NEAR = 0.75
"""Distance from the map, in pixels of the grid, within which a block follows it."""

_SMOOTH = 0.3
"""Mean size of the Laplacian, in gray levels, below which a picture is smooth. Gradients and blank pages have 0.04 to
0.28, documents and icons more than 2.4, photographs mostly more than 0.6."""

_BENT = 0.25
"""What a map may differ from the identity in any of its four linear parts."""


def glimpse(luma: NDArray[np.uint8], rectangle: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Return a part of a picture at the size at which it is looked at.

    Parameters
    ----------
    luma
        Shape (h, w), uint8.
    rectangle
        Shape (4,): top, left, bottom, right of the part, as shares of a side.
    orientation
        How the part is turned.

    Returns
    -------
    Shape (64, 64), float32.
    """
    h, w = luma.shape
    top, left, bottom, right = np.rint(rectangle * np.array([h, w, h, w], np.float32)).astype(int).tolist()
    part = luma[top : max(bottom, top + 1), left : max(right, left + 1)]
    shrunk = cv2.resize(part, (GRID, GRID), interpolation=cv2.INTER_AREA)
    smoothed = cv2.GaussianBlur(np.asarray(shrunk, np.float32), (0, 0), _SIGMA)
    return np.ascontiguousarray(orient(np.asarray(smoothed, np.float32), orientation))


def is_smooth(glimpse: NDArray[np.float32]) -> bool:
    """Return whether nothing in the result of `glimpse` tells its place: a ramp looks alike wherever it is cut."""
    laplacian = cv2.Laplacian(glimpse, cv2.CV_32F)[1:-1, 1:-1]
    return float(np.abs(laplacian).mean()) < _SMOOTH


@njit(nogil=True, cache=True)
def agreeing_share(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the share of the textured blocks of ``one`` that lie in ``other`` as one affine map puts them.

    Parameters
    ----------
    one, other
        Results of `glimpse`.

    Returns
    -------
    From 0 to 1; 1 where there is too little texture to tell.
    """
    block = np.zeros((_BLOCK, _BLOCK + 2 * REACH), np.float32)
    area = np.empty((_BLOCK + 2 * REACH, _BLOCK + 2 * REACH), np.float32)
    surface = np.empty((PLACES, PLACES), np.float32)
    energies = np.empty(_SIDE * _SIDE, np.float64)
    for k in range(energies.size):
        energies[k] = cut_block(one, REACH + k // _SIDE * _STEP, REACH + k % _SIDE * _STEP, _BLOCK, block)
    typical = np.sort(energies)[int(0.9 * energies.size)]
    least = max(_LEAST_DEVIATION**2 * _BLOCK**2, _OF_TYPICAL**2 * typical)
    found = np.empty((_SIDE * _SIDE, 4), np.float32)
    textured, followed = 0, 0
    for k in range(energies.size):
        if energies[k] <= least:
            continue
        textured += 1
        top, left = REACH + k // _SIDE * _STEP, REACH + k % _SIDE * _STEP
        cut_block(one, top, left, _BLOCK, block)
        best, y, x = find_place(block, energies[k], other, top, left, area, surface)
        if best > _FOLLOWED:
            found[followed, 0], found[followed, 1] = left, top
            found[followed, 2] = x - REACH + vertex(surface[y, :], x)
            found[followed, 3] = y - REACH + vertex(surface[:, x], y)
            followed += 1
    if textured < _LEAST_BLOCKS:
        return 1.0
    return _most_in_step(found[:followed]) / textured


@njit(nogil=True, cache=True)
def _most_in_step(found: NDArray[np.float32]) -> int:
    """Return how many blocks one affine map moves as they are found, at most.

    ``found`` has shape (n, 4): x and y of each block, and its shift. Samples are drawn by a fixed sequence.
    """
    count, most = len(found), 0
    if count < 3:
        return 0
    state = np.uint32(12345)
    chosen = np.empty(3, np.int64)
    for _ in range(_SAMPLES):
        for k in range(3):
            state = state * np.uint32(1664525) + np.uint32(1013904223)
            chosen[k] = (state >> np.uint32(8)) % np.uint32(count)
        a, b, c = found[chosen[0]], found[chosen[1]], found[chosen[2]]
        bx, by, cx, cy = b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]
        area = bx * cy - by * cx
        if abs(area) < _LEAST_AREA:
            continue
        # The gradients of both shifts over the triangle.
        xx = ((b[2] - a[2]) * cy - (c[2] - a[2]) * by) / area
        xy = ((c[2] - a[2]) * bx - (b[2] - a[2]) * cx) / area
        yx = ((b[3] - a[3]) * cy - (c[3] - a[3]) * by) / area
        yy = ((c[3] - a[3]) * bx - (b[3] - a[3]) * cx) / area
        if max(abs(xx), abs(xy), abs(yx), abs(yy)) <= _BENT:
            most = max(most, _in_step(found, a, xx, xy, yx, yy))
    return most


@njit(nogil=True, cache=True, fastmath=True)
def _in_step(found: NDArray[np.float32], start: NDArray[np.float32], xx: float, xy: float, yx: float, yy: float) -> int:
    """Return how many blocks are moved by a map that is told by one block and the gradients of the shifts."""
    inside = 0
    for k in range(len(found)):
        x, y = found[k, 0] - start[0], found[k, 1] - start[1]
        off_x = found[k, 2] - start[2] - xx * x - xy * y
        off_y = found[k, 3] - start[3] - yx * x - yy * y
        inside += int(off_x * off_x + off_y * off_y <= _NEAR * _NEAR)
    return inside
