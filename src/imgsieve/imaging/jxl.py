"""JPEG XL.

The codec applies the orientation of the codestream; the copy of it in EXIF is ignored, as the standard says.
"""

from __future__ import annotations

import numpy as np
import pillow_jxl
from PIL import Image

from imgsieve.errors import DecodeError
from imgsieve.imaging.jpeg import decode_jpeg
from imgsieve.imaging.jxl_header import JxlHeader, read_jxl_header
from imgsieve.imaging.modes import has_alpha, to_rgb
from imgsieve.imaging.picture import DecodedImage, Header

__all__ = ["decode_jxl", "probe_jxl"]

_BYTES_A_PIXEL = 60
_BYTES_AN_EXTRA_CHANNEL = 16
_MODES = {"RGB": "RGB", "RGBA": "RGBA", "L": "L", "LA": "LA", "I;16": "I;16"}
_FIXED_BYTES = 8 << 20


def probe_jxl(data: bytes, _min_side: int | None) -> Header:
    """Read the size from the codestream's header; the projected memory allows for working planes."""
    header = read_jxl_header(data)
    each = _BYTES_A_PIXEL + _BYTES_AN_EXTRA_CHANNEL * header.extra_channels
    return Header(
        format="jxl",
        width=header.width,
        height=header.height,
        decoded_bytes=header.width * header.height * each + _FIXED_BYTES,
    )


def decode_jxl(data: bytes, min_side: int | None) -> DecodedImage:
    """Decode a JPEG XL file (the first frame of an animation) to upright RGB.

    A file made from a JPEG file without loss is turned back into that file and decoded as such.
    """
    header = read_jxl_header(data)
    from_jpeg, info, content, *_ = pillow_jxl.Decoder(num_threads=0)(data)
    if from_jpeg:
        return _from_jpeg(bytes(content), header, min_side)
    image = _image(info.mode, (info.width, info.height), content)
    return DecodedImage(
        pixels=to_rgb(image),
        width=image.width,
        height=image.height,
        reduction=1,
        format="jxl",
        bit_depth=header.bit_depth,
        has_alpha=has_alpha(image),
        metadata_bytes=header.metadata_bytes,
        jpeg_quality=None,
    )


def _image(mode: str, size: tuple[int, int], content: bytes) -> Image.Image:
    if mode == "F;16":
        return Image.fromarray(np.frombuffer(content, np.float16).reshape(size[::-1]).astype(np.float32))
    if mode == "F":
        return Image.fromarray(np.frombuffer(content, np.float32).reshape(size[::-1]))
    if mode not in _MODES:
        raise DecodeError("unsupported", f"jxl: pixels of kind {mode}")
    return Image.frombuffer(mode, size, content, "raw", mode, 0, 1)


def _from_jpeg(content: bytes, header: JxlHeader, min_side: int | None) -> DecodedImage:
    picture = decode_jpeg(content, min_side)
    if {picture.width, picture.height} != {header.width, header.height}:
        raise DecodeError("malformed", "jxl: the JPEG file within has another size")
    return DecodedImage(
        pixels=picture.pixels,
        width=picture.width,
        height=picture.height,
        reduction=picture.reduction,
        format="jxl",
        bit_depth=picture.bit_depth,
        has_alpha=False,
        metadata_bytes=picture.metadata_bytes,
        jpeg_quality=None,
    )
