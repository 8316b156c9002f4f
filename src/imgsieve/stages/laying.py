"""How much of two small pictures looks alike where one is laid over the other.

Cells of the coarser of both are compared with what lies on them of the finer one, block by block: what covers a part of
a picture, such as a caption or a sticker, spoils its blocks and no others.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.local_codes import PLACES
from imgsieve.features.orientation import COUNT as TURNS
from imgsieve.features.reduction import CELLS
from imgsieve.features.reduction import SIDE as SMALL

__all__ = ["alike_blocks", "frame_maps"]

_BLOCK = 4
"""Cells a side of a block,"""

_LEAST_CELLS = _BLOCK * _BLOCK // 2
"""of which so many must be seen in both pictures,"""

_LEAST_DEVIATION = 3.0
"""and differ by so many gray levels in both (standard deviation),"""

_LEAST_CORRELATION = 0.6
"""to look alike if they correlate by so much."""

_MOST_SAMPLES = 6
"""Samples a side, at most, of what lies on a cell."""

_LEAST_AREA = 1e-6

_Floats = NDArray[np.float64]
_Cells = NDArray[np.uint8]


def _turns() -> _Floats:
    """Return what brings a place of a turned picture back, for rows (down, right, 1): shape (8, 3, 3)."""
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, PLACES, 1]], np.float64)  # to (right, all - down)
    mirror = np.array([[1, 0, 0], [0, -1, 0], [0, PLACES, 1]], np.float64)
    turns = [np.linalg.matrix_power(quarter, k % 4) @ (mirror if k >= 4 else np.eye(3)) for k in range(TURNS)]
    return np.array(turns)


_TURNS = _turns()


def frame_maps(
    one: NDArray[np.float32], other: NDArray[np.float32], orientations: NDArray[np.int8], sizes: tuple[_Cells, _Cells]
) -> _Floats:
    """Return the maps that lay a rectangle of one picture over one of another.

    Parameters
    ----------
    one, other
        Shape (n, 4): top, left, bottom, right as shares of a side.
    orientations
        Shape (n,): turns the other picture into the one.
    sizes
        Shape (n, 2) each; see `imgsieve.features.layout.true_size`.

    Returns
    -------
    Shape (n, 3, 2), as `imgsieve.stages.fitting.count_fitting` returns them: from a place of the one to a place of the
    other, turned.
    """
    scale = np.stack([size.astype(np.float64) * (PLACES / SMALL) for size in sizes])
    begin, end = one[:, :2] * scale[0], one[:, 2:] * scale[0]
    forth = np.linalg.inv(_TURNS)[orientations]
    corners = np.stack([other[:, :2] * scale[1], other[:, 2:] * scale[1]], axis=1)
    turned = np.concatenate([corners, np.ones((len(one), 2, 1))], axis=2) @ forth
    low, high = turned[:, :, :2].min(axis=1), turned[:, :, :2].max(axis=1)
    slopes = (high - low) / np.maximum(end - begin, 1e-9)
    maps = np.zeros((len(one), 3, 2))
    maps[:, 0, 0], maps[:, 1, 1] = slopes[:, 0], slopes[:, 1]
    maps[:, 2] = low - begin * slopes
    return maps


def alike_blocks(
    one: _Cells, other: _Cells, sizes: tuple[_Cells, _Cells], maps: _Floats, orientations: NDArray[np.int8]
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Count the blocks of pairs of small pictures that look alike.

    Parameters
    ----------
    one, other
        Shape (n, 1024), uint8; see `imgsieve.features.layout.layout_of`.
    sizes
        Shape (n, 2) each; see `imgsieve.features.layout.true_size`.
    maps
        Shape (n, 3, 2): from a place of the one to a place of the other, turned.
    orientations
        Shape (n,): turns the other picture into the one.

    Returns
    -------
    Shape (n,) and (n,): blocks that look alike, and blocks that were looked at, from 0 to 64; flat ones are not.
    """
    per_cell = [size.astype(np.float64) * (PLACES / SMALL / CELLS) for size in sizes]
    whole = np.zeros((len(maps), 3, 3))
    whole[:, :, :2] = maps
    whole[:, 2, 2] = 1
    whole = whole @ _TURNS[orientations]
    whole[:, :2, :2] *= per_cell[0][:, :, None]
    whole[:, :, :2] /= per_cell[1][:, None, :]
    alike, seen = np.zeros(len(maps), np.int16), np.zeros(len(maps), np.int16)
    _count(one, other, np.ascontiguousarray(whole[:, :, :2]), alike, seen)
    return alike, seen


