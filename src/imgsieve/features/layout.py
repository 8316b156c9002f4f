"""Stage 3's built-in descriptor: the layout of light in a picture, compared by correlation.

The 16 x 16 block means of the luma, freed of their mean and scaled to unit length, are kept as signed bytes. Their
inner product is the normalized cross-correlation of two pictures at that size, which a change of brightness or contrast
leaves as it is. It needs no model and 256 bytes an image.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.wavelet import SIDE

__all__ = ["layout_of_means", "layout_similarity"]

_SCALE = 400.0
"""A unit vector of 256 entries has entries near 1/16, so 127 is reached at five times that."""


@njit(nogil=True, cache=True)
def layout_of_means(means: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the layout of a grid of block means of shape (16, 16): shape (256,), int8; zeros for a flat picture."""
    flat = means.ravel()
    centered = flat - flat.mean()
    length = np.sqrt((centered * centered).sum())
    out = np.zeros(SIDE * SIDE, np.int8)
    if length > 1.0:
        for i in range(out.size):
            out[i] = np.int8(min(max(np.rint(centered[i] / length * _SCALE), -127.0), 127.0))
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _sample(layout: NDArray[np.int8], rectangle: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Read a rectangle of a layout as a grid of shape (16, 16), by bilinear interpolation, and turn it."""
    out = np.empty((SIDE, SIDE), np.float32)
    last = SIDE - 1
    top, left, bottom, right = rectangle[0], rectangle[1], rectangle[2], rectangle[3]
    for y in range(SIDE):
        for x in range(SIDE):
            sy, sx = y, x
            for _ in range(orientation % 4):
                sy, sx = sx, last - sy
            if orientation >= 4:
                sx = last - sx
            v = min(max((top + (bottom - top) * (sy + 0.5) / SIDE) * SIDE - 0.5, 0.0), last)
            u = min(max((left + (right - left) * (sx + 0.5) / SIDE) * SIDE - 0.5, 0.0), last)
            y0, x0 = min(int(v), last - 1), min(int(u), last - 1)
            fy, fx = v - y0, u - x0
            upper = layout[y0 * SIDE + x0] * (1 - fx) + layout[y0 * SIDE + x0 + 1] * fx
            lower = layout[(y0 + 1) * SIDE + x0] * (1 - fx) + layout[(y0 + 1) * SIDE + x0 + 1] * fx
            out[y, x] = upper * (1 - fy) + lower * fy
    return out


@njit(nogil=True, cache=True, fastmath=True)
def layout_similarity(
    one: NDArray[np.int8],
    other: NDArray[np.int8],
    place_one: NDArray[np.float32],
    place_other: NDArray[np.float32],
    orientations: NDArray[np.int8],
) -> NDArray[np.float32]:
    """Correlate pairs of layouts, each in its rectangle.

    Parameters
    ----------
    one, other
        Shape (n, 256), int8.
    place_one, place_other
        Shape (n, 4), float32: top, left, bottom, right of what is compared, as shares of a side.
    orientations
        Shape (n,), int8: the orientation that turns ``other`` into ``one``.

    Returns
    -------
    Shape (n,), float32, from -1 to 1; 1 for two flat pictures, 0 where one is flat.
    """
    out = np.empty(one.shape[0], np.float32)
    for n in range(one.shape[0]):
        a = _sample(one[n], place_one[n], 0)
        b = _sample(other[n], place_other[n], orientations[n])
        a -= a.mean()
        b -= b.mean()
        length_one, length_other = (a * a).sum(), (b * b).sum()
        if length_one <= 1.0 and length_other <= 1.0:
            out[n] = 1.0
        elif length_one <= 1.0 or length_other <= 1.0:
            out[n] = 0.0
        else:
            out[n] = (a * b).sum() / np.sqrt(length_one * length_other)
    return out
