"""Chooses the codec by content and lets only `DecodeError` out."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from imgsieve.errors import DecodeError
from imgsieve.imaging.failures import codec_errors
from imgsieve.imaging.heif import decode_heif, probe_heif
from imgsieve.imaging.jpeg import decode_jpeg, probe_jpeg
from imgsieve.imaging.jxl import decode_jxl, probe_jxl
from imgsieve.imaging.picture import DecodedImage, Header
from imgsieve.imaging.pillow_codec import decode_with_pillow, probe_with_pillow
from imgsieve.imaging.sniffing import format_of

__all__ = ["decode", "probe"]


class _Codec(NamedTuple):
    probe: Callable[[bytes, int | None], Header]
    decode: Callable[[bytes, int | None], DecodedImage]


_CODECS = {
    "jpeg": _Codec(probe_jpeg, decode_jpeg),
    "heif": _Codec(probe_heif, decode_heif),
    "jxl": _Codec(probe_jxl, decode_jxl),
}


def probe(data: bytes, *, max_pixels: int, min_side: int | None) -> Header:
    """Read the header of a picture without allocating its pixels.

    Parameters
    ----------
    data
        The whole file.
    max_pixels
        Most pixels that are accepted at full scale.
    min_side
        As it will be given to `decode`; the projected memory depends on it.

    Raises
    ------
    DecodeError
        ``empty``, ``not-an-image``, ``unsupported``, ``malformed``, ``truncated`` or ``too-many-pixels``.
    """
    if not data:
        raise DecodeError("empty", "the file has no bytes")
    known = format_of(data)
    with codec_errors(known or "content", data):
        codec = _CODECS.get(known or "")
        header = codec.probe(data, min_side) if codec else probe_with_pillow(data, known)
    _check_size(header, max_pixels)
    return header


def _check_size(header: Header, max_pixels: int) -> None:
    width, height = header.width, header.height
    if width > 0 and height > 0 and width * height <= max_pixels:
        return
    size = f"{header.format}: {width:,} x {height:,} pixels"
    if width <= 0 or height <= 0:
        raise DecodeError("malformed", size)
    raise DecodeError("too-many-pixels", f"{size}, and the limit is {max_pixels:,} in all")


def decode(data: bytes, header: Header, *, min_side: int | None) -> DecodedImage:
    """Decode a picture to upright 8-bit RGB, transparency laid over white, the first frame of an animation.

    Parameters
    ----------
    data
        The whole file.
    header
        What `probe` returned for the same bytes.
    min_side
        JPEG is decoded at the strongest of the scales 1, 1/2, 1/4, 1/8 that leaves its shorter side at least
        this many pixels; None for full scale. Other formats are always decoded at full scale.

    Raises
    ------
    DecodeError
        ``unsupported``, ``malformed``, ``truncated``, ``too-many-pixels`` or ``too-large-for-memory``.
    """
    with codec_errors(header.format, data):
        codec = _CODECS.get(header.format)
        return codec.decode(data, min_side) if codec else decode_with_pillow(data, format_of(data))