@njit(nogil=True, cache=True, error_model="numpy")
def _count(one: _Cells, other: _Cells, maps: _Floats, alike: NDArray[np.int16], seen: NDArray[np.int16]) -> None:
    """Count the blocks of pairs; ``maps`` are from cells to cells."""
    cells, laid = np.empty((CELLS, CELLS), np.float64), np.empty((CELLS, CELLS), np.float64)
    for n in range(maps.shape[0]):
        matrix = maps[n]
        area = abs(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0])
        if not _LEAST_AREA < area < 1 / _LEAST_AREA:
            continue
        coarse, fine = one[n], other[n]
        if area < 1:
            matrix, area, coarse, fine = _inverse(matrix), 1 / area, fine, coarse
        samples = min(int(np.ceil(np.sqrt(area))), _MOST_SAMPLES)
        _lay(fine.reshape(CELLS, CELLS), matrix, samples, laid)
        cells[:] = coarse.reshape(CELLS, CELLS)
        alike[n], seen[n] = _compare(cells, laid)


@njit(nogil=True, cache=True, error_model="numpy")
def _inverse(matrix: _Floats) -> _Floats:
    """Return the map back."""
    area = matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]
    out = np.empty((3, 2))
    out[0, 0], out[0, 1] = matrix[1, 1] / area, -matrix[0, 1] / area
    out[1, 0], out[1, 1] = -matrix[1, 0] / area, matrix[0, 0] / area
    for k in range(2):
        out[2, k] = -(matrix[2, 0] * out[0, k] + matrix[2, 1] * out[1, k])
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _lay(fine: _Cells, matrix: _Floats, samples: int, out: _Floats) -> None:
    """Write what lies on each cell of the coarser picture: NaN where some of it is outside."""
    for y in range(CELLS):
        for x in range(CELLS):
            total = 0.0
            for i in range(samples * samples):
                down, right = y + (i // samples + 0.5) / samples, x + (i % samples + 0.5) / samples
                v = down * matrix[0, 0] + right * matrix[1, 0] + matrix[2, 0]
                u = down * matrix[0, 1] + right * matrix[1, 1] + matrix[2, 1]
                if not (0 <= v <= CELLS and 0 <= u <= CELLS):
                    total = np.nan
                    break
                total += _between(fine, v - 0.5, u - 0.5)
            out[y, x] = total / (samples * samples)


@njit(nogil=True, cache=True)
def _between(cells: _Cells, v: float, u: float) -> float:
    """Return what is between the centers of cells, by bilinear interpolation."""
    v, u = min(max(v, 0.0), CELLS - 1.0), min(max(u, 0.0), CELLS - 1.0)
    y, x = min(int(v), CELLS - 2), min(int(u), CELLS - 2)
    down, right = v - y, u - x
    above = cells[y, x] * (1 - right) + cells[y, x + 1] * right
    below = cells[y + 1, x] * (1 - right) + cells[y + 1, x + 1] * right
    return float(above * (1 - down) + below * down)


@njit(nogil=True, cache=True)
def _compare(one: _Floats, other: _Floats) -> tuple[int, int]:
    """Return how many blocks correlate, and how many have something to tell."""
    alike, seen, least = 0, 0, _LEAST_DEVIATION**2
    for top in range(0, CELLS, _BLOCK):
        for left in range(0, CELLS, _BLOCK):
            count, a, b, aa, bb, ab = 0, 0.0, 0.0, 0.0, 0.0, 0.0
            for y in range(top, top + _BLOCK):
                for x in range(left, left + _BLOCK):
                    v, u = one[y, x], other[y, x]
                    if not np.isnan(u):
                        count, a, b = count + 1, a + v, b + u
                        aa, bb, ab = aa + v * v, bb + u * u, ab + v * u
            if count < _LEAST_CELLS:
                continue
            spread, spread_other = aa / count - (a / count) ** 2, bb / count - (b / count) ** 2
            if spread < least or spread_other < least:
                continue
            seen += 1
            together = ab / count - (a / count) * (b / count)
            alike += together > _LEAST_CORRELATION * np.sqrt(spread * spread_other)
    return alike, seen
