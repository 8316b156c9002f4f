"""The nearest neighbors found so far of many pictures, a fixed number each, whatever the order in which they come."""

from __future__ import annotations

import threading

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Nearest"]

_FAR = 1 << 14
_NOBODY = -1


class Nearest:
    """The closest neighbors of pictures, each neighbor once.

    Parameters
    ----------
    pictures
        How many there are.
    neighbors
        How many of each picture are kept: those of the smallest distance; of equal ones, those of the lowest row.
    radius
        Largest distance in bits.
    """

    def __init__(self, pictures: int, neighbors: int, radius: int) -> None:
        self._lock = threading.Lock()
        self.rows = np.full((pictures, neighbors), _NOBODY, np.int32)
        """Shape (pictures, neighbors): rows of the neighbors, -1 for none, in no order."""
        self.bits = np.full((pictures, neighbors), _FAR, np.int16)
        """Distances, in bits."""
        self.kinds = np.zeros((pictures, neighbors), np.int8)
        """Which of the picture's codes met the neighbor; of equally near ones the first."""
        self.limits = np.full(pictures, radius, np.int16)
        """Shape (pictures,): what is farther is of no more interest."""

    @staticmethod
    def bytes_each(neighbors: int) -> int:
        """Return the bytes that a picture takes."""
        return neighbors * (4 + 2 + 1) + 2

    def offer(
        self, pictures: NDArray[np.int32], rows: NDArray[np.int32], bits: NDArray[np.int16], kinds: NDArray[np.int8]
    ) -> None:
        """Take in neighbors that were found; any thread may call this."""
        with self._lock:
            _offer(pictures, rows, bits, kinds, self.rows, self.bits, self.kinds, self.limits)

    def pairs(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16], NDArray[np.int8]]:
        """Return all that was kept: pictures, rows of their neighbors, distances, and kinds."""
        pictures, places = np.nonzero(self.rows != _NOBODY)
        at = (pictures, places)
        return pictures.astype(np.int32), self.rows[at], self.bits[at], self.kinds[at]


@njit(nogil=True, cache=True)
def _offer(
    pictures: NDArray[np.int32],
    rows: NDArray[np.int32],
    bits: NDArray[np.int16],
    kinds: NDArray[np.int8],
    kept_rows: NDArray[np.int32],
    kept_bits: NDArray[np.int16],
    kept_kinds: NDArray[np.int8],
    limits: NDArray[np.int16],
) -> None:
    """Put neighbors in the place of farther ones."""
    room = kept_rows.shape[1]
    for at in range(pictures.size):
        picture, row, apart, kind = pictures[at], rows[at], bits[at], kinds[at]
        if apart > limits[picture]:
            continue
        place, worst = -1, 0
        for k in range(room):
            if kept_rows[picture, k] == row:
                place = k
            # The farthest goes first, of equally far ones that of the highest row, and an empty place before all.
            further = kept_bits[picture, k] - kept_bits[picture, worst]
            if further > 0 or (further == 0 and kept_rows[picture, k] > kept_rows[picture, worst]):
                worst = k
        if place >= 0:
            known = kept_bits[picture, place]
            if apart < known or (apart == known and kind < kept_kinds[picture, place]):
                kept_bits[picture, place], kept_kinds[picture, place] = apart, kind
            else:
                continue
        else:
            last = kept_bits[picture, worst]
            if apart > last or (apart == last and row > kept_rows[picture, worst]):
                continue
            kept_rows[picture, worst], kept_bits[picture, worst], kept_kinds[picture, worst] = row, apart, kind
        farthest = np.int16(0)
        for k in range(room):
            farthest = max(farthest, kept_bits[picture, k])
        limits[picture] = min(limits[picture], farthest)
