"""Metrics of the technical quality of one picture, measured on tiles of its decoded pixels.

At most nine tiles of 64 x 64 pixels, spread evenly and aligned to the grid of 8 x 8 blocks, stand for the picture, so
the cost does not grow with its size.

- *detail*: how much of the pixel count is true detail. The mean square difference of pixels ``r`` apart grows like
  ``r`` or slower in a sharp picture and like the square of ``r`` in a smooth one; octaves in which it grows like the
  square are empty, as after enlarging or blurring.
- *noise*: J. Immerkaer, "Fast Noise Variance Estimation", CVIU 1996, doi:10.1006/cviu.1996.0060, on the calmest tiles.
- *blockiness*: steps at the borders of 8 x 8 blocks against those elsewhere.
- *past quality*: the JPEG quality that the coefficients remember. Quantized coefficients lie on multiples of a step,
  also after a later, finer compression (Z. Fan and R. L. de Queiroz, "Identification of bitmap compression history",
  IEEE TIP 2003, doi:10.1109/TIP.2002.807361); the longest period found tells the coarsest one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Metrics", "measure"]

TILE = 64
_TILES_A_SIDE = 3
_LAGS = (1, 2, 4, 8)
_BINS = 320
"""Histogram of the magnitudes of coefficients, in quarters of a unit."""


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


_STEPS = np.array([[0, 11, 10], [12, 12, 14], [14, 13, 16]], np.float32)
"""Steps of the lowest frequencies in the JPEG standard's luminance table, by row and column."""

_SPOKEN = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0))
"""Frequencies, by row and column, that carry enough energy to be asked."""


def _waves() -> NDArray[np.float32]:
    """Return the three longest waves of the 8-point DCT: shape (8, 3)."""
    n = np.arange(8)[:, None]
    waves = 0.5 * np.cos((2 * n + 1) * np.arange(3)[None, :] * np.pi / 16)
    waves[:, 0] = np.sqrt(1 / 8)
    return waves.astype(np.float32)


def _candidates() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return periods to look for, from 3 to 40, and the cosine of each at the centers of the histogram's bins."""
    periods = np.float32(3.0) * np.float32(1.035) ** np.arange(76, dtype=np.float32)
    centers = np.arange(_BINS, dtype=np.float32) / 4
    return periods, np.cos(2 * np.pi * centers[None, :] / periods[:, None]).astype(np.float32)


_WAVES = _waves()
_PERIODS, _COSINES = _candidates()


def measure(pixels: NDArray[np.uint8]) -> Metrics:
    """Measure a decoded picture.

    Parameters
    ----------
    pixels
        Shape (h, w, 3), uint8 RGB.
    """
    tiles = _tiles(pixels)
    detail, sharpness, noise, clipped, blockiness = _tile_figures(tiles)
    return Metrics(
        detail=detail,
        sharpness=sharpness,
        blockiness=blockiness,
        noise=noise,
        clipped=clipped,
        past_quality=_past_quality(tiles, *pixels.shape[:2]),
    )


def _past_quality(tiles: NDArray[np.float32], height: int, width: int) -> int:
    """Return the lowest JPEG quality that coefficients remember, 0 for none.

    The grid of an earlier compression starts at the corner, or, in a picture that was turned or mirrored since, so that
    it ends at the far edges.
    """
    found = [
        _quality_on_grid(tiles, row, column) for row in {0, height % 8} for column in {0, width % 8}
    ]
    return min((quality for quality in found if quality), default=0)


def _quality_on_grid(tiles: NDArray[np.float32], row: int, column: int) -> int:
    """Return the JPEG quality that coefficients on one grid remember, 0 for none."""
    rows, columns = (TILE - row) // 8, (TILE - column) // 8
    cut = tiles[:, row : row + 8 * rows, column : column + 8 * columns]
    across = np.ascontiguousarray(cut).reshape(-1, 8) @ _WAVES
    coefficients = _WAVES.T @ across.reshape(-1, 8, columns * 3)
    return int(_vote(np.abs(coefficients.reshape(-1, 3, columns, 3))))


