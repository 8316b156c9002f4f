"""Pictures brought to one small size by exact area averaging, on which all describes of the one decode work."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["SIDE", "luma_of", "small_picture"]

SIDE = 160
"""Side of the small picture: 16 blocks of 10 pixels, and whole pixels for regions of 0.9, 0.8 and 0.7 of a side."""


@njit(nogil=True, cache=True, fastmath=True)
def _average_rows(lines: NDArray[np.generic], step: int, size: int) -> NDArray[np.float32]:
    """Average groups of lines to ``size`` groups of equal extent; a line on a border counts by its share.

    Parameters
    ----------
    lines
        Shape (step * n, length) with ``n >= size``: n groups of ``step`` interleaved kinds.

    Returns
    -------
    Shape (step * size, length), float32, interleaved as before.
    """
    n = lines.shape[0] // step
    out = np.zeros((step * size, lines.shape[1]), np.float32)
    for i in range(size):
        first, last = i * n / size, (i + 1) * n / size
        for source in range(int(first), min(n, int(np.ceil(last)))):
            share = min(source + 1.0, last) - max(float(source), first)
            weight = np.float32(share * size / n)
            for kind in range(step):
                total, line = out[step * i + kind], lines[step * source + kind]
                for x in range(line.size):
                    total[x] += weight * np.float32(line[x])
    return out


def small_picture(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Squash a picture to `SIDE` x `SIDE` by area averaging.

    Parameters
    ----------
    pixels
        Shape (h, w, 3), uint8 RGB.

    Returns
    -------
    Shape (160, 160, 3), float32, from 0 to 255.
    """
    h, w = pixels.shape[:2]
    if h < SIDE or w < SIDE:
        size = (max(w, SIDE), max(h, SIDE))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        h, w = pixels.shape[:2]
    rows = _average_rows(pixels.reshape(h, w * 3), 1, SIDE)
    columns = _average_rows(np.ascontiguousarray(cv2.transpose(rows), np.float32), 3, SIDE)
    # Rows of ``columns`` are x and channel, its columns are y.
    return np.ascontiguousarray(cv2.transpose(columns), np.float32).reshape(SIDE, SIDE, 3)


@njit(nogil=True, cache=True, fastmath=True)
def luma_of(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the luma (ITU-R BT.601) of an RGB picture of shape (h, w, 3), in its range."""
    h, w = rgb.shape[:2]
    out = np.empty((h, w), np.float32)
    for y in range(h):
        for x in range(w):
            out[y, x] = (
                np.float32(0.299) * rgb[y, x, 0]
                + np.float32(0.587) * rgb[y, x, 1]
                + np.float32(0.114) * rgb[y, x, 2]
            )
    return out
