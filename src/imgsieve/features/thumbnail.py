"""Thumbnails for the report: made of the small picture, in the shape of the original.

Lightness is read from the small picture's luma and color from its cells, which is coarser: a fourth of the thumbnail's
pixels a side. The planes go to the codec as it stores them, so it has no colors to convert and nothing to average.
"""

from __future__ import annotations

import threading

import numpy as np
import simplejpeg
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.reduction import SmallPicture

__all__ = ["NO_PLANES", "THUMB_SIDE", "Planes", "encode_planes", "encode_thumbnail", "fill_planes", "planes_for"]

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
"""Y, Cb and Cr."""

THUMB_SIDE = 128
_QUALITY = 72

_NOTHING = np.empty((0, 0), np.uint8)
NO_PLANES: Planes = (_NOTHING, _NOTHING, _NOTHING)
"""Of no thumbnail."""


class _Memory(threading.local):
    """Memory of the planes, used again for each picture."""

    def __init__(self) -> None:
        self.planes = np.empty(THUMB_SIDE**2 * 3 // 2, np.uint8)


_MEMORY = _Memory()


def planes_for(width: int, height: int) -> Planes:
    """Return memory for the planes of a thumbnail, which a thread has only once.

    Parameters
    ----------
    width, height
        Size of the original, of which the shape is taken.

    Returns
    -------
    Y, shape (h, w), of at most 128 pixels a side; Cb and Cr, each of half its sides.
    """
    scale = THUMB_SIDE / max(width, height)
    # Even, as the codec takes the planes of color to be halves of that of light and reads on where it is not so.
    w, h = (2 * max(1, round(side * scale / 2)) for side in (width, height))
    count = w * h // 4
    memory = _MEMORY.planes
    light, blue, red = memory[: 4 * count], memory[4 * count : 5 * count], memory[5 * count : 6 * count]
    return light.reshape(h, w), blue.reshape(h // 2, w // 2), red.reshape(h // 2, w // 2)


def encode_planes(planes: Planes) -> bytes:
    """Encode the planes of a thumbnail as JPEG."""
    encoded: bytes = simplejpeg.encode_jpeg_yuv_planes(*planes, quality=_QUALITY, fastdct=True)
    return encoded


def encode_thumbnail(small: SmallPicture, width: int, height: int) -> bytes:
    """Encode a small picture, in the shape of the original, as JPEG of at most 128 pixels a side, an even number.

    Parameters
    ----------
    width, height
        Size of the original, of which the shape is taken.
    """
    planes = planes_for(width, height)
    fill_planes(small.luma, small.cells, planes)
    return encode_planes(planes)


@njit(nogil=True, cache=True)
def fill_planes(luma: NDArray[np.float32], cells: NDArray[np.uint8], planes: Planes) -> None:
    """Write the planes Y, Cb and Cr (ITU-T T.871) of a small picture; see `SmallPicture`."""
    light, blue, red = planes
    _resize(luma, light)
    side = len(cells)
    more_blue, more_red = np.empty((side, side), np.float32), np.empty((side, side), np.float32)
    for y in range(side):
        for x in range(side):
            r, g, b = np.float32(cells[y, x, 0]), np.float32(cells[y, x, 1]), np.float32(cells[y, x, 2])
            gray = np.float32(0.299) * r + np.float32(0.587) * g + np.float32(0.114) * b
            more_blue[y, x] = np.float32(128) + (b - gray) * np.float32(0.5 / (1 - 0.114))
            more_red[y, x] = np.float32(128) + (r - gray) * np.float32(0.5 / (1 - 0.299))
    _resize(more_blue, blue)
    _resize(more_red, red)


@njit(nogil=True, cache=True, fastmath=True)
def _resize(plane: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Resize a plane of values from 0 to 255 by bilinear interpolation."""
    rows, row_shares = _places(plane.shape[0], out.shape[0])
    columns, shares = _places(plane.shape[1], out.shape[1])
    line = np.empty(plane.shape[1], np.float32)
    for y in range(out.shape[0]):
        upper, lower, share = plane[rows[y]], plane[rows[y] + np.uint64(1)], row_shares[y]
        for x in range(line.size):
            line[x] = upper[x] + share * (lower[x] - upper[x]) + np.float32(0.5)
        target = out[y]
        for x in range(target.size):
            before, after = line[columns[x]], line[columns[x] + np.uint64(1)]
            target[x] = np.uint8(np.int32(min(before + shares[x] * (after - before), np.float32(255))))


@njit(nogil=True, cache=True)
def _places(count: int, wanted: int) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Return the first of the two of ``count`` pixels between which each wanted one lies, and the second's share."""
    places, shares = np.empty(wanted, np.uint64), np.empty(wanted, np.float32)
    for i in range(wanted):
        place = min(max((i + 0.5) * count / wanted - 0.5, 0.0), count - 1.0)
        places[i] = min(int(place), count - 2)
        shares[i] = place - places[i]
    return places, shares
