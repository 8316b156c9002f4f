"""Pictures brought to one small size by exact area averaging, on which all describes of the one decode work."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.columns import PADDING, sum_columns

__all__ = ["SIDE", "fill_luma", "luma_of", "small_picture"]

SIDE = 160
"""Side of the small picture: 16 blocks of 10 pixels, and whole pixels for regions of 0.9, 0.8 and 0.7 of a side."""


@njit(nogil=True, cache=True)
def _extents(count: int) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Cut ``count`` pixels into `SIDE` equal extents.

    Returns
    -------
    Shape (160, 2), uint64: the first and the last pixel that an extent touches; and shape (160, 2), float32: the shares
    of these two that lie inside. An extent within one pixel has a last share of 0.
    """
    places = np.empty((SIDE, 2), np.uint64)
    shares = np.empty((SIDE, 2), np.float32)
    for i in range(SIDE):
        start, stop = i * count, (i + 1) * count
        first, last = start // SIDE, (stop - 1) // SIDE
        places[i] = first, last
        shares[i, 0] = (min((first + 1) * SIDE, stop) - start) / SIDE
        shares[i, 1] = (stop - last * SIDE) / SIDE if last > first else 0.0
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
def _shrink(lines: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """Average a picture of shape (h, w * 3), neither side below 160, to shape (160, 480)."""
    h, w = lines.shape[0], lines.shape[1] // 3
    rows, row_shares = _extents(h)
    columns, column_shares = _extents(w)
    scale = np.float32(SIDE * SIDE / (h * w))
    # One behind the other: at some distances the processor takes a read here for one that waits for a write there.
    both = np.zeros((w + SIDE) * 3 + 2 * PADDING, np.float32)
    line, reduced = both[: w * 3], both[w * 3 + PADDING :]
    for i in range(SIDE):
        _sum_lines(lines, rows[i], row_shares[i], line)
        sum_columns(both, columns, column_shares, scale, reduced)
        target = out[i]
        for x in range(target.size):
            target[x] = reduced[x]


def small_picture(pixels: NDArray[np.uint8], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Squash a picture to `SIDE` x `SIDE` by area averaging.

    Parameters
    ----------
    pixels
        Shape (h, w, 3), uint8 RGB.
    out
        Where to write, shape (160, 160, 3), float32; a new array when None.

    Returns
    -------
    Shape (160, 160, 3), float32, from 0 to 255.
    """
    h, w = pixels.shape[:2]
    if h < SIDE or w < SIDE:
        size = (max(w, SIDE), max(h, SIDE))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        h, w = pixels.shape[:2]
    small = np.empty((SIDE, SIDE, 3), np.float32) if out is None else out
    _shrink(pixels.reshape(h, w * 3), small.reshape(SIDE, SIDE * 3))
    return small


@njit(nogil=True, cache=True)
def luma_of(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the luma (ITU-R BT.601) of an RGB picture of shape (h, w, 3), in its range."""
    out = np.empty(rgb.shape[:2], np.float32)
    fill_luma(rgb, out)
    return out


@njit(nogil=True, cache=True, fastmath=True)
def fill_luma(rgb: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write the result of `luma_of` to ``out``, of shape (h, w)."""
    h, w = out.shape
    red, green, blue = np.float32(0.299), np.float32(0.587), np.float32(0.114)
    for y in range(h):
        line, colors = out[y], rgb[y].reshape(3 * w)
        for x in range(w):
            line[x] = red * colors[3 * x] + green * colors[3 * x + 1] + blue * colors[3 * x + 2]
