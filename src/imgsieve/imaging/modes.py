"""From Pillow's many pixel modes to 8-bit RGB, in bands of rows so that no second full copy is made."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

__all__ = ["bytes_a_pixel", "has_alpha", "to_rgb"]

_BAND_PIXELS = 1 << 18
_SIXTEEN = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_ALPHA = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})


def bytes_a_pixel(mode: str) -> int:
    """Return the bytes that Pillow stores for a pixel of `mode`."""
    if mode in ("1", "L", "P"):
        return 1
    return 2 if mode in _SIXTEEN else 4


def has_alpha(image: Image.Image) -> bool:
    """Tell whether `image` has an alpha channel, or a color or palette entries that are transparent."""
    return image.mode in _ALPHA or image.has_transparency_data


def to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels of `image` as 8-bit RGB, transparency laid over white.

    16-bit gray is divided by 257; 32-bit integers and floats are scaled by what range they use (see `_span`).

    Returns
    -------
    numpy.ndarray
        Shape (rows, columns, 3), uint8, C-contiguous.
    """
    image.load()
    width, height = image.size
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    span = _span(image)
    rows = max(1, _BAND_PIXELS // max(width, 1))
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        pixels[top:bottom] = _band(image.crop((0, top, width, bottom)), span)
    return pixels


def _span(image: Image.Image) -> tuple[float, float]:
    """Return the values that become black and white, for modes of more than 8 bits.

    Integers: 0 to 255 or to 65,535 if they fit, otherwise the range in use. Floats: 0 to 1, or the range in
    use.
    """
    if image.mode in _SIXTEEN:
        return 0.0, 65535.0
    if image.mode == "I":
        if image.format in ("PNG", "PPM"):
            return 0.0, 65535.0
        low, high = _extrema(image)
        fits = next((top for top in (255.0, 65535.0) if low >= 0 and high <= top), None)
        return (low, high) if fits is None else (0.0, fits)
    if image.mode == "F":
        low, high = _extrema(image)
        return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)
    return 0.0, 255.0


def _extrema(image: Image.Image) -> tuple[float, float]:
    """Return the least and the greatest finite value."""
    width, height = image.size
    rows = max(1, _BAND_PIXELS // max(width, 1))
    least, greatest = np.inf, -np.inf
    for top in range(0, height, rows):
        band = np.asarray(image.crop((0, top, width, min(top + rows, height))))
        finite = band[np.isfinite(band)]
        if finite.size:
            least, greatest = min(least, float(finite.min())), max(greatest, float(finite.max()))
    return (least, greatest) if least <= greatest else (0.0, 1.0)


def _band(band: Image.Image, span: tuple[float, float]) -> NDArray[np.uint8]:
    if band.mode in _SIXTEEN or band.mode in ("I", "F"):
        return _scaled(np.asarray(band), span)
    if has_alpha(band):
        return _over_white(np.asarray(band.convert("RGBA")))
    if band.mode == "LAB":
        return np.asarray(ImageCms.applyTransform(band, _lab_to_srgb()))
    return np.asarray(band.convert("RGB"))


def _scaled(values: NDArray[np.generic], span: tuple[float, float]) -> NDArray[np.uint8]:
    low, high = span
    scale = 255.0 / (high - low) if high > low else 0.0
    shifted = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low) - low
    gray = np.clip(np.rint(shifted * scale), 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def _over_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = rgba[..., 3:].astype(np.uint16)
    mixed = rgba[..., :3] * alpha + 255 * (255 - alpha)
    result: NDArray[np.uint8] = ((mixed + 127) // 255).astype(np.uint8)
    return result


@cache
def _lab_to_srgb() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
