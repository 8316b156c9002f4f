"""The JPEG quality that the pixels of a picture remember.

Quantized coefficients lie on multiples of a step, also after a later, finer compression (Z. Fan and R. L. de Queiroz,
"Identification of bitmap compression history", IEEE TIP 2003, doi:10.1109/TIP.2002.807361). The magnitudes of a few low
frequencies are counted, and the longest period on whose multiples they gather tells the coarsest compression.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.block_waves import BLOCK, WAVES, fill_bins
from imgsieve.features.tiles import TILE

__all__ = ["count_tile", "empty_counts", "grids_of", "past_quality"]

_BINS = 320
"""Histogram of the magnitudes of coefficients, in quarters of a unit; larger ones gather behind it."""

_LAST_BIN = np.float32(_BINS)

_STEPS = np.array([11, 10, 12, 12, 14], np.float32)
"""Steps of the waves, which carry enough energy to be asked, in the JPEG standard's luminance table."""

_COARSE = 0.7
"""Steps relative to the standard table's: those of a JPEG quality of 65."""

_AGREEING = 1.15
"""Steps that differ by less tell one quality."""

_LEAST_SHARE = np.float32(0.45)
_LEAST_COUNT = 40
"""Coefficients beyond the first half period that must speak."""


def _candidates() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return periods to look for, from 3 to 40, and the cosine of each at the centers of the histogram's bins."""
    periods = np.float32(3.0) * np.float32(1.035) ** np.arange(76, dtype=np.float32)
    centers = np.arange(_BINS, dtype=np.float32) / 4
    return periods, np.cos(2 * np.pi * centers[None, :] / periods[:, None]).astype(np.float32)


_PERIODS, _COSINES = _candidates()


@njit(nogil=True, cache=True)
def grids_of(height: int, width: int) -> NDArray[np.int64]:
    """Return where the grid of an earlier compression may start: shape (n, 2), row and column, n from 1 to 4.

    It starts at the corner, or, in a picture that was turned or mirrored since, so that it ends at the far edges.
    """
    grids, count = np.zeros((4, 2), np.int64), 0
    for row in (0, height % 8):
        for column in (0, width % 8):
            known = False
            for k in range(count):
                known |= grids[k, 0] == row and grids[k, 1] == column
            if not known:
                grids[count] = row, column
                count += 1
    return grids[:count]


@njit(nogil=True, cache=True)
def empty_counts(grids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the counts of no tiles: zeros, by grid, frequency and bin."""
    return np.zeros((len(grids), WAVES, _BINS + 1), np.float32)


@njit(nogil=True, cache=True)
def count_tile(memory: NDArray[np.float32], grids: NDArray[np.int64], counts: NDArray[np.float32]) -> None:
    """Add the magnitudes of the coefficients of a tile to the counts, on each grid.

    Parameters
    ----------
    memory
        Shape (64 * 64 + 8,), float32: luma of a tile, at multiples of 8 pixels from the corner of the picture, and
        numbers that are read and do not count.
    grids, counts
        See `grids_of` and `empty_counts`.
    """
    bins = np.empty(WAVES * BLOCK, np.int32)
    for k in range(len(grids)):
        blocks = (TILE - grids[k, 1]) // BLOCK
        for top in range(grids[k, 0], TILE - BLOCK + 1, BLOCK):
            fill_bins(memory, top * TILE + grids[k, 1], TILE, bins, _LAST_BIN)
            for wave in range(WAVES):
                heard = counts[k, wave]
                for block in range(blocks):
                    heard[np.uint32(bins[wave * BLOCK + block])] += np.float32(1)


@njit(nogil=True, cache=True)
def past_quality(counts: NDArray[np.float32]) -> int:
    """Return the lowest JPEG quality, 1 to 100, that the counts of any grid tell, 0 for none."""
    lowest = 0
    for k in range(len(counts)):
        quality = _vote(counts[k])
        if quality > 0 and (lowest == 0 or quality < lowest):
            lowest = quality
    return lowest


@njit(nogil=True, cache=True, fastmath=True)
def _vote(counts: NDArray[np.float32]) -> int:
    """Turn the periods of the frequencies into one JPEG quality, 0 when fewer than three have one.

    Steps of a coarse compression are few over the range of magnitudes, so one period may be too long by chance: when
    all others agree, it is left out.
    """
    ratios, votes = np.empty(WAVES, np.float64), 0
    for k in range(WAVES):
        period = _longest_period(counts[k, :_BINS])
        if period > 0.0:
            ratios[votes] = period / _STEPS[k]
            votes += 1
        elif k - votes >= 2:
            return 0
    found = np.sort(ratios[:votes])
    if votes > 3 and found[0] > _COARSE and found[votes - 2] < _AGREEING * found[0]:
        found = found[:-1]
    percent = 100.0 * found.mean()
    quality = 5000.0 / percent if percent > 100.0 else (200.0 - percent) / 2.0
    return int(min(100.0, max(1.0, quality + 0.5)))


@njit(nogil=True, cache=True, fastmath=True)
def _longest_period(counts: NDArray[np.float32]) -> float:
    """Return the longest period on whose multiples magnitudes lie, 0 when there is none."""
    best, best_strength = 0.0, _LEAST_SHARE
    start, beyond = _BINS, np.float32(0)
    top = _BINS
    while top > 0 and counts[top - 1] == 0:
        top -= 1
    for k in range(_PERIODS.size - 1, -1, -1):
        first = int(_PERIODS[k] * 2) + 1
        while start > first:
            start -= 1
            beyond += counts[start]
        if beyond < _LEAST_COUNT:
            continue
        total = np.float32(0)
        heard, wave = counts[first:top], _COSINES[k, first:top]
        for i in range(heard.size):
            total += heard[i] * wave[i]
        strength = total / beyond
        if strength > best_strength:
            best, best_strength = float(_PERIODS[k]), strength
        elif best > 0.0 and _PERIODS[k] < 0.8 * best:
            break
    return best
