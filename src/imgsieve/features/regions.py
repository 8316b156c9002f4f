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
from imgsieve.features.wavelet import FINENESS, SIDE, fill_means, write_code
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

_GAP = 4
"""Pixels of the small picture without structure that end a busy stretch."""

_TILTS = np.radians(np.array([-8.0, -4.0, 4.0, 8.0]))

_SAMPLES = 2
"""Samples a side that stand for a block of a tilted window; each is an average of 4 x 4 pixels."""

_WINDOWS = np.array([(y, x, side) for side, places in _OFFSETS.items() for y in places for x in places], np.int32)


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


@njit(nogil=True, cache=True, fastmath=True)
def _smoothed(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average a picture of shape (160, 160) over 4 x 4 pixels, two pixels on each time: shape (79, 79)."""
    side = SMALL // 2 - 1
    out = np.empty((side, side), np.float32)
    sums = np.empty(SMALL, np.float32)
    for y in range(side):
        first, second, third, fourth = luma[2 * y], luma[2 * y + 1], luma[2 * y + 2], luma[2 * y + 3]
        for x in range(SMALL):
            sums[x] = first[x] + second[x] + third[x] + fourth[x]
        line = out[y]
        for x in range(side):
            block = sums[2 * x] + sums[2 * x + 1] + sums[2 * x + 2] + sums[2 * x + 3]
            line[x] = block * np.float32(1 / 16)
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _tilted_means(smooth: NDArray[np.float32], tilt: float, aspect: float, out: NDArray[np.float32]) -> None:
    """Average the blocks of the largest window of the picture's own shape that fits when tilted.

    ``smooth`` is the result of `_smoothed`, and ``aspect`` is the width of the true picture over its height.
    """
    sine, cosine = np.sin(tilt), np.cos(tilt)
    shrink = 1.0 / (cosine + max(aspect, 1.0 / aspect) * abs(sine))
    samples, size = _SAMPLES * SIDE, SMALL // 2
    step = np.float32(shrink * size / samples)
    # Places along the rows and columns of ``smooth``: one step right is (right_x, right_y), one down (down_x, down_y).
    right_x, right_y = step * np.float32(cosine), step * np.float32(sine * aspect)
    down_x, down_y = -step * np.float32(sine / aspect), step * np.float32(cosine)
    middle, last = np.float32(samples / 2 - 0.5), np.float32(smooth.shape[0] - 1)
    center = np.float32(smooth.shape[0] / 2)
    out[:] = 0
    for i in range(samples):
        line = out[i // _SAMPLES]
        x = center + (i - middle) * down_x - middle * right_x
        y = center + (i - middle) * down_y - middle * right_y
        for block in range(SIDE):
            total = np.float32(0)
            for _ in range(_SAMPLES):
                column = np.uint32(min(max(x, np.float32(0)), last))
                row = np.uint32(min(max(y, np.float32(0)), last))
                total += smooth[row, column]
                x += right_x
                y += right_y
            line[block] += total
    # As fine as the means of `fill_means`.
    fine = np.float32(FINENESS)
    for i in range(SIDE):
        for block in range(SIDE):
            out[i, block] = np.rint(out[i, block] * fine / np.float32(_SAMPLES**2)) / fine


@njit(nogil=True, cache=True)
def _cut(first: int, last: int, borders: NDArray[np.int32]) -> None:
    """Write the borders of equal parts of a side."""
    for i in range(borders.size):
        borders[i] = first + (last - first) * i // (borders.size - 1)


@njit(nogil=True, cache=True)
def region_codes(
    luma: NDArray[np.float32],
    integral: NDArray[np.int32],
    trimmed: tuple[int, int, int, int],
    aspect: float,
) -> NDArray[np.uint8]:
    """Return the codes of the regions of a small picture.

    Parameters
    ----------
    luma
        Shape (160, 160), float32.
    integral
        Shape (161, 161), int32; see `imgsieve.features.wavelet.fill_integral`.
    trimmed
        The result of `trimmed_rectangle`.
    aspect
        Width of the true picture over its height.

    Returns
    -------
    Shape (46, 32), uint8.
    """
    out = np.empty((COUNT, HASH_BYTES), np.uint8)
    means, pyramid = np.empty((SIDE, SIDE), np.float32), np.empty((SIDE, SIDE), np.float32)
    _write_windows(integral, means, pyramid, out)
    smooth = _smoothed(luma)
    for k in range(_TILTS.size):
        _tilted_means(smooth, _TILTS[k], aspect, means)
        write_code(means, pyramid, out[len(_WINDOWS) + k])
    rows, columns = np.empty(SIDE + 1, np.int32), np.empty(SIDE + 1, np.int32)
    top, left, bottom, right = trimmed
    _cut(top, bottom, rows)
    _cut(left, right, columns)
    fill_means(integral, rows, columns, means)
    write_code(means, pyramid, out[TRIMMED])
    return out


@njit(nogil=True, cache=True)
def _write_windows(
    integral: NDArray[np.int32], means: NDArray[np.float32], pyramid: NDArray[np.float32], out: NDArray[np.uint8]
) -> None:
    """Write the codes of the upright windows; ``means`` and ``pyramid``, shape (16, 16), are overwritten."""
    strips, last_top, last_step = np.empty((SIDE, SMALL + 1), np.int32), -1, -1
    for k in range(len(_WINDOWS)):
        top, left, step = _WINDOWS[k, 0], _WINDOWS[k, 1], _WINDOWS[k, 2] // SIDE
        # Windows beside each other have their rows of blocks in common.
        if (top, step) != (last_top, last_step):
            _cut_strips(integral, top, step, strips)
            last_top, last_step = top, step
        _window_means(strips, left, step, means)
        write_code(means, pyramid, out[k])


@njit(nogil=True, cache=True, fastmath=True)
def _cut_strips(integral: NDArray[np.int32], top: int, step: int, strips: NDArray[np.int32]) -> None:
    """Write the sums of the pixels to the left within each of 16 rows of blocks: shape (16, 161)."""
    for i in range(SIDE):
        above, below, strip = integral[top + i * step], integral[top + (i + 1) * step], strips[i]
        for x in range(SMALL + 1):
            strip[x] = below[x] - above[x]


@njit(nogil=True, cache=True, fastmath=True)
def _window_means(strips: NDArray[np.int32], left: int, step: int, out: NDArray[np.float32]) -> None:
    """Average the blocks of a window, of ``step`` pixels a side; rounded as `fill_means` does."""
    sums, share = np.empty(SIDE * SIDE, np.int32), 1.0 / (step * step)
    for i in range(SIDE):
        strip, line = strips[i], sums[i * SIDE : (i + 1) * SIDE]
        place = np.uint64(left)
        before = strip[place]
        for j in range(SIDE):
            place += np.uint64(step)
            after = strip[place]
            line[j] = np.int32(after - before)
            before = after
    means = out.reshape(SIDE * SIDE)
    for k in range(SIDE * SIDE):
        means[k] = np.float32(np.int32(np.float64(sums[k]) * share + 0.5)) * np.float32(1 / FINENESS)
