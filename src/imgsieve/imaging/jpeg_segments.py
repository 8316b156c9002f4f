"""Reads the segments of a JPEG file up to its first scan, in some ten microseconds.

References
----------
.. [1] ITU-T Rec. T.81 (1992), Information technology - Digital compression and coding of
   continuous-tone still images, annex B.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from imgsieve.errors import DecodeError
from imgsieve.imaging.orientation import exif_orientation

__all__ = ["JpegSegments", "all_scans_present", "read_segments"]

_SCAN = b"\xff\xda"
_MOST_SCANS = 500
_SOS, _EOI, _DQT, _DRI, _DHT = 0xDA, 0xD9, 0xDB, 0xDD, 0xC4
_APP0, _APP1, _APP2, _APP13, _APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_STANDALONE = frozenset({0x00, 0x01, 0xD8, *range(0xD0, 0xD8)})
_METADATA = {
    _APP1: (b"Exif\0", b"http://ns.adobe.com/x"),
    _APP2: (b"ICC_PROFILE\0",),
    _APP13: (b"Photoshop 3.0\0",),
}
# Segments without which the first scan cannot be decoded.
_NEEDED = _FRAMES | {_DQT, _DRI, _DHT, _APP14, 0xCC}

# Annex K.1 of the standard: quantization of luminance at quality 50.
_LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14,
    17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49,
    64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip


def _table_sum(quality: int) -> int:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return sum(min(max((step * scale + 50) // 100, 1), 255) for step in _LUMINANCE)


# Sums of the table fall as quality rises, so they are kept from quality 100 down to 1.
_SUMS = [_table_sum(quality) for quality in range(100, 0, -1)]


@dataclass(slots=True)
class JpegSegments:
    """What the segments before the first scan say."""

    width: int = 0
    height: int = 0
    precision: int = 8
    progressive: bool = False
    sampling: tuple[tuple[int, int], ...] = ()
    """Horizontal and vertical sampling factor of each component."""
    scan_components: int = 0
    """Components in the first scan; fewer than there are means that coefficients are buffered."""
    orientation: int = 0
    metadata_bytes: int = 0
    tables: dict[int, int] = field(default_factory=dict)
    """Sum of each quantization table."""
    luminance_table: int = 0
    kept: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of the segments that a decoder needs."""
    scan_start: int = 0
    """Where the first scan's marker is."""

    @property
    def in_many_scans(self) -> bool:
        """Whether the picture is spread over several scans, so that all its coefficients are buffered."""
        return self.progressive or self.scan_components < len(self.sampling)

    @property
    def quality(self) -> int | None:
        """Quality from 1 to 100 whose standard table has the nearest sum; None without a table."""
        total = self.tables.get(self.luminance_table)
        if total is None:
            return None
        above = min(bisect_left(_SUMS, total), 99)
        below = max(above - 1, 0)
        nearest = above if _SUMS[above] - total <= total - _SUMS[below] else below
        return 100 - nearest


def read_segments(data: bytes) -> JpegSegments:
    """Read all segments before the first scan.

    Parameters
    ----------
    data
        A JPEG file that begins with the marker of its start.

    Raises
    ------
    DecodeError
        ``truncated`` if the file ends before its first scan, ``malformed`` if a scan comes before the frame.
    """
    found = JpegSegments()
    at, end = 2, len(data)
    while True:
        at = data.find(b"\xff", at) + 1
        if at == 0 or at + 3 > end:
            raise DecodeError("truncated", "jpeg: the file ends within its header")
        marker = data[at]
        if marker == 0xFF:
            continue
        if marker in _STANDALONE:
            at += 1
            continue
        if marker == _EOI:
            raise DecodeError("truncated", "jpeg: no scan before the end of the image")
        length = data[at + 1] << 8 | data[at + 2]
        if at + 1 + length > end:
            raise DecodeError("truncated", "jpeg: the file ends within its header")
        if marker == _SOS:
            return _finished(found, data, at)
        _take(found, data, marker, at, length)
        at += 1 + length