@njit(nogil=True, cache=True, fastmath=True)
def _tiles(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Cut the luma of tiles out of a picture: shape (n, 64, 64), mirrored at the far edges of a small one."""
    h, w = pixels.shape[:2]
    rows = min(_TILES_A_SIDE, max(1, h // TILE))
    columns = min(_TILES_A_SIDE, max(1, w // TILE))
    out = np.empty((rows * columns, TILE, TILE), np.float32)
    for i in range(rows):
        top = max(0, (h - TILE) * i // max(1, rows - 1)) // 8 * 8 if rows > 1 else max(0, h - TILE) // 16 * 8
        for j in range(columns):
            left = max(0, (w - TILE) * j // max(1, columns - 1)) // 8 * 8 if columns > 1 else max(0, w - TILE) // 16 * 8
            tile = out[i * columns + j]
            for y in range(TILE):
                sy = top + y
                if sy >= h:
                    sy = max(0, 2 * h - 1 - sy)
                for x in range(TILE):
                    sx = left + x
                    if sx >= w:
                        sx = max(0, 2 * w - 1 - sx)
                    tile[y, x] = (
                        np.float32(0.299) * pixels[sy, sx, 0]
                        + np.float32(0.587) * pixels[sy, sx, 1]
                        + np.float32(0.114) * pixels[sy, sx, 2]
                    )
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _steps_at(tiles: NDArray[np.float32], lag: int) -> tuple[float, float]:
    """Return the mean square difference of pixels ``lag`` apart along rows and along columns."""
    along, down = 0.0, 0.0
    for n in range(tiles.shape[0]):
        tile = tiles[n]
        for y in range(TILE - lag):
            line, below = tile[y], tile[y + lag]
            partial_along, partial_down = np.float32(0), np.float32(0)
            for x in range(TILE - lag):
                across = line[x + lag] - line[x]
                under = below[x] - line[x]
                partial_along += across * across
                partial_down += under * under
            along += partial_along
            down += partial_down
    count = tiles.shape[0] * (TILE - lag) * (TILE - lag)
    return along / count, down / count


@njit(nogil=True, cache=True, fastmath=True)
def _noise(tiles: NDArray[np.float32]) -> float:
    """Return the noise of the second calmest tile (of the only one, if there is one)."""
    lowest = np.full(2, np.inf)
    for n in range(tiles.shape[0]):
        tile, total = tiles[n], 0.0
        for y in range(1, TILE - 1):
            up, line, below = tile[y - 1], tile[y], tile[y + 1]
            partial = np.float32(0)
            for x in range(1, TILE - 1):
                partial += abs(
                    up[x - 1] + up[x + 1] + below[x - 1] + below[x + 1]
                    - 2 * (up[x] + below[x] + line[x - 1] + line[x + 1])
                    + 4 * line[x]
                )
            total += partial
        value = total * np.sqrt(np.pi / 2) / (6 * (TILE - 2) ** 2)
        if value < lowest[0]:
            lowest[1], lowest[0] = lowest[0], value
        elif value < lowest[1]:
            lowest[1] = value
    return lowest[1] if tiles.shape[0] > 1 else lowest[0]


@njit(nogil=True, cache=True, fastmath=True)
def _tile_figures(tiles: NDArray[np.float32]) -> tuple[float, float, float, float, float]:
    """Return detail, sharpness, noise, the share of clipped pixels, and blockiness."""
    lost_along, lost_down = 0.0, 0.0
    before_along, before_down = _steps_at(tiles, 1)
    sharpness = np.sqrt((before_along + before_down) / 2)
    for lag in _LAGS[1:]:
        along, down = _steps_at(tiles, lag)
        lost_along += _empty_octave(before_along, along)
        lost_down += _empty_octave(before_down, down)
        before_along, before_down = along, down
    detail = 2.0 ** -(lost_along + lost_down)
    clipped = np.float32(0)
    for n in range(tiles.shape[0]):
        for y in range(TILE):
            line = tiles[n, y]
            for x in range(TILE):
                clipped += np.float32((line[x] <= 1.0) | (line[x] >= 254.0))
    return detail, sharpness, _noise(tiles), clipped / tiles.size, _blockiness(tiles)


@njit(nogil=True, cache=True)
def _empty_octave(near: float, far: float) -> float:
    """Return how empty an octave is, 0 to 1, from the mean square differences at its two lags."""
    if near <= 1e-6:
        return 1.0 if far > 1e-6 else 0.0
    slope = np.log2(far / near)
    return min(1.0, max(0.0, (slope - 1.1) / 0.8))


@njit(nogil=True, cache=True, fastmath=True)
def _blockiness(tiles: NDArray[np.float32]) -> float:
    """Return by which share steps at the borders of 8 x 8 blocks exceed those elsewhere; 0 when they do not."""
    down, across = np.zeros(TILE, np.float32), np.zeros(TILE, np.float32)
    for n in range(tiles.shape[0]):
        tile = tiles[n]
        for y in range(1, TILE):
            above, line = tile[y - 1], tile[y]
            step = np.float32(0)
            for x in range(1, TILE):
                across[x] += abs(line[x] - line[x - 1])
                step += abs(line[x] - above[x])
            down[y] += step
    border = across[8::8].mean() + down[8::8].mean()
    everywhere = across[1:].mean() + down[1:].mean()
    return max(0.0, border / everywhere - 1.0) if everywhere > 1.0 else 0.0


@njit(nogil=True, cache=True, fastmath=True)
def _vote(coefficients: NDArray[np.float32]) -> int:
    """Turn the periods of the frequencies into one JPEG quality, 0 when fewer than three have one.

    ``coefficients`` are magnitudes of shape (n, 3, columns, 3): block rows, frequency down, block columns, frequency
    across.
    """
    ratio, votes = 0.0, 0
    histogram = np.empty(_BINS, np.float32)
    for down, across in _SPOKEN:
        histogram[:] = 0
        for n in range(coefficients.shape[0]):
            for block in range(coefficients.shape[2]):
                place = int(coefficients[n, down, block, across] * 4 + 0.5)
                if place < _BINS:
                    histogram[place] += 1
        period = _longest_period(histogram)
        if period > 0.0:
            ratio += period / _STEPS[down, across]
            votes += 1
    if votes < 3:
        return 0
    percent = 100.0 * ratio / votes
    quality = 5000.0 / percent if percent > 100.0 else (200.0 - percent) / 2.0
    return int(min(100.0, max(1.0, quality + 0.5)))


@njit(nogil=True, cache=True, fastmath=True)
def _longest_period(histogram: NDArray[np.float32]) -> float:
    """Return the longest period on whose multiples magnitudes lie, 0 when there is none."""
    best = 0.0
    best_strength = np.float32(0.45)
    for k in range(_PERIODS.size - 1, -1, -1):
        start = int(_PERIODS[k] * 2)
        total, count = np.float32(0), np.float32(0)
        for i in range(start + 1, _BINS):
            total += histogram[i] * _COSINES[k, i]
            count += histogram[i]
        # Enough coefficients beyond the first half period must speak.
        if count < 40:
            continue
        strength = total / count
        if strength > best_strength:
            best, best_strength = float(_PERIODS[k]), strength
        elif best > 0.0 and _PERIODS[k] < 0.8 * best:
            break
    return best
