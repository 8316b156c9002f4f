"""Stage 3, first part: how many corners of two pictures one map brings together.

Reads ``local_codes`` and ``local_places`` of both images of a pair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgsieve.features.local_codes import NO_CORNER, turned
from imgsieve.schema import LOCAL_CODE_BYTES, LOCAL_CODES, LOCAL_PLACE_BYTES
from imgsieve.stages.fitting import count_fitting

__all__ = ["Corners", "matches"]

_PAIRS = 256
"""Pairs whose codes are turned at a time, each bit of them a byte."""


@dataclass(frozen=True)
class Corners:
    """The local codes of some pictures."""

    codes: NDArray[np.uint8]
    """Shape (n, 80, 16)."""
    places: NDArray[np.uint8]
    """Shape (n, 80, 3)."""

    @classmethod
    def of(cls, codes: NDArray[np.uint8], places: NDArray[np.uint8]) -> Corners:
        """Take the columns of the features, shape (n, 1280) and (n, 240)."""
        return cls(codes.reshape(-1, LOCAL_CODES, LOCAL_CODE_BYTES), places.reshape(-1, LOCAL_CODES, LOCAL_PLACE_BYTES))

    def counts(self) -> NDArray[np.int64]:
        """Return how many corners each picture has."""
        return np.asarray((self.places[:, :, 2] != NO_CORNER).sum(axis=1))


def matches(
    one: Corners, other: Corners, orientations: NDArray[np.int8], radius: int
) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.float64]]:
    """Count the corners of pairs that one map brings together, and those that it should, and tell the map.

    Parameters
    ----------
    one, other
        Of both pictures of n pairs.
    orientations
        Shape (n,): turns the second picture into the first.
    radius
        Largest distance of a match, in bits.

    Returns
    -------
    Shape (n,), (n,) and (n, 3, 2); see `imgsieve.stages.fitting.count_fitting`.
    """
    found, visible = np.zeros(len(orientations), np.int16), np.zeros(len(orientations), np.int16)
    maps = np.zeros((len(orientations), 3, 2))
    for orientation in np.unique(orientations).tolist():
        alike = np.nonzero(orientations == orientation)[0]
        for first in range(0, len(alike), _PAIRS):
            rows = alike[first : first + _PAIRS]
            codes, places = turned(other.codes[rows], other.places[rows], orientation)
            found[rows], visible[rows], maps[rows] = count_fitting(
                np.ascontiguousarray(one.codes[rows]).view(np.uint64),
                np.ascontiguousarray(one.places[rows]),
                np.ascontiguousarray(codes).view(np.uint64),
                np.ascontiguousarray(places),
                radius,
            )
    return found, visible, maps
