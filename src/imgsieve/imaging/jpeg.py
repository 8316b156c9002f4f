"""JPEG through libjpeg-turbo, at a reduced scale where that is enough.

Decoding is strict: a file with missing or damaged image data is an error, never half a gray picture. Only
harmless oddities are forgiven: stray bytes between segments, a missing end marker behind complete data,
unusual sampling.
"""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from imgsieve.errors import DecodeError
from imgsieve.imaging.failures import decode_error
from imgsieve.imaging.jpeg_segments import JpegSegments, all_scans_present, read_segments
from imgsieve.imaging.modes import to_rgb
from imgsieve.imaging.orientation import swaps_sides, upright
from imgsieve.imaging.picture import DecodedImage, Header, reduction_for
from imgsieve.imaging.quiet import no_warnings

__all__ = ["decode_jpeg", "probe_jpeg"]

_USUAL_SAMPLING = frozenset({(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4)})
_END = b"\xff\xd9"


def probe_jpeg(data: bytes, min_side: int | None) -> Header:
    """Read the size from the frame header, and project the memory."""
    segments = read_segments(data)
    return Header(
        format="jpeg",
        width=segments.width,
        height=segments.height,
        decoded_bytes=_projected_bytes(segments, min_side),
    )


def _projected_bytes(segments: JpegSegments, min_side: int | None) -> int:
    width, height = segments.width, segments.height
    scale = reduction_for(width, height, min_side)
    pixels = -(-width // scale) * -(-height // scale)
    each = 3 * (1 + (segments.orientation != 1))
    if len(segments.sampling) == 4:
        each += 8  # four channels, and products of 16 bits of one row block
    if not _usual(segments):
        each += 4  # Pillow's own copy
    coefficients = _coefficients(segments) * 2 if segments.in_many_scans else 0
    return pixels * each + coefficients + 256 * width + 131_072


def _usual(segments: JpegSegments) -> bool:
    first, *others = segments.sampling
    return not others or (first in _USUAL_SAMPLING and all(pair == (1, 1) for pair in others[:2]))


def _coefficients(segments: JpegSegments) -> int:
    widest = max(h for h, _ in segments.sampling)
    tallest = max(v for _, v in segments.sampling)
    columns = math.ceil(segments.width / (8 * widest))
    rows = math.ceil(segments.height / (8 * tallest))
    return sum(columns * h * rows * v * 64 for h, v in segments.sampling)


def decode_jpeg(data: bytes, min_side: int | None) -> DecodedImage:
    """Decode a JPEG file to upright RGB.

    Raises
    ------
    DecodeError
        ``truncated`` if image data is missing, ``malformed`` if it is damaged, ``unsupported`` for 12 bits a
        channel and other rare processes.
    """
    segments = read_segments(data)
    if segments.in_many_scans and not all_scans_present(data, segments):
        raise DecodeError("truncated", "jpeg: the file lacks its last scans")
    reduction = reduction_for(segments.width, segments.height, min_side)
    pixels = upright(_stored_pixels(data, segments, reduction), segments.orientation)
    size = (segments.width, segments.height)
    width, height = size[::-1] if swaps_sides(segments.orientation) else size
    return DecodedImage(
        pixels=pixels,
        width=width,
        height=height,
        reduction=reduction,
        format="jpeg",
        bit_depth=segments.precision,
        has_alpha=False,
        metadata_bytes=segments.metadata_bytes,
        jpeg_quality=segments.quality,
    )


def _stored_pixels(data: bytes, segments: JpegSegments, reduction: int) -> NDArray[np.uint8]:
    try:
        return _turbo(data, segments, reduction)
    except ValueError as error:
        complaint = str(error)
    if "extraneous bytes before marker 0xd9" in complaint:
        # The codec stops at its first complaint, so all before the end marker was fine.
        return _turbo(data, segments, reduction, strict=False)
    if "Premature end of JPEG file" in complaint:
        return _without_end(data, segments, reduction)
    if "revision" in complaint or "color transform" in complaint or "extraneous" in complaint:
        data = _plain(data, segments)
        try:
            return _turbo(data, segments, reduction)
        except ValueError as error:
            complaint = str(error)
    return _second_opinion(data, reduction, complaint)


def _turbo(data: bytes, segments: JpegSegments, reduction: int, *, strict: bool = True) -> NDArray[np.uint8]:
    """Decode with simplejpeg; raise ValueError on the first complaint of the codec if strict."""
    four = len(segments.sampling) == 4
    least: dict[str, Any] = {
        "min_height": -(-segments.height // reduction),
        "min_width": -(-segments.width // reduction),
        "strict": strict,
    }
    height, width, *_ = simplejpeg.decode_jpeg_header(data, **least)
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data,
        colorspace="CMYK" if four else "RGB",
        buffer=_cached_buffer(int(height) * int(width) * (4 if four else 3)),
        **least,
    )
    return _ink_to_rgb(pixels) if four else pixels


def _cached_buffer(size: int) -> NDArray[np.uint8]:
    """Return memory for pixels that stay in the processor's cache when the codec has written them.

    The codec writes lines that begin at a multiple of 32 bytes past the cache, and whoever reads them next waits for
    the memory. Memory begins at an even place; from an odd one, at most each 32nd line begins so.
    """
    return np.empty(size + 1, np.uint8)[1:]


def _ink_to_rgb(inks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn CMYK that is stored inverted (255 is no ink), as all common writers do, into RGB."""
    rgb = np.empty((*inks.shape[:2], 3), dtype=np.uint8)
    for top in range(0, len(inks), 64):
        block = inks[top : top + 64].astype(np.uint16)
        rgb[top : top + 64] = (block[..., :3] * block[..., 3:] + 127) // 255
    return rgb


def _without_end(data: bytes, segments: JpegSegments, reduction: int) -> NDArray[np.uint8]:
    """Decode a file that lacks its end: fine if only the end marker is missing."""
    stem = data[:-1] if data.endswith(b"\xff") else data
    try:
        return _turbo(stem + _END, segments, reduction)
    except ValueError as error:
        raise DecodeError("truncated", f"jpeg: the file ends too early ({error})") from None


def _plain(data: bytes, segments: JpegSegments) -> bytes:
    """Return the file with nothing between its segments and only those that decoding needs."""
    kept = b"".join(data[start:end] for start, end in segments.kept)
    return b"\xff\xd8" + kept + data[segments.scan_start :]


def _second_opinion(data: bytes, reduction: int, complaint: str) -> NDArray[np.uint8]:
    """Decode with Pillow what the strict codec cannot, unless it found image data missing or damaged."""
    if "premature end" in complaint.lower():
        raise DecodeError("truncated", f"jpeg: {complaint}")
    if "Corrupt JPEG data" in complaint and "extraneous" not in complaint:
        raise DecodeError("malformed", f"jpeg: {complaint}")
    if "precision" in complaint:
        raise DecodeError("unsupported", f"jpeg: {complaint}")
    try:
        with no_warnings():
            image = JpegImagePlugin.JpegImageFile(BytesIO(data))
            image.draft(None, (-(-image.width // reduction), -(-image.height // reduction)))
            return to_rgb(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        failure = decode_error("jpeg", error)
        raise DecodeError(failure.kind, f"jpeg: {complaint}") from None
