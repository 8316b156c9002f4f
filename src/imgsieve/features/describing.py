"""All features of one decoded picture, from one small copy of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.color import color_signature
from imgsieve.features.descriptor import DescriptorNet
from imgsieve.features.layout import layout_of, true_size
from imgsieve.features.local_codes import local_codes
from imgsieve.features.metrics import Metrics, Numbers, measure_tiles, metrics_of
from imgsieve.features.reduction import SIDE as SMALL
from imgsieve.features.reduction import SmallPicture, large_enough, shrink
from imgsieve.features.regions import trimmed_code, trimmed_rectangle
from imgsieve.features.thumbnail import NO_PLANES, Planes, encode_planes, fill_planes, planes_for
from imgsieve.features.wavelet import SIDE, block_means, codes_of_means, fill_integral
from imgsieve.schema import LOCAL_CODE_BYTES, LOCAL_CODES, LOCAL_PLACE_BYTES

__all__ = ["Description", "describe"]

_Bytes = NDArray[np.uint8]
_Light = tuple[_Bytes, _Bytes, _Bytes, _Bytes, _Bytes, _Bytes, _Bytes, float, float]
"""Codes, trimmed rectangle and its code, local codes, places and size, layout, mean and deviation of a luma."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Features of one picture; see the modules that compute them."""

    wavelet_codes: NDArray[np.uint8]
    """Shape (8, 32)."""
    trimmed: NDArray[np.uint8]
    """Shape (4,): top, left, bottom, right in 160ths of a side."""
    trimmed_code: NDArray[np.uint8]
    """Shape (32,)."""
    local_codes: NDArray[np.uint8]
    """Shape (80, 16)."""
    local_places: NDArray[np.uint8]
    """Shape (80, 3)."""
    true_size: NDArray[np.uint8]
    """Shape (2,): height and width of the shape in which places are told."""
    layout: NDArray[np.uint8]
    """Shape (1024,)."""
    color_signature: NDArray[np.uint8]
    """Shape (288,)."""
    brightness: float
    """Mean luma, 0 to 255."""
    contrast: float
    """Standard deviation of the luma of the small picture."""
    metrics: Metrics
    descriptor: NDArray[np.int8] | None
    """Shape (128,); None without a net."""
    thumbnail: bytes | None
    """JPEG of at most 128 pixels a side."""


class _Buffers(threading.local):
    """What a thread uses again for each picture: fresh memory costs more than what is written there."""

    def __init__(self) -> None:
        self.small = SmallPicture()
        self.integral = np.zeros((SMALL + 1, SMALL + 1), np.int32)


_BUFFERS = _Buffers()


def describe(pixels: NDArray[np.uint8], *, thumbnail: bool, net: DescriptorNet | None = None) -> Description:
    """Compute all features of a decoded picture.

    Parameters
    ----------
    pixels
        Shape (h, w, 3), uint8 RGB, upright.
    thumbnail
        Whether a thumbnail is encoded as well.
    net
        What computes the descriptor; None for none.
    """
    h, w = pixels.shape[:2]
    small = _BUFFERS.small
    planes = planes_for(w, h) if thumbnail else NO_PLANES
    light, metrics = _describe(pixels, large_enough(pixels), small.luma, small.cells, _BUFFERS.integral, planes)
    codes, trimmed, inside, local, places, size, layout, brightness, contrast = light
    return Description(
        wavelet_codes=codes,
        trimmed=trimmed,
        trimmed_code=inside,
        local_codes=local,
        local_places=places,
        true_size=size,
        layout=layout,
        color_signature=color_signature(small.cells),
        descriptor=None if net is None else net.describe(small),
        brightness=brightness,
        contrast=contrast,
        thumbnail=encode_planes(planes) if thumbnail else None,
        metrics=metrics_of(metrics),
    )


@njit(nogil=True, cache=True)
def _describe(
    pixels: NDArray[np.uint8],
    enlarged: NDArray[np.uint8],
    luma: NDArray[np.float32],
    cells: NDArray[np.uint8],
    integral: NDArray[np.int32],
    planes: Planes,
) -> tuple[_Light, Numbers]:
    """Do all that is compiled in one call: entering one costs more than some of the parts."""
    shrink(enlarged, luma, cells)
    light = _describe_luma(luma, pixels.shape[1] / pixels.shape[0], integral)
    if planes[0].size:
        fill_planes(luma, cells, planes)
    return light, measure_tiles(pixels)


@njit(nogil=True, cache=True)
def _describe_luma(luma: NDArray[np.float32], aspect: float, integral: NDArray[np.int32]) -> _Light:
    """Describe a luma of shape (160, 160)."""
    fill_integral(luma, integral)
    borders = np.arange(SIDE + 1).astype(np.int32) * np.int32(SMALL // SIDE)
    means = block_means(integral, borders, borders)
    rectangle = trimmed_rectangle(luma)
    trimmed = np.array(rectangle).astype(np.uint8)
    inside = trimmed_code(integral, rectangle)
    local = np.empty((LOCAL_CODES, LOCAL_CODE_BYTES), np.uint8)
    places = np.empty((LOCAL_CODES, LOCAL_PLACE_BYTES), np.uint8)
    size = true_size(aspect)
    local_codes(luma, size, local, places)
    brightness, contrast = _spread(luma)
    shape, layout = np.array(size).astype(np.uint8), layout_of(luma)
    return codes_of_means(means), trimmed, inside, local, places, shape, layout, brightness, contrast


@njit(nogil=True, cache=True, fastmath=True)
def _spread(luma: NDArray[np.float32]) -> tuple[float, float]:
    """Return mean and standard deviation."""
    total, squares = 0.0, 0.0
    for y in range(luma.shape[0]):
        line = luma[y]
        sum_line, sum_squares = np.float32(0), np.float32(0)
        for x in range(line.size):
            value = line[x] - np.float32(128)
            sum_line += value
            sum_squares += value * value
        total += float(sum_line)
        squares += float(sum_squares)
    mean = total / luma.size
    return 128.0 + mean, np.sqrt(max(0.0, squares / luma.size - mean * mean))
