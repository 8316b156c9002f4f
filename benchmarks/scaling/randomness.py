"""Random numbers for compiled loops: one stream an image, so that no image depends on how the work is cut.

Streams start from SplitMix64 (G. L. Steele, D. Lea and C. H. Flood, "Fast Splittable Pseudorandom Number Generators",
OOPSLA 2014, doi:10.1145/2660193.2660195), which also makes their numbers.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_PIECE = np.uint64(0xFFFF)


@njit(nogil=True, cache=True)
def word(state: NDArray[np.uint64]) -> np.uint64:
    """Return the next 64 random bits; the state has shape (1,)."""
    state[0] += _STEP
    mixed = state[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))


@njit(nogil=True, cache=True)
def start(state: NDArray[np.uint64], seed: int, image: int, purpose: int) -> None:
    """Begin the stream of an image for one purpose."""
    state[0] = np.uint64(seed)
    state[0] = word(state) ^ np.uint64(image)
    state[0] = word(state) ^ np.uint64(purpose)
    word(state)


@njit(nogil=True, cache=True)
def uniform(state: NDArray[np.uint64], low: float, high: float) -> np.float32:
    """Return a number from ``low`` to ``high``, all alike."""
    share = np.float32(word(state) >> np.uint64(40)) * np.float32(1 / 16777216)
    return np.float32(np.float32(low) + np.float32(high - low) * share)


@njit(nogil=True, cache=True)
def normal(state: NDArray[np.uint64]) -> np.float32:
    """Return a number of mean 0 and deviation 1, near to normal: the sum of four even ones."""
    bits = word(state)
    total = np.float32(0)
    for k in range(4):
        total += np.float32((bits >> np.uint64(16 * k)) & _PIECE)
    return np.float32((total * np.float32(1 / 65536) - np.float32(2)) * np.float32(1.7320508))


def mixed(keys: NDArray[np.int64], purpose: int) -> NDArray[np.uint64]:
    """Return 64 random bits a key, for a purpose from 0 to 63: SplitMix64's last steps."""
    bits = keys.astype(np.uint64) * np.uint64(64) + np.uint64(purpose)
    bits = (bits + _STEP) * np.uint64(0xD1342543DE82EF95)
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))


def shares(keys: NDArray[np.int64], purpose: int) -> NDArray[np.float64]:
    """Return a random number from 0 to 1 a key."""
    return (mixed(keys, purpose) >> np.uint64(11)) / float(1 << 53)
