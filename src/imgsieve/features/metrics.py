"""Metrics of the technical quality of one picture, measured on tiles of its decoded pixels.

At most nine tiles of 64 x 64 pixels, spread evenly and aligned to the grid of 8 x 8 blocks, stand for the picture, so
the cost does not grow with its size.

- *detail*: how much of the pixel count is true detail. The mean square difference of pixels ``r`` apart grows like
  ``r`` or slower in a sharp picture and like the square of ``r`` in a smooth one; octaves in which it grows like the
  square are empty, as after enlarging or blurring, and one in which it hardly grows was lifted by sharpening or noise.
- *noise*: J. Immerkaer, "Fast Noise Variance Estimation", CVIU 1996, doi:10.1006/cviu.1996.0060, on the calmest tiles.
- *blockiness*: steps at the borders of 8 x 8 blocks against those elsewhere.
- *past quality*: the JPEG quality that the coefficients remember; see `imgsieve.features.compression`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.compression import count_tile, empty_counts, grids_of, past_quality
from imgsieve.features.tiles import TILE, fill_tile, tile_count

__all__ = ["Metrics", "Numbers", "measure", "measure_tiles", "metrics_of"]

_LAGS = (1, 2, 4, 8)

_BEYOND = _LAGS[-1]
"""Numbers behind a tile that loops over whole lines read, and that do not count."""


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


Numbers = tuple[float, float, float, float, float, int]
"""Detail, sharpness, noise, the share of clipped pixels, blockiness, and past quality."""


def measure(pixels: NDArray[np.uint8]) -> Metrics:
    """Measure a decoded picture.

    Parameters
    ----------
    pixels
        Shape (h, w, 3), uint8 RGB.
    """
    return metrics_of(measure_tiles(pixels))


def metrics_of(numbers: Numbers) -> Metrics:
    """Give the numbers of `measure_tiles` their names."""
    detail, sharpness, noise, clipped, blockiness, quality = numbers
    return Metrics(
        detail=detail,
        sharpness=sharpness,
        blockiness=blockiness,
        noise=noise,
        clipped=clipped,
        past_quality=quality,
    )


@njit(nogil=True, cache=True)
def measure_tiles(pixels: NDArray[np.uint8]) -> Numbers:
    """Measure a picture of shape (h, w, 3), uint8 RGB."""
    h, w = pixels.shape[:2]
    tiles = tile_count(h, w)
    memory = np.zeros(TILE * TILE + _BEYOND, np.float32)
    tile = memory[: TILE * TILE].reshape(TILE, TILE)
    squares = np.zeros((len(_LAGS), 2), np.float64)
    noises = np.empty(tiles, np.float64)
    across, down = np.zeros(TILE, np.float32), np.zeros(TILE - 1, np.float32)
    grids = grids_of(h, w)
    counts = empty_counts(grids)
    clipped = 0
    # Tile by tile, so that one tile is all that the measures read.
    for n in range(tiles):
        fill_tile(pixels, n, tile)
        for k in range(len(_LAGS)):
            _add_squares(memory, _LAGS[k], n % 3, squares[k])
        noises[n] = _noise(memory)
        clipped += _clipped(tile)
        _add_steps(memory, across, down)
        count_tile(memory, grids, counts)
    detail, sharpness = _detail(squares, tiles)
    noises.sort()
    noise = noises[min(1, tiles - 1)]
    return detail, sharpness, noise, clipped / (tiles * TILE * TILE), _blockiness(across, down), past_quality(counts)


@njit(nogil=True, cache=True, fastmath=True)
def _ones(count: int) -> NDArray[np.float32]:
    """Return the weights of a line of which the first ``count`` pixels count: loops over whole lines need no rest."""
    weights = np.zeros(TILE, np.float32)
    weights[:count] = 1
    return weights


@njit(nogil=True, cache=True, fastmath=True)
def _add_squares(memory: NDArray[np.float32], lag: int, first: int, squares: NDArray[np.float64]) -> None:
    """Add the mean square difference of pixels ``lag`` apart, along rows and along columns.

    Every third row is asked: a third of the work, and each row of the grid of 8 x 8 blocks in its turn. ``memory``
    holds the pixels of a tile and `_BEYOND` more.
    """
    width, asked = TILE - lag, 0
    along, down = 0.0, 0.0
    weights = _ones(width)
    for y in range(first, width, 3):
        start = y * TILE
        line, following = memory[start : start + TILE], memory[start + lag : start + lag + TILE]
        below = memory[start + lag * TILE : start + lag * TILE + TILE]
        partial_along, partial_down = np.float32(0), np.float32(0)
        for x in range(TILE):
            across, under = weights[x] * (following[x] - line[x]), weights[x] * (below[x] - line[x])
            partial_along += across * across
            partial_down += under * under
        along += float(partial_along)
        down += float(partial_down)
        asked += width
    squares[0] += along / asked
    squares[1] += down / asked


@njit(nogil=True, cache=True)
def _detail(squares: NDArray[np.float64], tiles: int) -> tuple[float, float]:
    """Return detail and sharpness from sums of mean square differences, by lag and direction."""
    lost = 0.0
    for k in range(1, len(squares)):
        for direction in range(2):
            lost += _empty_octave(squares[k - 1, direction] / tiles, squares[k, direction] / tiles)
    for direction in range(2):
        lost += _lifted_octave(squares[-2, direction] / tiles, squares[-1, direction] / tiles)
    return 2.0**-lost, np.sqrt((squares[0, 0] + squares[0, 1]) / (2 * tiles))


@njit(nogil=True, cache=True)
def _empty_octave(near: float, far: float) -> float:
    """Return how empty an octave is, 0 to 1, from the mean square differences at its two lags."""
    if near <= 1e-6:
        return 1.0 if far > 1e-6 else 0.0
    slope = np.log2(max(far, 1e-12) / near)
    return float(min(1.0, max(0.0, (slope - 1.1) / 0.8)))


@njit(nogil=True, cache=True)
def _lifted_octave(near: float, far: float) -> float:
    """Return how much of an octave is owed to sharpening or noise, 0 to 1: differences hardly grow over it then."""
    if near <= 1e-6:
        return 0.0
    slope = np.log2(max(far, 1e-12) / near)
    return float(min(1.0, max(0.0, 1.0 - slope / 0.6)))


@njit(nogil=True, cache=True, fastmath=True)
def _clipped(tile: NDArray[np.float32]) -> int:
    """Return how many pixels lie at the ends of the range."""
    count = np.int32(0)
    flat = tile.reshape(tile.size)
    for i in range(flat.size):
        count = np.int32(count + np.int32((flat[i] <= np.float32(1)) | (flat[i] >= np.float32(254))))
    return int(count)


@njit(nogil=True, cache=True, fastmath=True)
def _noise(memory: NDArray[np.float32]) -> float:
    """Return the noise of a tile, from every third row; ``memory`` is as for `_add_squares`."""
    width, total, asked = TILE - 2, 0.0, 0
    weights, two = _ones(width), np.float32(2)
    for y in range(1, TILE - 1, 3):
        start = y * TILE
        up, line, below = memory[start - TILE :], memory[start:], memory[start + TILE :]
        partial = np.float32(0)
        for x in range(TILE):
            # The mask is [1, -2, 1] along columns and along rows.
            before = up[x] + below[x] - two * line[x]
            middle = up[x + 1] + below[x + 1] - two * line[x + 1]
            after = up[x + 2] + below[x + 2] - two * line[x + 2]
            partial += weights[x] * abs(before + after - two * middle)
        total += float(partial)
        asked += width
    return float(total * np.sqrt(np.pi / 2) / (6 * asked))


@njit(nogil=True, cache=True, fastmath=True)
def _add_steps(memory: NDArray[np.float32], across: NDArray[np.float32], down: NDArray[np.float32]) -> None:
    """Add the steps between neighbors to sums by the column before them, and by the row behind them.

    The last sum of ``across`` means nothing. ``memory`` is as for `_add_squares`.
    """
    for y in range(1, TILE):
        start = y * TILE
        line, following = memory[start : start + TILE], memory[start + 1 : start + 1 + TILE]
        above = memory[start - TILE : start]
        step = np.float32(0)
        for x in range(TILE):
            across[x] += abs(following[x] - line[x])
            step += abs(line[x] - above[x])
        # The first column has no step across, so it does not count here either.
        down[y - 1] += step - abs(line[0] - above[0])


@njit(nogil=True, cache=True, fastmath=True)
def _blockiness(across: NDArray[np.float32], down: NDArray[np.float32]) -> float:
    """Return by which share steps at the borders of 8 x 8 blocks exceed those elsewhere; 0 when they do not."""
    width = down.size
    border, everywhere = 0.0, 0.0
    for x in range(width):
        everywhere += (across[x] + down[x]) / width
    for x in range(7, width, 8):
        border += (across[x] + down[x]) / (width // 8)
    return max(0.0, border / everywhere - 1.0) if everywhere > 1.0 else 0.0
