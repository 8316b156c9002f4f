"""Metrics of the technical quality of one picture, measured on tiles of its decoded pixels.

At most nine tiles of 64 x 64 pixels, spread evenly and aligned to the grid of 8 x 8 blocks, stand for the picture, so
the cost does not grow with its size.

- *detail*: how much of the pixel count is true detail. The mean square difference of pixels ``r`` apart grows like
  ``r`` or slower in a sharp picture and like the square of ``r`` in a smooth one; octaves in which it grows like the
  square are empty, as after enlarging or blurring.
- *noise*: J. Immerkaer, "Fast Noise Variance Estimation", CVIU 1996, doi:10.1006/cviu.1996.0060, on the calmest tiles.
- *blockiness*: steps at the borders of 8 x 8 blocks against those elsewhere.
- *past quality*: the JPEG quality that the coefficients remember; see `imgsieve.features.compression`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.compression import past_quality
from imgsieve.features.tiles import TILE, fill_tiles, tile_count

__all__ = ["Metrics", "measure"]

_LAGS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Technical quality of one picture, at the scale at which it was decoded."""

    detail: float
    """Share of the pixels that carries true detail, over 0 to 1."""
    sharpness: float
    """Root mean square step between neighboring pixels, in gray levels."""
    blockiness: float
    """How much larger steps are at the borders of 8 x 8 blocks, 0 for none."""
    noise: float
    """Standard deviation of noise in the calmest parts, in gray levels."""
    clipped: float
    """Share of pixels at the ends of the range, from 0 to 1."""
    past_quality: int
    """JPEG quality from 1 to 100 that the coefficients remember, 0 when they remember none."""


def measure(pixels: NDArray[np.uint8]) -> Metrics:
    """Measure a decoded picture.

    Parameters
    ----------
    pixels
        Shape (h, w, 3), uint8 RGB.
    """
    tiles = _BUFFERS.tiles[: tile_count(*pixels.shape[:2])]
    detail, sharpness, noise, clipped, blockiness, quality = _measure(pixels, tiles)
    return Metrics(
        detail=detail,
        sharpness=sharpness,
        blockiness=blockiness,
        noise=noise,
        clipped=clipped,
        past_quality=quality,
    )


class _Buffers(threading.local):
    """Tiles that a thread uses again for each picture."""

    def __init__(self) -> None:
        self.tiles = np.empty((9, TILE, TILE), np.float32)


_BUFFERS = _Buffers()


@njit(nogil=True, cache=True)
def _measure(
    pixels: NDArray[np.uint8], tiles: NDArray[np.float32]
) -> tuple[float, float, float, float, float, int]:
    """Return detail, sharpness, noise, the share of clipped pixels, blockiness, and past quality."""
    fill_tiles(pixels, tiles)
    detail, sharpness = _detail(tiles)
    quality = past_quality(tiles, pixels.shape[0], pixels.shape[1])
    return detail, sharpness, _noise(tiles), _clipped(tiles), _blockiness(tiles), quality


@njit(nogil=True, cache=True, fastmath=True)
def _steps_at(tiles: NDArray[np.float32], lag: int) -> tuple[float, float]:
    """Return the mean square difference of pixels ``lag`` apart along rows and along columns.

    Every third row is asked: a third of the work, and each row of the grid of 8 x 8 blocks in its turn.
    """
    along, down, count = 0.0, 0.0, 0
    width = TILE - lag
    for n in range(tiles.shape[0]):
        for y in range(n % 3, width, 3):
            line, following, below = tiles[n, y, :width], tiles[n, y, lag:], tiles[n, y + lag, :width]
            partial_along, partial_down = np.float32(0), np.float32(0)
            for x in range(width):
                across, under = following[x] - line[x], below[x] - line[x]
                partial_along += across * across
                partial_down += under * under
            along += partial_along
            down += partial_down
            count += width
    return along / count, down / count


@njit(nogil=True, cache=True)
def _detail(tiles: NDArray[np.float32]) -> tuple[float, float]:
    """Return detail and sharpness."""
    lost_along, lost_down = 0.0, 0.0
    before_along, before_down = _steps_at(tiles, 1)
    sharpness = np.sqrt((before_along + before_down) / 2)
    for lag in _LAGS[1:]:
        along, down = _steps_at(tiles, lag)
        lost_along += _empty_octave(before_along, along)
        lost_down += _empty_octave(before_down, down)
        before_along, before_down = along, down
    return 2.0 ** -(lost_along + lost_down), sharpness


@njit(nogil=True, cache=True)
def _empty_octave(near: float, far: float) -> float:
    """Return how empty an octave is, 0 to 1, from the mean square differences at its two lags."""
    if near <= 1e-6:
        return 1.0 if far > 1e-6 else 0.0
    slope = np.log2(max(far, 1e-12) / near)
    return min(1.0, max(0.0, (slope - 1.1) / 0.8))


@njit(nogil=True, cache=True, fastmath=True)
def _clipped(tiles: NDArray[np.float32]) -> float:
    """Return the share of pixels at the ends of the range."""
    count = np.int32(0)
    flat = tiles.reshape(tiles.size)
    for i in range(flat.size):
        count += np.int32((flat[i] <= np.float32(1)) | (flat[i] >= np.float32(254)))
    return count / tiles.size


@njit(nogil=True, cache=True, fastmath=True)
def _noise(tiles: NDArray[np.float32]) -> float:
    """Return the noise of the second calmest tile (of the only one, if there is one), from every third row."""
    lowest, second = np.inf, np.inf
    width = TILE - 2
    # The mask is [1, -2, 1] along columns, then along rows.
    bends = np.empty(TILE, np.float32)
    before, middle, after = bends[:width], bends[1 : width + 1], bends[2:]
    for n in range(tiles.shape[0]):
        tile, total = tiles[n], 0.0
        for y in range(1, TILE - 1, 3):
            up, line, below = tile[y - 1], tile[y], tile[y + 1]
            for x in range(TILE):
                bends[x] = up[x] - np.float32(2) * line[x] + below[x]
            partial = np.float32(0)
            for x in range(width):
                partial += abs(before[x] - np.float32(2) * middle[x] + after[x])
            total += partial
        value = total * np.sqrt(np.pi / 2) / (6 * width * len(range(1, TILE - 1, 3)))
        second = min(second, max(value, lowest))
        lowest = min(lowest, value)
    return second if tiles.shape[0] > 1 else lowest


@njit(nogil=True, cache=True, fastmath=True)
def _blockiness(tiles: NDArray[np.float32]) -> float:
    """Return by which share steps at the borders of 8 x 8 blocks exceed those elsewhere; 0 when they do not."""
    width = TILE - 1
    across, down = np.zeros(width, np.float32), np.zeros(width, np.float32)
    for n in range(tiles.shape[0]):
        for y in range(1, TILE):
            before, line, above = tiles[n, y, :width], tiles[n, y, 1:], tiles[n, y - 1, 1:]
            step = np.float32(0)
            for x in range(width):
                across[x] += abs(line[x] - before[x])
                step += abs(line[x] - above[x])
            down[y - 1] += step
    border, everywhere = 0.0, 0.0
    for x in range(width):
        everywhere += (across[x] + down[x]) / width
    borders = width // 8
    for x in range(7, width, 8):
        border += (across[x] + down[x]) / borders
    return max(0.0, border / everywhere - 1.0) if everywhere > 1.0 else 0.0
