"""Codes of regions of a picture: windows, tilted windows, and the picture without its flat margins.

A crop resembles a window of its original more than the whole, so the wavelet code of a whole picture is compared with
the codes of another's windows: 0.9, 0.8 and 0.7 of a side, moved by a twentieth to a tenth of a side. A straightened
picture resembles a tilted window. A picture in a frame, a letterbox or a screenshot is found by what lies inside its
margins.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.reduction import SIDE as SMALL
from imgsieve.features.wavelet import SIDE, block_means, code_of_means
from imgsieve.schema import HASH_BYTES, REGION_BYTES

__all__ = ["COUNT", "TRIMMED", "WHOLE", "rectangles", "region_codes", "trimmed_rectangle"]

COUNT = REGION_BYTES // HASH_BYTES
"""Regions a picture: 41 upright windows, 4 tilted ones, then the trimmed picture."""

WHOLE = -1
"""Stands for the whole picture where a region is named."""

TRIMMED = COUNT - 1
"""Number of the region without flat margins."""

_OFFSETS = {144: (0, 8, 16), 128: (0, 11, 21, 32), 112: (0, 16, 32, 48)}
"""Places of a window along a side, in pixels of the small picture, by its side."""

_TILTS = np.radians(np.array([-8.0, -4.0, 4.0, 8.0]))

_WINDOWS = np.array(
    [(y, x, side) for side, places in _OFFSETS.items() for y in places for x in places], np.int32
)


def rectangles(regions: NDArray[np.int8], trimmed: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Say where regions lie.

    Parameters
    ----------
    regions
        Shape (n,), int8: numbers of regions, `WHOLE` for the whole picture.
    trimmed
        Shape (n, 4), uint8: the result of `trimmed_rectangle` for the pictures.

    Returns
    -------
    Shape (n, 4), float32: top, left, bottom, right as shares of a side. A tilted window is told by its bounds.
    """
    table = np.empty((COUNT + 1, 4), np.float32)
    table[:] = (0, 0, SMALL, SMALL)
    corner, side = _WINDOWS[:, :2], _WINDOWS[:, 2:]
    table[1 : len(_WINDOWS) + 1] = np.hstack([corner, corner + side])
    table[len(_WINDOWS) + 1 : COUNT] = (0.05 * SMALL, 0.05 * SMALL, 0.95 * SMALL, 0.95 * SMALL)
    out = table[regions.astype(np.intp) + 1]
    inside = regions == TRIMMED
    out[inside] = trimmed[inside]
    return out / np.float32(SMALL)


@njit(nogil=True, cache=True)
def _busy_extent(counts: NDArray[np.int32], least: int) -> tuple[int, int]:
    """Return the first and one past the last of the places that are busy, in runs of three."""
    first, last = -1, -1
    for i in range(counts.size - 2):
        if counts[i] >= least and counts[i + 1] >= least and counts[i + 2] >= least:
            if first < 0:
                first = i
            last = i + 3
    return first, last


@njit(nogil=True, cache=True)
def trimmed_rectangle(luma: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Find what lies inside the flat margins of a small picture.

    A row is busy where a tenth of its neighboring pixels differ; thin lines and short marks are not enough.

    Parameters
    ----------
    luma
        Shape (160, 160), float32.

    Returns
    -------
    Top, left, bottom, right in pixels; the whole picture when less than a fifth of a side would be left.
    """
    size = SMALL
    rows = np.zeros(size, np.int32)
    columns = np.zeros(size, np.int32)
    for y in range(size - 1):
        for x in range(size - 1):
            if abs(luma[y, x + 1] - luma[y, x]) > 3.0:
                rows[y] += 1
            if abs(luma[y + 1, x] - luma[y, x]) > 3.0:
                columns[x] += 1
    rows[size - 1], columns[size - 1] = rows[size - 2], columns[size - 2]
    top, bottom = _busy_extent(rows, size // 10)
    left, right = _busy_extent(columns, size // 10)
    if top < 0 or left < 0 or bottom - top < size // 5 or right - left < size // 5:
        return 0, 0, size, size
    return top, left, bottom, right


@njit(nogil=True, cache=True, fastmath=True)
def _tilted_means(luma: NDArray[np.float32], tilt: float, aspect: float) -> NDArray[np.float32]:
    """Average the blocks of the largest window of the picture's own shape that fits when tilted.

    ``aspect`` is the width of the true picture over its height. Nine samples stand for a block.
    """
    sine, cosine = np.sin(tilt), np.cos(tilt)
    shrink = 1.0 / (cosine + max(aspect, 1.0 / aspect) * abs(sine))
    out = np.zeros((SIDE, SIDE), np.float32)
    samples = 3 * SIDE
    for i in range(samples):
        v = ((i + 0.5) / samples - 0.5) * shrink
        for j in range(samples):
            u = ((j + 0.5) / samples - 0.5) * shrink * aspect
            x = ((u * cosine - v * sine) / aspect + 0.5) * SMALL
            y = (u * sine + v * cosine + 0.5) * SMALL
            out[i // 3, j // 3] += luma[min(max(int(y), 0), SMALL - 1), min(max(int(x), 0), SMALL - 1)]
    return out


@njit(nogil=True, cache=True)
def region_codes(
    luma: NDArray[np.float32],
    integral: NDArray[np.float64],
    trimmed: tuple[int, int, int, int],
    aspect: float,
) -> NDArray[np.uint8]:
    """Return the codes of the regions of a small picture.

    Parameters
    ----------
    luma
        Shape (160, 160), float32.
    integral
        Shape (161, 161), float64: integral of the luma.
    trimmed
        The result of `trimmed_rectangle`.
    aspect
        Width of the true picture over its height.

    Returns
    -------
    Shape (46, 32), uint8.
    """
    out = np.empty((COUNT, HASH_BYTES), np.uint8)
    rows = np.empty(SIDE + 1, np.int32)
    columns = np.empty(SIDE + 1, np.int32)
    windows = _WINDOWS.shape[0]
    for k in range(_TILTS.size):
        code_of_means(_tilted_means(luma, _TILTS[k], aspect), out[windows + k])
    for region in range(COUNT):
        if windows <= region < TRIMMED:
            continue
        if region < windows:
            top, left, side = _WINDOWS[region]
            bottom, right = top + side, left + side
        else:
            top, left, bottom, right = trimmed
        for i in range(SIDE + 1):
            rows[i] = top + (bottom - top) * i // SIDE
            columns[i] = left + (right - left) * i // SIDE
        code_of_means(block_means(integral, rows, columns), out[region])
    return out