def _take(found: JpegSegments, data: bytes, marker: int, at: int, length: int) -> None:
    start, end = at + 3, at + 1 + length
    if marker in _NEEDED:
        found.kept.append((at - 1, end))
    if marker in _METADATA:
        _take_metadata(found, data, marker, start, end)
    elif marker == _DQT:
        _take_tables(found, data, start, end)
    elif marker in _FRAMES:
        _take_frame(found, data[start:end], marker)


def _take_metadata(found: JpegSegments, data: bytes, marker: int, start: int, end: int) -> None:
    if not data.startswith(_METADATA[marker], start, end):
        return
    found.metadata_bytes += end - start
    if marker == _APP1 and not found.orientation and data.startswith(b"Exif", start):
        found.orientation = exif_orientation(data, start, end)


def _take_tables(found: JpegSegments, data: bytes, start: int, end: int) -> None:
    while start < end:
        wide, number = data[start] >> 4, data[start] & 15
        size = 128 if wide else 64
        steps = data[start + 1 : min(start + 1 + size, end)]
        found.tables[number] = sum(steps[1::2]) + 256 * sum(steps[::2]) if wide else sum(steps)
        start += 1 + size


def _take_frame(found: JpegSegments, frame: bytes, marker: int) -> None:
    if len(frame) < 6 or len(frame) < 6 + 3 * frame[5]:
        raise DecodeError("malformed", "jpeg: the frame header is too short")
    if found.sampling:
        raise DecodeError("unsupported", "jpeg: more than one frame")
    found.precision = frame[0]
    found.height = frame[1] << 8 | frame[2]
    found.width = frame[3] << 8 | frame[4]
    found.sampling = tuple((pair >> 4, pair & 15) for pair in frame[7 : 6 + 3 * frame[5] : 3])
    found.luminance_table = frame[8] if frame[5] else 0
    found.progressive = marker in _PROGRESSIVE


def _finished(found: JpegSegments, data: bytes, at: int) -> JpegSegments:
    if not found.sampling:
        raise DecodeError("malformed", "jpeg: a scan before the frame header")
    if not found.height:
        raise DecodeError("unsupported", "jpeg: the height is told only behind the first scan")
    if not found.width:
        raise DecodeError("malformed", f"jpeg: the size is {found.width} x {found.height} pixels")
    if not all(1 <= h <= 4 and 1 <= v <= 4 for h, v in found.sampling):
        raise DecodeError("malformed", f"jpeg: the sampling factors are {found.sampling}")
    found.scan_start = at - 1
    found.scan_components = data[at + 3] if at + 3 < len(data) else 0
    found.orientation = found.orientation or 1
    return found


def all_scans_present(data: bytes, segments: JpegSegments) -> bool:
    """Tell whether the scans of a file leave no coefficient of any component out, or unrefined.

    A file of many scans that lacks the last of them decodes without complaint to a poorer picture.

    Raises
    ------
    DecodeError
        ``malformed`` if there are more scans than any writer makes: each costs a pass over the whole picture.
    """
    missing = [set(range(64)) for _ in segments.sampling]
    names: list[int] = []
    scans, at = 0, segments.scan_start
    while at >= 0:
        scan = _scan_at(data, at)
        at = data.find(_SCAN, at + 2)
        if scan is None:
            continue
        scans += 1
        if scans > _MOST_SCANS:
            raise DecodeError("malformed", f"jpeg: more than {_MOST_SCANS} scans")
        components, first, last, bits_left = scan
        names += [name for name in components if name not in names]
        for name in components:
            if not bits_left and names.index(name) < len(missing):
                missing[names.index(name)].difference_update(range(first, last + 1))
    return not any(missing)


def _scan_at(data: bytes, at: int) -> tuple[bytes, int, int, int] | None:
    """Return component names, first and last coefficient and bits left to refine; None if it is no scan."""
    head = data[at + 2 : at + 16]
    count = head[2] if len(head) > 2 else 0
    if not 1 <= count <= 4 or head[:2] != bytes([0, 6 + 2 * count]) or len(head) < 6 + 2 * count:
        return None
    first, last, bits = head[3 + 2 * count : 6 + 2 * count]
    return head[3 : 3 + 2 * count : 2], first, min(last, 63), bits & 15
