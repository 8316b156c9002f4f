"""The eight orientations of the EXIF tag 274, read from a file and applied to pixels.

References
----------
.. [1] CIPA DC-008-2019, Exchangeable image file format for digital still cameras: Exif Version 2.32,
   section 4.6.4.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

__all__ = ["exif_orientation", "swaps_sides", "upright"]

_TAG = 274
_MOST_ENTRIES = 512
_BYTE, _SHORT, _LONG = 1, 3, 4


def exif_orientation(data: bytes, start: int = 0, end: int | None = None) -> int:
    """Read the orientation from an EXIF block in TIFF form, with or without the prefix ``Exif``.

    Parameters
    ----------
    data
        Bytes that hold the block.
    start, end
        The block's range in `data`; the whole by default.

    Returns
    -------
    int
        1 to 8. A block that is damaged, or without a valid orientation, counts as 1.
    """
    end = len(data) if end is None else min(end, len(data))
    if data[start : start + 4] == b"Exif":
        start += 6
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[start : start + 4])
    if order is None:
        return 1
    try:
        return _first_directory(data, start, end, order)
    except struct.error:
        return 1


def _first_directory(data: bytes, start: int, end: int, order: str) -> int:
    directory = start + struct.unpack_from(order + "I", data, start + 4)[0]
    entries = struct.unpack_from(order + "H", data, directory)[0]
    for entry in range(directory + 2, directory + 2 + 12 * min(entries, _MOST_ENTRIES), 12):
        if entry + 12 > end:
            return 1
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag == _TAG:
            return _value(data, entry + 8, order, kind)
    return 1


def _value(data: bytes, at: int, order: str, kind: int) -> int:
    code = {_BYTE: "B", _SHORT: "H", _LONG: "I"}.get(kind)
    value = int(struct.unpack_from(order + code, data, at)[0]) if code else 1
    return value if 1 <= value <= 8 else 1


def swaps_sides(orientation: int) -> bool:
    """Tell whether making `orientation` upright exchanges width and height."""
    return orientation >= 5


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn and mirror stored pixels into the upright picture.

    Parameters
    ----------
    pixels
        Shape (rows, columns, 3).
    orientation
        1 to 8; other values count as 1.

    Returns
    -------
    numpy.ndarray
        C-contiguous; `pixels` itself where nothing is to be done.
    """
    if swaps_sides(orientation):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
