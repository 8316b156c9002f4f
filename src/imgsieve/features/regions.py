"""What of a picture met another: the whole of it, what lies inside its flat margins, or some part.

A picture in a frame, a letterbox or a screenshot resembles another by what lies inside its margins, so that has a code
of its own. Other parts are found by local codes; see `imgsieve.features.local_codes`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.reduction import SIDE as SMALL
from imgsieve.features.wavelet import SIDE, block_means, write_code
from imgsieve.schema import HASH_BYTES

__all__ = ["SOME_PART", "TRIMMED", "WHOLE", "rectangles", "trimmed_code", "trimmed_rectangle"]

SOME_PART = -2
"""Stands for a part that is not known: local codes met."""

WHOLE = -1
"""Stands for the whole picture."""

TRIMMED = 0
"""Stands for the picture without its flat margins."""

_GAP = 4
"""Pixels of the small picture without structure that end a busy stretch."""


def rectangles(regions: NDArray[np.int8], trimmed: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Say where regions lie.

    Parameters
    ----------
    regions
        Shape (n,), int8: `WHOLE` or `TRIMMED`; `SOME_PART` counts as the whole.
    trimmed
        Shape (n, 4), uint8: the result of `trimmed_rectangle` for the pictures.

    Returns
    -------
    Shape (n, 4), float32: top, left, bottom, right as shares of a side.
    """
    out = np.tile(np.array([0, 0, SMALL, SMALL], np.float32), (len(regions), 1))
    inside = regions == TRIMMED
    out[inside] = trimmed[inside]
    return out / np.float32(SMALL)


@njit(nogil=True, cache=True)
def _busy_extent(counts: NDArray[np.int32], least: int) -> tuple[int, int]:
    """Return the first and one past the last place of the longest busy stretch; quiet gaps of three do not end it.

    What stands beside a picture, such as a row of icons, is a stretch of its own.
    """
    best_first, best_last = -1, -1
    first, last = -1, -1
    for i in range(counts.size):
        if counts[i] < least:
            continue
        if first < 0 or i - last >= _GAP:
            first = i
        last = i + 1
        if last - first > best_last - best_first:
            best_first, best_last = first, last
    return best_first, best_last


@njit(nogil=True, cache=True, fastmath=True)
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
    size, flat = SMALL, luma.reshape(SMALL * SMALL)
    rows = np.zeros(size, np.int32)
    columns = np.zeros(size, np.int32)
    for y in range(size - 1):
        start = y * size
        line, following, below = flat[start : start + size], flat[start + 1 :], flat[start + size :]
        count = np.int32(0)
        for x in range(size):
            count = np.int32(count + np.int32(abs(following[x] - line[x]) > np.float32(3)))
            columns[x] += np.int32(abs(below[x] - line[x]) > np.float32(3))
        # What follows the last pixel of a row is the first of the next one.
        rows[y] = count - np.int32(abs(below[0] - line[size - 1]) > np.float32(3))
    rows[size - 1], columns[size - 1] = rows[size - 2], columns[size - 2]
    top, bottom = _busy_extent(rows, size // 10)
    left, right = _busy_extent(columns, size // 10)
    if top < 0 or left < 0 or bottom - top < size // 5 or right - left < size // 5:
        return 0, 0, size, size
    return top, left, bottom, right


@njit(nogil=True, cache=True)
def trimmed_code(integral: NDArray[np.int32], trimmed: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Return the code of what lies inside the margins of a small picture.

    Parameters
    ----------
    integral
        Shape (161, 161), int32; see `imgsieve.features.wavelet.fill_integral`.
    trimmed
        The result of `trimmed_rectangle`.

    Returns
    -------
    Shape (32,), uint8.
    """
    rows, columns = np.empty(SIDE + 1, np.int32), np.empty(SIDE + 1, np.int32)
    top, left, bottom, right = trimmed
    _cut(top, bottom, rows)
    _cut(left, right, columns)
    out = np.empty(HASH_BYTES, np.uint8)
    write_code(block_means(integral, rows, columns), np.empty((SIDE, SIDE), np.float32), out)
    return out


@njit(nogil=True, cache=True)
def _cut(first: int, last: int, borders: NDArray[np.int32]) -> None:
    """Write the borders of equal parts of a side."""
    for i in range(borders.size):
        borders[i] = first + (last - first) * i // (borders.size - 1)
