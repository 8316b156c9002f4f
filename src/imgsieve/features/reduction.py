"""Pictures brought to one small size by exact area averaging, on which all describes of the one decode work."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.columns import PADDING, sum_columns

__all__ = ["CELLS", "SIDE", "SmallPicture", "small_picture"]

SIDE = 160
"""Side of the small picture: 16 blocks of 10 pixels, and whole pixels for regions of 0.9, 0.8 and 0.7 of a side."""

CELLS = 32
"""Side of the still smaller picture, for color."""


class SmallPicture:
    """One picture at two small sizes, in memory that can be used again."""

    __slots__ = ("cells", "colors", "luma")

    def __init__(self) -> None:
        self.colors = np.empty((SIDE, SIDE, 3), np.uint8)
        """RGB."""
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
    """Add up the lines of one extent; ``lines`` has shape (n, length)."""
    head, tail = lines[places[0]], lines[places[1]]
    share, end_share = shares[0], shares[1]
    at, end = int(places[0]) + 1, int(places[1])
    if at < end:
        one = lines[at]
        for x in range(out.size):
            out[x] = share * np.float32(head[x]) + end_share * np.float32(tail[x]) + np.float32(one[x])
        at += 1
    else:
        for x in range(out.size):
            out[x] = share * np.float32(head[x]) + end_share * np.float32(tail[x])
    while at < end:
        # Two lines a round, the second one nothing when they are odd in number.
        one, two = lines[at], lines[min(at + 1, end - 1)]
        weight = np.float32(at + 1 < end)
        for x in range(out.size):
            out[x] += np.float32(one[x]) + weight * np.float32(two[x])
        at += 2


@njit(nogil=True, cache=True, fastmath=True)
def _to_bytes(values: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Round values from 0 to 255."""
    for x in range(out.size):
        out[x] = np.uint8(min(values[x] + np.float32(0.5), np.float32(255)))


@njit(nogil=True, cache=True, fastmath=True)
def _to_luma(colors: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write the luma of pixels of shape (n * 3,)."""
    red, green, blue = np.float32(0.299), np.float32(0.587), np.float32(0.114)
    for x in range(out.size):
        out[x] = red * colors[3 * x] + green * colors[3 * x + 1] + blue * colors[3 * x + 2]


@njit(nogil=True, cache=True, fastmath=True)
def _shrink(
    lines: NDArray[np.uint8], colors: NDArray[np.uint8], luma: NDArray[np.float32], cells: NDArray[np.uint8]
) -> None:
    """Reduce a picture of shape (h, w * 3), neither side below 160, line by line; see `SmallPicture`."""
    h, w = lines.shape[0], lines.shape[1] // 3
    rows, row_shares = _extents(h, SIDE)
    columns, column_shares = _extents(w, SIDE)
    cell_columns, cell_shares = _extents(SIDE, CELLS)
    scale = np.float32(SIDE * SIDE / (h * w))
    # One behind the other: at some distances the processor takes a read here for one that waits for a write there.
    both = np.zeros((w + SIDE) * 3 + 2 * PADDING, np.float32)
    line, reduced = both[: w * 3], both[w * 3 + PADDING :]
    sums, means = np.zeros(SIDE * 3 + PADDING, np.float32), np.empty(CELLS * 3 + PADDING, np.float32)
    step = SIDE // CELLS
    for i in range(SIDE):
        _sum_lines(lines, rows[i], row_shares[i], line)
        sum_columns(both, columns, column_shares, scale, reduced)
        _to_bytes(reduced, colors[i])
        _to_luma(reduced, luma[i])
        for x in range(SIDE * 3):
            sums[x] += reduced[x]
        if i % step == step - 1:
            sum_columns(sums, cell_columns, cell_shares, np.float32(1 / step**2), means)
            _to_bytes(means, cells[i // step])
            sums[:] = 0


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
    h, w = pixels.shape[:2]
    if h < SIDE or w < SIDE:
        size = (max(w, SIDE), max(h, SIDE))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        h, w = pixels.shape[:2]
    _shrink(
        pixels.reshape(h, w * 3),
        small.colors.reshape(SIDE, SIDE * 3),
        small.luma,
        small.cells.reshape(CELLS, CELLS * 3),
    )
    return small
