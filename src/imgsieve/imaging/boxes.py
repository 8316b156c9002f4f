"""Reads boxes of the ISO base media format: the shell of HEIF, AVIF, JPEG XL and JPEG 2000 files.

References
----------
.. [1] ISO/IEC 14496-12:2022, ISO base media file format.
.. [2] ISO/IEC 23008-12:2022, Image file format (properties of items).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Aperture", "ItemProperties", "brands", "iter_boxes", "primary_item"]

_MOST_BOXES = 4096


@dataclass(frozen=True, slots=True)
class Aperture:
    """A clean aperture in pixels: its size, and how far its center is right of and below the picture's."""

    width: float
    height: float
    right: float
    down: float

    def slices(self, rows: int, columns: int) -> tuple[slice, slice]:
        """Return the rows and columns to keep of a coded picture; all if the aperture is not inside."""
        left = round((columns - self.width) / 2 + self.right)
        top = round((rows - self.height) / 2 + self.down)
        right, bottom = left + round(self.width), top + round(self.height)
        if not (0 <= left < right <= columns and 0 <= top < bottom <= rows):
            return slice(None), slice(None)
        return slice(top, bottom), slice(left, right)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemProperties:
    """What the properties of the primary item say; None where they are silent."""

    bit_depth: int | None = None
    aperture: Aperture | None = None


def iter_boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of the content of each box in a range; stop where boxes stop making sense."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= end:
            size, head = struct.unpack_from(">Q", data, start + 8)[0], 16
        elif size == 0:
            size = end - start
        if size < head:
            return
        yield kind, start + head, min(start + size, end)
        start += size


def brands(data: bytes) -> frozenset[bytes]:
    """Return the major and compatible brands of a file; empty if it has none."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(data[:4], "big"), len(data), 1024)
    return frozenset({data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)})


def primary_item(data: bytes) -> ItemProperties:
    """Read depth and aperture of the primary item of a HEIF or AVIF file.

    A file whose boxes are damaged, or that has none, gives no properties.
    """
    try:
        return _primary_item(data)
    except (struct.error, IndexError, KeyError):
        return ItemProperties()


def _primary_item(data: bytes) -> ItemProperties:
    at, end = _find(data, b"meta", 0, len(data))
    item = _primary_id(data, *_find(data, b"pitm", at + 4, end))
    at, end = _find(data, b"iprp", at + 4, end)
    properties = list(iter_boxes(data, *_find(data, b"ipco", at, end)))
    depth, aperture = None, None
    for index in _associations(data, *_find(data, b"ipma", at, end), item):
        if not 1 <= index <= len(properties):
            continue
        kind, start, stop = properties[index - 1]
        if kind == b"pixi" and stop - start > 5:
            depth = data[start + 5]
        elif kind == b"av1C" and depth is None:
            depth = 8 if not data[start + 2] & 0x40 else 12 if data[start + 2] & 0x20 else 10
        elif kind == b"clap":
            aperture = _aperture(struct.unpack_from(">IIIIiIiI", data, start))
    return ItemProperties(bit_depth=depth, aperture=aperture)


def _find(data: bytes, wanted: bytes, start: int, end: int) -> tuple[int, int]:
    for kind, at, stop in iter_boxes(data, start, end):
        if kind == wanted:
            return at, stop
    raise KeyError(wanted)


def _primary_id(data: bytes, at: int, _end: int) -> int:
    form = ">I" if data[at] else ">H"
    return int(struct.unpack_from(form, data, at + 4)[0])


def _associations(data: bytes, at: int, end: int, item: int) -> list[int]:
    """Return the indices, from 1, of the properties of an item."""
    version, wide = data[at], data[at + 3] & 1
    count = struct.unpack_from(">I", data, at + 4)[0]
    at += 8
    for _ in range(min(count, _MOST_BOXES)):
        name = struct.unpack_from(">I" if version else ">H", data, at)[0]
        at += 4 if version else 2
        entries, at = data[at], at + 1
        step = 2 if wide else 1
        if name == item and at + entries * step <= end:
            mask = 0x7FFF if wide else 0x7F
            return [int.from_bytes(data[at + i * step : at + (i + 1) * step], "big") & mask for i in range(entries)]
        at += entries * step
    return []


def _aperture(numbers: tuple[int, ...]) -> Aperture | None:
    """Make an aperture of four fractions; None if one has no denominator."""
    if 0 in numbers[1::2]:
        return None
    width, height, right, down = (numbers[i] / numbers[i + 1] for i in (0, 2, 4, 6))
    return Aperture(width, height, right, down)
