"""Pictures brought to one small size by exact area averaging, on which all describes of the one decode work."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.columns import LINES, PADDING, sum_columns

__all__ = ["CELLS", "SIDE", "SmallPicture", "large_enough", "shrink", "small_picture"]

SIDE = 160
"""Side of the small picture: 16 blocks of 10 pixels."""

CELLS = 32
"""Side of the still smaller picture, for color."""


class SmallPicture:
    """One picture at two small sizes, in memory that can be used again."""

    __slots__ = ("cells", "luma")

    def __init__(self) -> None:
        self.luma = np.empty((SIDE, SIDE), np.float32)
        """Luma (ITU-R BT.601) from 0 to 255, not rounded."""
        self.cells = np.empty((CELLS, CELLS, 3), np.uint8)
        """RGB of 5 x 5 pixels each."""


@njit(nogil=True, cache=True)
def _extents(count: int, parts: int) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Cut ``count`` pixels into equal extents.

    Returns
    -------
    Shape (parts, 2), uint64: the first and the last pixel that an extent touches; and shape (parts, 2), float32: the
    shares of these two that lie inside. An extent within one pixel has a last share of 0.
    """
    places = np.empty((parts, 2), np.uint64)
    shares = np.empty((parts, 2), np.float32)
    for i in range(parts):
        start, stop = i * count, (i + 1) * count
        first, last = start // parts, (stop - 1) // parts
        places[i] = first, last
        shares[i, 0] = (min((first + 1) * parts, stop) - start) / parts
        shares[i, 1] = (stop - last * parts) / parts if last > first else 0.0
    return places, shares


@njit(nogil=True, cache=True, fastmath=True)
def _sum_lines(
    lines: NDArray[np.uint8], places: NDArray[np.uint64], shares: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Add up the lines of one extent; ``lines`` has shape (n, length), and ``out`` at least its length.

    Whole lines are added as integers, two at a time, before they become floats.
    """
    length = lines.shape[1]
    head, tail = lines[places[0]], lines[places[1]]
    share, end_share = shares[0], shares[1]
    at, end = int(places[0]) + 1, int(places[1])
    if at >= end:
        for x in range(length):
            out[x] = share * np.float32(head[x]) + end_share * np.float32(tail[x])
        return
    one = lines[at]
    if (end - at) % 2:
        for x in range(length):
            out[x] = share * np.float32(head[x]) + end_share * np.float32(tail[x]) + np.float32(one[x])
        at += 1
    else:
        two = lines[at + 1]
        for x in range(length):
            both = np.float32(np.int32(np.int32(one[x]) + np.int32(two[x])))
            out[x] = share * np.float32(head[x]) + end_share * np.float32(tail[x]) + both
        at += 2
    while at < end:
        one, two = lines[at], lines[at + 1]
        for x in range(length):
            out[x] += np.float32(np.int32(np.int32(one[x]) + np.int32(two[x])))
        at += 2


@njit(nogil=True, cache=True, fastmath=True)
def _to_bytes(values: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Round values from 0 to 255."""
    for x in range(out.size):
        out[x] = np.uint8(np.int32(min(values[x] + np.float32(0.5), np.float32(255))))


@njit(nogil=True, cache=True, fastmath=True)
def _to_luma(colors: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write the luma of pixels of shape (n * 3,)."""
    red, green, blue = np.float32(0.299), np.float32(0.587), np.float32(0.114)
    for x in range(out.size):
        out[x] = red * colors[3 * x] + green * colors[3 * x + 1] + blue * colors[3 * x + 2]


@njit(nogil=True, cache=True, fastmath=True)
def shrink(pixels: NDArray[np.uint8], luma: NDArray[np.float32], cells: NDArray[np.uint8]) -> None:
    """Reduce a picture of shape (h, w, 3), neither side below 160, five lines at a time; see `SmallPicture`."""
    h, w = pixels.shape[:2]
    lines = pixels.reshape(h, w * 3)
    rows, row_shares = _extents(h, SIDE)
    columns, column_shares = _extents(w, SIDE)
    scale = np.float32(SIDE * SIDE / (h * w))
    wide, narrow = w * 3 + PADDING, SIDE * 3 + PADDING
    # One behind the other: at some distances the processor takes a read here for one that waits for a write there.
    memory = np.zeros(LINES * (wide + narrow), np.float32)
    summed = memory[: LINES * wide].reshape(LINES, wide)
    reduced = memory[LINES * wide :].reshape(LINES, narrow)
    sums = np.zeros((-(-CELLS // LINES) * LINES, narrow), np.float32)
    for top in range(0, SIDE, LINES):
        for k in range(LINES):
            _sum_lines(lines, rows[top + k], row_shares[top + k], summed[k])
        sum_columns(summed, columns, column_shares, scale, reduced)
        for k in range(LINES):
            _to_luma(reduced[k], luma[top + k])
        _add_up(reduced, sums[top // LINES])
    _shrink_cells(sums, cells.reshape(CELLS, CELLS * 3))


@njit(nogil=True, cache=True, fastmath=True)
def _add_up(lines: NDArray[np.float32], sums: NDArray[np.float32]) -> None:
    """Write the sums of the five lines that make one line of cells."""
    one, two, three, four, five = lines[0], lines[1], lines[2], lines[3], lines[4]
    for x in range(SIDE * 3):
        sums[x] = one[x] + two[x] + three[x] + four[x] + five[x]


@njit(nogil=True, cache=True, fastmath=True)
def _shrink_cells(sums: NDArray[np.float32], cells: NDArray[np.uint8]) -> None:
    """Average sums of five lines, shape (35, 160 * 3 and padding), over five columns each."""
    columns, shares = _extents(SIDE, CELLS)
    means = np.empty((LINES, CELLS * 3 + PADDING), np.float32)
    for top in range(0, CELLS, LINES):
        sum_columns(sums[top : top + LINES], columns, shares, np.float32((CELLS / SIDE) ** 2), means)
        for k in range(min(LINES, CELLS - top)):
            _to_bytes(means[k], cells[top + k])


def small_picture(pixels: NDArray[np.uint8], into: SmallPicture | None = None) -> SmallPicture:
    """Squash a picture to `SIDE` x `SIDE` by area averaging.

    Parameters
    ----------
    pixels
        Shape (h, w, 3), uint8 RGB.
    into
        Is overwritten and returned; a new one when None.
    """
    small = SmallPicture() if into is None else into
    shrink(large_enough(pixels), small.luma, small.cells)
    return small


def large_enough(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarge a picture that has a side of less than 160 pixels; others are returned as they are."""
    h, w = pixels.shape[:2]
    if h >= SIDE and w >= SIDE:
        return pixels
    size = (max(w, SIDE), max(h, SIDE))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
