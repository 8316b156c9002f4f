"""Reads size and depth from the header of a JPEG XL codestream; the codec tells them only after decoding.

References
----------
.. [1] ISO/IEC 18181-1:2024, JPEG XL image coding system, annex D (image header).
"""

from __future__ import annotations

from dataclasses import dataclass

from imgsieve.errors import DecodeError
from imgsieve.imaging.boxes import iter_boxes

__all__ = ["JxlHeader", "read_jxl_header"]

_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_HEADER_BYTES = 256
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))

# Choices of the standard's U32 code: value offset, and bits that follow.
_SIZE = ((1, 9), (1, 13), (1, 18), (1, 30))
_PREVIEW_EIGHTHS = ((16, 0), (32, 0), (1, 5), (33, 9))
_PREVIEW_SIZE = ((1, 6), (65, 8), (321, 10), (1345, 12))
_INTEGER_BITS = ((8, 0), (10, 0), (12, 0), (1, 6))
_FLOAT_BITS = ((32, 0), (16, 0), (24, 0), (1, 6))
_EXTRA_CHANNELS = ((0, 0), (1, 0), (2, 4), (1, 12))


@dataclass(frozen=True, slots=True)
class JxlHeader:
    """Stored size in pixels, bits a channel, channels beyond color, and bytes of EXIF and XMP boxes."""

    width: int
    height: int
    bit_depth: int
    extra_channels: int
    metadata_bytes: int


class _Bits:
    """Reads numbers from a string of bits, least significant first."""

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise DecodeError("truncated", "jxl: the file ends within its header")
        value = self._number & ((1 << count) - 1)
        self._number >>= count
        return value

    def choose(self, choices: tuple[tuple[int, int], ...]) -> int:
        offset, count = choices[self.take(2)]
        return offset + self.take(count)


def read_jxl_header(data: bytes) -> JxlHeader:
    """Read the image header of a JPEG XL file, bare or in a container.

    Raises
    ------
    DecodeError
        ``truncated`` if there is no whole header, ``malformed`` if it is not one.
    """
    codestream, metadata_bytes = _codestream(data)
    if codestream[:2] != b"\xff\x0a":
        raise DecodeError("malformed" if codestream else "truncated", "jxl: no codestream in the file")
    bits = _Bits(codestream[2:])
    width, height = _read_size(bits)
    depth, extra = _read_metadata(bits)
    return JxlHeader(width, height, depth, extra, metadata_bytes)


def _codestream(data: bytes) -> tuple[bytes, int]:
    """Return the first bytes of the codestream, and the bytes of metadata boxes."""
    if not data.startswith(_CONTAINER):
        return data[:_HEADER_BYTES], 0
    parts, metadata_bytes = b"", 0
    for kind, start, end in iter_boxes(data, 0, len(data)):
        if kind in (b"Exif", b"xml ") or (kind == b"brob" and data[start : start + 4] in (b"Exif", b"xml ")):
            metadata_bytes += end - start
        skipped = {b"jxlc": 0, b"jxlp": 4}.get(kind)
        if skipped is not None and len(parts) < _HEADER_BYTES:
            parts += data[start + skipped : min(end, start + skipped + _HEADER_BYTES)]
    return parts, metadata_bytes


def _read_size(bits: _Bits) -> tuple[int, int]:
    eighths = bits.take(1)
    height = 8 * (1 + bits.take(5)) if eighths else bits.choose(_SIZE)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return height * across // down, height
    return (8 * (1 + bits.take(5)) if eighths else bits.choose(_SIZE)), height


def _read_metadata(bits: _Bits) -> tuple[int, int]:
    """Return bits a channel and the number of extra channels."""
    if bits.take(1):
        return 8, 0
    if bits.take(1):
        _skip_extra_fields(bits)
    if bits.take(1):
        depth = bits.choose(_FLOAT_BITS)
        bits.take(4)
    else:
        depth = bits.choose(_INTEGER_BITS)
    bits.take(1)
    return min(depth, 32), bits.choose(_EXTRA_CHANNELS)


def _skip_extra_fields(bits: _Bits) -> None:
    bits.take(3)  # the orientation, which the codec applies
    if bits.take(1):
        _read_size(bits)
    if bits.take(1):
        _skip_preview(bits)
    if bits.take(1):
        bits.choose(((100, 0), (1000, 0), (1, 10), (1, 30)))
        bits.choose(((1, 0), (1001, 0), (1, 8), (1, 10)))
        bits.choose(((0, 0), (0, 3), (0, 16), (0, 32)))
        bits.take(1)


def _skip_preview(bits: _Bits) -> None:
    sizes = _PREVIEW_EIGHTHS if bits.take(1) else _PREVIEW_SIZE
    bits.choose(sizes)
    if not bits.take(3):
        bits.choose(sizes)
