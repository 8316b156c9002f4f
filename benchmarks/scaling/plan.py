"""Who is a copy of whom, as a function of the number of an image alone: nothing is held for all images.

Every 1,000 images hold the same clusters, so whatever grows faster than the images does so by the search and not by
the data. Members of a cluster are consecutive *places*; a place is spread over all images by a multiplication modulo
their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

BLOCK = 1000
"""Images that hold one share of all clusters."""

CLUSTERS = ((2, 84), (3, 35), (4, 15), (5, 8), (6, 4), (50, 1))
"""Sizes of the clusters of a block, and how many there are: 147 originals and 300 copies."""

EQUAL, BLANK, WORD = 2, 1, 1
"""Images of a block whose codes are those of one picture; that are nearly blank; that share a 64-bit word."""

KINDS = ("single", "original", "exact", "worn", "turned", "cropped", "framed", "equal", "blank", "word")
"""What an image may be; its number is the place in this list."""

SINGLE, ORIGINAL, EXACT, WORN, TURNED, CROPPED, FRAMED, SAME, EMPTY, SKEWED = range(len(KINDS))


@dataclass(frozen=True)
class Plan:
    """Who is a copy of whom, among ``count`` images."""

    count: int
    factor: int
    """An image's place is its number times this, modulo the count."""
    inverse: int

    @classmethod
    def of(cls, count: int) -> Plan:
        """Return the plan of so many images."""
        factor = max(1, int(count * 0.6180339887))
        while gcd(factor, count) != 1:
            factor += 1
        return cls(count, factor, pow(factor, -1, count) if count > 1 else 0)

    def sources(self, images: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Say what images are made from, and what they are.

        Parameters
        ----------
        images
            Shape (n,), int64.

        Returns
        -------
        Shape (n,), int64: the image that each is a copy of, itself where it is none; -1 for those whose codes are
        equal, -2 for nearly blank ones. Shape (n,), int8: places in `KINDS`; copies are told by `WORN`, or `EXACT`.
        """
        places = images * self.factor % self.count
        whole = places < self.count // BLOCK * BLOCK
        slots = places % BLOCK
        kinds = np.where(whole, _KINDS[slots], SINGLE).astype(np.int8)
        heads = (places - np.where(whole, _BEHIND[slots], 0)) * self.inverse % self.count
        sources = np.where(kinds == SAME, -1, np.where(kinds == EMPTY, -2, heads))
        return sources.astype(np.int64), kinds


def _template() -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return, for each place of a block, how far behind its original it is, and its kind."""
    behind, kinds = np.zeros(BLOCK, np.int64), np.zeros(BLOCK, np.int8)
    at = 0
    for size, count in CLUSTERS:
        for _ in range(count):
            behind[at : at + size] = np.arange(size)
            kinds[at], kinds[at + 1 : at + size] = ORIGINAL, WORN
            if size == 3:
                kinds[at + 1] = EXACT
            at += size
    for kind, count in ((SAME, EQUAL), (EMPTY, BLANK), (SKEWED, WORD)):
        kinds[at : at + count] = kind
        at += count
    return behind, kinds


_BEHIND, _KINDS = _template()
