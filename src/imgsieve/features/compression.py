"""The JPEG quality that the pixels of a picture remember.

Quantized coefficients lie on multiples of a step, also after a later, finer compression (Z. Fan and R. L. de Queiroz,
"Identification of bitmap compression history", IEEE TIP 2003, doi:10.1109/TIP.2002.807361). The magnitudes of a few low
frequencies are counted, and the longest period on whose multiples they gather tells the coarsest compression.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.tiles import TILE

__all__ = ["count_tile", "empty_counts", "grids_of", "past_quality"]

_BINS = 320
"""Histogram of the magnitudes of coefficients, in quarters of a unit."""

_SPOKEN = 5
"""Frequencies that carry enough energy to be asked: (0, 1), (0, 2), (1, 0), (1, 1) and (2, 0), by row and column."""

_STEPS = np.array([11, 10, 12, 12, 14], np.float32)
"""Their steps in the JPEG standard's luminance table."""

_COARSE = 0.7
"""Steps relative to the standard table's: those of a JPEG quality of 65."""

_AGREEING = 1.15
"""Steps that differ by less tell one quality."""

_LEAST_SHARE = np.float32(0.45)
_LEAST_COUNT = 40
"""Coefficients beyond the first half period that must speak."""

_C1, _C2, _C3, _C5, _C6, _C7 = (np.float32(0.5 * np.cos(k * np.pi / 16)) for k in (1, 2, 3, 5, 6, 7))
_C0 = np.float32(np.sqrt(1 / 8))


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
    return np.zeros((len(grids), _SPOKEN, _BINS + 1), np.float32)


@njit(nogil=True, cache=True)
def count_tile(tile: NDArray[np.float32], grids: NDArray[np.int64], counts: NDArray[np.float32]) -> None:
    """Add the magnitudes of the coefficients of a tile to the counts, on each grid.

    Parameters
    ----------
    tile
        Shape (64, 64), float32: luma, at multiples of 8 pixels from the corner of the picture.
    grids, counts
        See `grids_of` and `empty_counts`.
    """
    waves = np.empty((3, TILE), np.float32)
    for k in range(len(grids)):
        for top in range(grids[k, 0], TILE - 7, 8):
            _transform_down(tile[top : top + 8], waves)
            for x in range(np.uint64(grids[k, 1]), np.uint64(TILE - 7), np.uint64(8)):
                _count_block(waves, x, counts[k])


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
def _transform_down(lines: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write the three longest waves of the 8-point DCT of the columns of eight lines: shape (3, 64)."""
    l0, l1, l2, l3, l4, l5, l6, l7 = lines[0], lines[1], lines[2], lines[3], lines[4], lines[5], lines[6], lines[7]
    even, odd, bent = out[0], out[1], out[2]
    for x in range(TILE):
        s0, s1, s2, s3 = l0[x] + l7[x], l1[x] + l6[x], l2[x] + l5[x], l3[x] + l4[x]
        even[x] = _C0 * (s0 + s1 + s2 + s3)
        odd[x] = _C1 * (l0[x] - l7[x]) + _C3 * (l1[x] - l6[x]) + _C5 * (l2[x] - l5[x]) + _C7 * (l3[x] - l4[x])
        bent[x] = _C2 * (s0 - s3) + _C6 * (s1 - s2)


@njit(nogil=True, cache=True, fastmath=True)
def _count_block(waves: NDArray[np.float32], x: int, counts: NDArray[np.float32]) -> None:
    """Transform eight columns across and count the magnitudes; an unsigned ``x`` spares a check at each place."""
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    even, odd, bent = waves[0], waves[1], waves[2]
    a0, a1, a2, a3 = even[x], even[x + one], even[x + two], even[x + three]
    b0, b1, b2, b3 = odd[x], odd[x + one], odd[x + two], odd[x + three]
    total = bent[x] + bent[x + one] + bent[x + two] + bent[x + three]
    y = x + four
    a4, a5, a6, a7 = even[y], even[y + one], even[y + two], even[y + three]
    b4, b5, b6, b7 = odd[y], odd[y + one], odd[y + two], odd[y + three]
    total += bent[y] + bent[y + one] + bent[y + two] + bent[y + three]
    _add(counts[0], _C1 * (a0 - a7) + _C3 * (a1 - a6) + _C5 * (a2 - a5) + _C7 * (a3 - a4))
    _add(counts[1], _C2 * (a0 + a7 - a3 - a4) + _C6 * (a1 + a6 - a2 - a5))
    _add(counts[2], _C0 * (b0 + b1 + b2 + b3 + b4 + b5 + b6 + b7))
    _add(counts[3], _C1 * (b0 - b7) + _C3 * (b1 - b6) + _C5 * (b2 - b5) + _C7 * (b3 - b4))
    _add(counts[4], _C0 * total)


@njit(nogil=True, cache=True, fastmath=True)
def _add(counts: NDArray[np.float32], value: np.float32) -> None:
    """Count one magnitude; those beyond the range gather in the last bin."""
    place = np.uint32(min(abs(value) * np.float32(4) + np.float32(0.5), np.float32(_BINS)))
    counts[place] += np.float32(1)


@njit(nogil=True, cache=True, fastmath=True)
def _vote(counts: NDArray[np.float32]) -> int:
    """Turn the periods of the frequencies into one JPEG quality, 0 when fewer than three have one.

    Steps of a coarse compression are few over the range of magnitudes, so one period may be too long by chance: when
    all others agree, it is left out.
    """
    ratios, votes = np.empty(_SPOKEN, np.float64), 0
    for k in range(_SPOKEN):
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
    for k in range(_PERIODS.size - 1, -1, -1):
        first = int(_PERIODS[k] * 2) + 1
        while start > first:
            start -= 1
            beyond += counts[start]
        if beyond < _LEAST_COUNT:
            continue
        total = np.float32(0)
        heard, wave = counts[first:], _COSINES[k, first:]
        for i in range(heard.size):
            total += heard[i] * wave[i]
        strength = total / beyond
        if strength > best_strength:
            best, best_strength = float(_PERIODS[k]), strength
        elif best > 0.0 and _PERIODS[k] < 0.8 * best:
            break
    return best
