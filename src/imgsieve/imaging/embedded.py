"""Sizes of pictures inside icon files, whose directory may promise less than the picture inside takes."""

from __future__ import annotations

import re
import struct

__all__ = ["largest_embedded"]

_PNG = re.compile(rb"\x89PNG\r\n\x1a\n.{4}IHDR(.{8})", re.DOTALL)
_JPEG_2000 = re.compile(rb"\0\0\0\x16ihdr(.{8})", re.DOTALL)
_J2K_CODESTREAM = re.compile(rb"\xff\x4f\xff\x51.{4}(.{16})", re.DOTALL)
_ICON_MAGIC = (b"\0\0\1\0", b"\0\0\2\0")


def largest_embedded(data: bytes) -> tuple[int, int]:
    """Return width and height of the largest picture inside an icon file; (0, 0) if there is none.

    Parameters
    ----------
    data
        An ICO, CUR or ICNS file.
    """
    sizes = [(0, 0)]
    sizes += [struct.unpack(">II", found) for found in _PNG.findall(data)]
    sizes += [struct.unpack(">II", found)[::-1] for found in _JPEG_2000.findall(data)]
    sizes += [_grid(found) for found in _J2K_CODESTREAM.findall(data)]
    if data.startswith(_ICON_MAGIC):
        sizes += _bitmaps(data)
    return max(sizes, key=lambda size: size[0] * size[1])


def _grid(fields: bytes) -> tuple[int, int]:
    right, bottom, left, top = struct.unpack(">IIII", fields)
    return max(right - left, 0), max(bottom - top, 0)


def _bitmaps(data: bytes) -> list[tuple[int, int]]:
    """Return the sizes of the bitmaps without file header in an ICO or CUR file."""
    sizes = []
    for entry in range(6, 6 + 16 * int.from_bytes(data[4:6], "little"), 16):
        offset = int.from_bytes(data[entry + 12 : entry + 16], "little")
        head = data[offset : offset + 12]
        if len(head) == 12 and head[0] == 40:
            width, doubled = struct.unpack_from("<ii", head, 4)
            sizes.append((abs(width), abs(doubled) // 2))
    return sizes
