"""Matches of local codes that agree on one similarity: how many parts of two pictures lie alike.

Every two matches tell a scale and a rotation by where they lie, and each tells a scale by the levels on which its codes
were found. Matches vote for each other where all of this goes together (as in the voting of D. Lowe, IJCV 2004,
doi:10.1023/B:VISI.0000029664.99615.94, without its bins).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.local_codes import LEVEL_RATIO, PLACES

__all__ = ["agree", "count_votes"]

_LEAST_APART = 0.06 * PLACES
"""Two corners that are nearer than this tell no scale."""

_SCALE_TOLERANCE = 0.45 * np.log(2.0)
_LEAST_COSINE = 0.94
"""Of the angle by which the pictures are turned: 20 degrees."""

_MOST = 127
"""Votes that are counted at most."""

_LEVEL = np.log(LEVEL_RATIO)


@njit(nogil=True, cache=True)
def agree(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Return whether two matches, shape (6,) each, agree on one similarity and are of two corners in both pictures."""
    down_a, right_a = np.float64(other[0]) - np.float64(one[0]), np.float64(other[1]) - np.float64(one[1])
    down_b, right_b = np.float64(other[3]) - np.float64(one[3]), np.float64(other[4]) - np.float64(one[4])
    length_a, length_b = np.hypot(down_a, right_a), np.hypot(down_b, right_b)
    if length_a < _LEAST_APART or length_b < _LEAST_APART:
        return False
    if down_a * down_b + right_a * right_b < _LEAST_COSINE * length_a * length_b:
        return False
    scale = np.log(length_b / length_a)
    told = _LEVEL * (np.float64(one[5]) - np.float64(one[2]))
    told_other = _LEVEL * (np.float64(other[5]) - np.float64(other[2]))
    return bool(max(abs(scale - told), abs(scale - told_other)) <= _SCALE_TOLERANCE)


@njit(nogil=True, cache=True)
def _most_votes(places: NDArray[np.uint8], begin: int, end: int) -> int:
    """Return how many of some matches agree with the one that most agree with, itself counted; 0 for none."""
    most = 0
    for i in range(begin, end):
        if min(end - begin, _MOST) <= most:
            break
        votes = 1
        for j in range(begin, end):
            votes += agree(places[i], places[j])
        most = max(most, votes)
    return most


@njit(nogil=True, cache=True)
def count_votes(places: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.int8]:
    """Count the matches of pairs that agree on one similarity.

    Parameters
    ----------
    places
        Shape (m, 6): down, right and scale of a corner in both pictures.
    starts
        Shape (pairs + 1,): where the matches of each pair begin.

    Returns
    -------
    Shape (pairs,): 127 for more.
    """
    out = np.empty(starts.size - 1, np.int8)
    for k in range(out.size):
        out[k] = min(_most_votes(places, starts[k], starts[k + 1]), _MOST)
    return out
