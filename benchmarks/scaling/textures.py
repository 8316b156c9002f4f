"""Random fields with the spectra of photographs: amplitude falls with frequency, by a slope that varies.

See D. L. Ruderman and W. Bialek, "Statistics of natural images: scaling in the woods", Physical Review Letters 1994,
doi:10.1103/PhysRevLett.73.814. A field is a sum of octaves, each a random grid enlarged to the next.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scaling.randomness import normal, uniform, word

SIDE = 160
"""Side of a picture, in pixels: that of the project's small picture."""

COARSEST = 5
_BANK_SIDE = 1024

BANK = np.random.default_rng(20240229).standard_normal((_BANK_SIDE, _BANK_SIDE)).astype(np.float32)
"""White noise from which the two finest octaves are cut at random places: it costs less than making them."""


@njit(nogil=True, cache=True, fastmath=True)
def _enlarge(small: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Double the side of a field by bilinear interpolation."""
    side = small.shape[0]
    mixed = np.empty(side, np.float32)
    near, far = np.float32(0.75), np.float32(0.25)
    for y in range(2 * side):
        one = small[y // 2]
        other = small[min(max(y // 2 + (2 * (y % 2) - 1), 0), side - 1)]
        for x in range(side):
            mixed[x] = near * one[x] + far * other[x]
        line = out[y]
        line[0], line[2 * side - 1] = mixed[0], mixed[side - 1]
        for x in range(side - 1):
            line[2 * x + 1] = near * mixed[x] + far * mixed[x + 1]
            line[2 * x + 2] = far * mixed[x] + near * mixed[x + 1]


@njit(nogil=True, cache=True, fastmath=True)
def _add_grid(
    state: NDArray[np.uint64],
    field: NDArray[np.float32],
    size: np.float32,
    along: np.float32,
    busy: NDArray[np.float32],
) -> None:
    """Add a random grid whose neighbors in a row correlate by ``along``, stronger where it is busy."""
    side = field.shape[0]
    fresh = np.sqrt(np.float32(1) - along * along)
    for y in range(side):
        value = normal(state)
        for x in range(side):
            value = along * value + fresh * normal(state)
            field[y, x] += size * value * busy[y * COARSEST // side, x * COARSEST // side]


@njit(nogil=True, cache=True, fastmath=True)
def add_grain(
    state: NDArray[np.uint64], bank: NDArray[np.float32], field: NDArray[np.float32], size: np.float32
) -> None:
    """Add white noise of one deviation, cut from the bank."""
    side = field.shape[0]
    place = word(state)
    top = int(place % np.uint64(_BANK_SIDE - side))
    left = int((place >> np.uint64(32)) % np.uint64(_BANK_SIDE - side))
    for y in range(side):
        line, noise = field[y], bank[top + y, left : left + side]
        for x in range(side):
            line[x] += size * noise[x]


@njit(nogil=True, cache=True, fastmath=True)
def _add_busy_grain(
    state: NDArray[np.uint64],
    bank: NDArray[np.float32],
    field: NDArray[np.float32],
    size: np.float32,
    busy: NDArray[np.float32],
) -> None:
    """Add white noise, stronger where the picture is busy."""
    side = field.shape[0]
    place = word(state)
    top = int(place % np.uint64(_BANK_SIDE - side))
    left = int((place >> np.uint64(32)) % np.uint64(_BANK_SIDE - side))
    step = side // COARSEST
    for y in range(side):
        for cell in range(COARSEST):
            first = cell * step
            line, noise = field[y, first : first + step], bank[top + y, left + first : left + first + step]
            strength = size * busy[y // step, cell]
            for x in range(step):
                line[x] += strength * noise[x]


@njit(nogil=True, cache=True, fastmath=True)
def fill_texture(
    state: NDArray[np.uint64], bank: NDArray[np.float32], out: NDArray[np.float32], slope: float, uneven: float
) -> None:
    """Write a random field of mean near 0 and deviation near 1.

    Parameters
    ----------
    bank
        `BANK`; compiled code that held it as a constant could not be kept on disk.
    out
        Shape (160, 160), float32.
    slope
        Amplitude falls as frequency to the power of minus this; 1 gives all octaves one energy.
    uneven
        How much the strength of fine structure differs from place to place: deviation of its logarithm.
    """
    busy = np.ones((COARSEST, COARSEST), np.float32)
    field = np.zeros((COARSEST, COARSEST), np.float32)
    along = uniform(state, 0.0, 0.6)
    _add_grid(state, field, np.float32(1), along, busy)
    for y in range(COARSEST):
        for x in range(COARSEST):
            busy[y, x] = np.exp(np.float32(uneven) * normal(state) - np.float32(uneven * uneven / 2))
    size, energy = np.float32(1), np.float32(1)
    falling = np.float32(2.0 ** (1.0 - slope))
    side = COARSEST
    while side < SIDE:
        side *= 2
        size *= falling
        energy += size * size
        larger = out if side == SIDE else np.empty((side, side), np.float32)
        _enlarge(field, larger)
        if side <= SIDE // 4:
            _add_grid(state, larger, size, along, busy)
        else:
            _add_busy_grain(state, bank, larger, size, busy)
        field = larger
    scale = np.float32(1) / np.sqrt(energy)
    for y in range(SIDE):
        line = out[y]
        for x in range(SIDE):
            line[x] *= scale
