"""HEIF and HEIC through libheif, which applies rotation, mirroring and crop itself.

The EXIF orientation of such files repeats the rotation for old readers and must not be applied on top.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

from imgsieve.errors import DecodeError
from imgsieve.imaging.modes import to_rgb
from imgsieve.imaging.picture import DecodedImage, Header
from imgsieve.imaging.quiet import no_warnings

__all__ = ["decode_heif", "probe_heif"]

_BYTES_A_PIXEL = 24
_FIXED_BYTES = 16 << 20


def probe_heif(data: bytes, _min_side: int | None) -> Header:
    """Read the size of the primary picture."""
    picture = _primary(data)
    width, height = picture.size
    each = _BYTES_A_PIXEL * (2 if picture.info["bit_depth"] > 8 else 1)
    return Header(
        format="heif",
        width=width,
        height=height,
        decoded_bytes=width * height * each + _FIXED_BYTES,
    )


def decode_heif(data: bytes, _min_side: int | None) -> DecodedImage:
    """Decode the primary picture of a HEIF file to upright RGB."""
    picture = _primary(data)
    pixels = picture.data
    image = Image.frombuffer(picture.mode, picture.size, pixels, "raw", picture.mode, picture.stride, 1)
    rgb = to_rgb(image)
    return DecodedImage(
        pixels=rgb,
        width=rgb.shape[1],
        height=rgb.shape[0],
        reduction=1,
        format="heif",
        bit_depth=int(np.clip(picture.info["bit_depth"], 1, 32)),
        has_alpha=picture.has_alpha,
        metadata_bytes=_metadata_bytes(picture.info),
        jpeg_quality=None,
    )


def _primary(data: bytes) -> Any:
    with no_warnings():
        file = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
    if not len(file):
        raise DecodeError("malformed", "heif: no picture in the file")
    return file[file.primary_index]


def _metadata_bytes(info: dict[str, Any]) -> int:
    blocks = sum(len(block.get("data") or b"") for block in info.get("metadata", ()))
    exif, xmp = len(info.get("exif") or b""), len(info.get("xmp") or b"")
    return blocks + exif + xmp + len(info.get("icc_profile") or b"")
