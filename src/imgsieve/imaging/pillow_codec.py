"""Decodes what Pillow reads: all formats but JPEG, HEIF and JPEG XL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image, TiffImagePlugin

from imgsieve.imaging.boxes import primary_item
from imgsieve.imaging.embedded import largest_embedded
from imgsieve.imaging.failures import codec_errors
from imgsieve.imaging.modes import bytes_a_pixel, has_alpha, to_rgb
from imgsieve.imaging.orientation import exif_orientation, upright
from imgsieve.imaging.picture import DecodedImage, Header
from imgsieve.imaging.pillow_formats import open_picture
from imgsieve.imaging.quiet import mute_libtiff, no_warnings

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["decode_with_pillow", "probe_with_pillow"]

_FIXED_BYTES = 8 << 20
# Bytes a pixel that a codec holds beside Pillow's own pixels, measured, rounded up.
_CODEC_BYTES = {"webp": 16, "avif": 28, "jpeg2000": 24, "tiff": 4, "ico": 12, "icns": 28, "psd": 4, "gif": 8}
_ICONS = frozenset({"ico", "cur", "icns"})
_TIFF_XMP, _TIFF_IPTC, _TIFF_PHOTOSHOP = 700, 33723, 34377
_METADATA = ("exif", "xmp", "XML:com.adobe.xmp", "icc_profile")


def probe_with_pillow(data: bytes, known: str | None) -> Header:
    """Read the size from a header; see `imgsieve.imaging.reader.probe`."""
    with no_warnings():
        image, name = open_picture(data, known)
    with codec_errors(name, data):
        width, height = _stored_size(image, name, data)
        turned = 0 if name == "tiff" else 3  # the orientation of PNG may stand behind the pixels
        each = bytes_a_pixel(image.mode) + _CODEC_BYTES.get(name, 0) + 3 + turned
    return Header(format=name, width=width, height=height, decoded_bytes=width * height * each + _FIXED_BYTES)


def _stored_size(image: ImageFile, name: str, data: bytes) -> tuple[int, int]:
    inside = largest_embedded(data) if name in _ICONS else (0, 0)
    return max(image.size, inside, key=lambda size: size[0] * size[1])


def decode_with_pillow(data: bytes, known: str | None) -> DecodedImage:
    """Decode the first frame of a file to upright RGB."""
    with no_warnings():
        image, name = open_picture(data, known)
        with codec_errors(name, data), image:
            return _decoded(image, name, data)


def _decoded(image: ImageFile, name: str, data: bytes) -> DecodedImage:
    depth, blocks = _tiff_depth(image), _tiff_metadata(image)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        mute_libtiff()
        _allow_large(image)
    pixels = to_rgb(image)
    exif = image.info.get("exif")
    orientation = exif_orientation(exif) if isinstance(exif, bytes) and name != "tiff" else 1
    if name == "avif":
        item = primary_item(data)
        depth = item.bit_depth or depth
        if item.aperture:
            pixels = pixels[item.aperture.slices(*pixels.shape[:2])]
    pixels = upright(pixels, orientation)
    return DecodedImage(
        pixels=pixels,
        width=pixels.shape[1],
        height=pixels.shape[0],
        reduction=1,
        format=name,
        bit_depth=depth or _depth(image, name, data),
        has_alpha=has_alpha(image),
        metadata_bytes=blocks + sum(_length(image.info.get(key)) for key in _METADATA),
        jpeg_quality=None,
    )


def _length(block: Any) -> int:
    return len(block) if isinstance(block, bytes | str) else 0


def _allow_large(image: TiffImagePlugin.TiffImageFile) -> None:
    """Allocate the pixels here where Pillow would refuse them by its limit for the whole process."""
    width, height = image.size
    if Image.MAX_IMAGE_PIXELS is not None and width * height > Image.MAX_IMAGE_PIXELS:
        image.im = Image.core.new(image.mode, image._tile_size)  # type: ignore[attr-defined]


def _tiff_depth(image: ImageFile) -> int | None:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return None
    bits = image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))
    return min(max(int(max(bits)), 1), 32)


def _tiff_metadata(image: ImageFile) -> int:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 0
    return sum(_length(image.tag_v2.get(tag)) for tag in (_TIFF_XMP, _TIFF_IPTC, _TIFF_PHOTOSHOP))


def _depth(image: ImageFile, name: str, data: bytes) -> int:
    if name == "png" and image.mode != "P":
        return min(max(data[24], 1), 16)
    if image.mode == "1":
        return 1
    if image.mode.startswith("I;16") or (image.mode == "I" and name == "ppm"):
        return 16
    return 32 if image.mode in ("I", "F") else 8
