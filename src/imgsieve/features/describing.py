"""All features of one decoded picture, from one small copy of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.color import color_signature
from imgsieve.features.layout import layout_of_means
from imgsieve.features.metrics import Metrics, measure
from imgsieve.features.reduction import SIDE as SMALL
from imgsieve.features.reduction import luma_of, small_picture
from imgsieve.features.regions import region_codes, trimmed_rectangle
from imgsieve.features.wavelet import SIDE, block_means, codes_of_means

__all__ = ["Description", "describe", "encode_thumbnail"]

THUMB_SIDE = 160
_THUMB_QUALITY = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Features of one picture; see the modules that compute them."""

    wavelet_codes: NDArray[np.uint8]
    """Shape (8, 32)."""
    region_codes: NDArray[np.uint8]
    """Shape (46, 32)."""
    trimmed: NDArray[np.uint8]
    """Shape (4,): top, left, bottom, right in 160ths of a side."""
    layout: NDArray[np.int8]
    """Shape (256,)."""
    color_signature: NDArray[np.uint8]
    """Shape (288,)."""
    brightness: float
    """Mean luma, 0 to 255."""
    contrast: float
    """Standard deviation of the luma of the small picture."""
    metrics: Metrics
    thumbnail: bytes | None
    """JPEG of at most 160 pixels a side."""


def describe(pixels: NDArray[np.uint8], *, thumbnail: bool) -> Description:
    """Compute all features of a decoded picture.

    Parameters
    ----------
    pixels
        Shape (h, w, 3), uint8 RGB, upright.
    thumbnail
        Whether a thumbnail is encoded as well.
    """
    h, w = pixels.shape[:2]
    small = small_picture(pixels)
    codes, regions, trimmed, layout, brightness, contrast = _describe_small(small, w / h)
    return Description(
        wavelet_codes=codes,
        region_codes=regions,
        trimmed=trimmed,
        layout=layout,
        color_signature=color_signature(small),
        brightness=brightness,
        contrast=contrast,
        metrics=measure(pixels),
        thumbnail=encode_thumbnail(small, w, h) if thumbnail else None,
    )


@njit(nogil=True, cache=True)
def _describe_small(
    small: NDArray[np.float32], aspect: float
) -> tuple[
    NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int8], float, float
]:
    """Return codes, region codes, trimmed rectangle, layout, mean and deviation of the luma."""
    luma = luma_of(small)
    integral = _integral(luma)
    borders = np.arange(SIDE + 1).astype(np.int32) * np.int32(SMALL // SIDE)
    means = block_means(integral, borders, borders)
    rectangle = trimmed_rectangle(luma)
    regions = region_codes(luma, integral, rectangle, aspect)
    trimmed = np.array(rectangle).astype(np.uint8)
    return codes_of_means(means), regions, trimmed, layout_of_means(means), luma.mean(), luma.std()


@njit(nogil=True, cache=True)
def _integral(luma: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the integral of a picture of shape (h, w): shape (h + 1, w + 1), float64."""
    h, w = luma.shape
    out = np.zeros((h + 1, w + 1), np.float64)
    for y in range(h):
        total = 0.0
        for x in range(w):
            total += luma[y, x]
            out[y + 1, x + 1] = out[y, x + 1] + total
    return out


def encode_thumbnail(small: NDArray[np.float32], width: int, height: int) -> bytes:
    """Encode a small picture, in the shape of the original, as JPEG.

    Parameters
    ----------
    small
        Shape (160, 160, 3), float32 RGB.
    width, height
        Size of the original, of which the shape is taken.
    """
    scale = THUMB_SIDE / max(width, height)
    size = (max(1, min(THUMB_SIDE, round(width * scale))), max(1, min(THUMB_SIDE, round(height * scale))))
    pixels = cv2.convertScaleAbs(small)
    if size != (SMALL, SMALL):
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
    encoded: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels), quality=_THUMB_QUALITY, colorspace="RGB", colorsubsampling="420", fastdct=True
    )
    return encoded
