"""Which bits of the codes make the substrings of a pigeonhole join.

Codes within r bits of each other agree, but for at most k bits, in one of m disjoint substrings if m (k + 1) > r: were
there k + 1 differences in each, there would be more than r in all. How the 256 bits are dealt out does not matter for
that, so it is chosen for speed: bits that go together are kept apart, which fills the buckets evenly. The method is
multi-index hashing: M. Norouzi, A. Punjani and D. J. Fleet, CVPR 2012, doi:10.1109/CVPR.2012.6248043.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BITS", "Partition", "partition_for", "partition_of", "sample_rows"]

BITS = 256

_MOST_PARTS = 18
"""More would have too few bits each: 18 have 14."""

_MOST_BITS = 16
"""Bits of a substring at most, so that a key is a 16-bit number."""

_LEAST_BITS = 6

_SAMPLE = 2048
"""Codes from which it is learned which bits go together."""


@dataclass(frozen=True)
class Partition:
    """Disjoint substrings."""

    positions: NDArray[np.int64]
    """Shape (m, b): the bits of each; bit ``i % 8`` of byte ``i // 8``."""
    flips: int
    """Bits in which a pair may differ within a substring and still be found there."""

    @property
    def radius(self) -> int:
        """Largest distance within which every pair is found."""
        return len(self.positions) * (self.flips + 1) - 1

    @property
    def bits(self) -> int:
        """Bits of each substring."""
        return int(self.positions.shape[1])

    def masks(self) -> NDArray[np.uint64]:
        """Return the bits of each substring as words: shape (m, 4), uint64."""
        flags = np.zeros((len(self.positions), BITS), np.uint8)
        np.put_along_axis(flags, self.positions, 1, axis=1)
        return np.packbits(flags, axis=1, bitorder="little").view(np.uint64)

    def table(self, part: int) -> NDArray[np.uint16]:
        """Return what each value of each byte adds to the key of a substring: shape (32, 256), uint16."""
        table = np.zeros((BITS // 8, 256), np.uint16)
        values = np.arange(256)
        for place, bit in enumerate(self.positions[part].tolist()):
            table[bit // 8] += ((values >> (bit % 8) & 1) << place).astype(np.uint16)
        return table

    def near_keys(self, bits: int, flips: int) -> NDArray[np.int64]:
        """Return all numbers of so many bits of which at most ``flips`` are set, 0 first."""
        masks = [sum(1 << b for b in chosen) for k in range(flips + 1) for chosen in combinations(range(bits), k)]
        return np.array(masks, np.int64)


def partition_for(codes: NDArray[np.uint8], radius: int) -> Partition:
    """Choose the substrings for a join.

    Parameters
    ----------
    codes
        Shape (n, 32), uint8.
    radius
        Distance in bits within which every pair must be found, 0 to 127.
    """
    return partition_of(codes[sample_rows(len(codes))], len(codes), radius)


def sample_rows(count: int) -> NDArray[np.int64]:
    """Return the rows of so many codes from which their partition is chosen, increasing."""
    return np.arange(0, count, max(1, count // _SAMPLE))[:_SAMPLE]


def partition_of(sample: NDArray[np.uint8], count: int, radius: int) -> Partition:
    """Choose the substrings for a join of ``count`` codes of which a sample is given; see `partition_for`."""
    flips = -(-(radius + 1) // _MOST_PARTS) - 1
    parts = -(-(radius + 1) // (flips + 1))
    fitting = int(np.log2(max(count, 2))) - 5
    bits = min(BITS // parts, _MOST_BITS, max(_LEAST_BITS, fitting))
    return Partition(_dealt(_togetherness(sample), parts, bits), flips)


def _togetherness(codes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how far each bit tells each other one: squared correlations of shape (256, 256), 1 for constant bits."""
    flags = np.unpackbits(codes, axis=1, bitorder="little").astype(np.float32)
    flags -= flags.mean(axis=0) if len(flags) else np.float32(0)
    spread = np.sqrt((flags**2).mean(axis=0)) if len(flags) else np.zeros(BITS, np.float32)
    flags /= np.where(spread > 0, spread, np.float32(1))
    squares = (flags.T @ flags / np.float32(max(len(flags), 1))).astype(np.float64) ** 2
    # A constant bit tells nothing, like one that is told by all others.
    squares[spread == 0], squares[:, spread == 0] = 1.0, 1.0
    return np.asarray(np.round(squares, 6))


def _dealt(squares: NDArray[np.float64], parts: int, bits: int) -> NDArray[np.int64]:
    """Deal the bits out one by one, the most telling first, each to the part that tells least of it."""
    chosen: list[list[int]] = [[] for _ in range(parts)]
    told = np.zeros((parts, BITS))
    constant = squares.diagonal() * squares.sum(axis=1) >= BITS
    # Constant bits come last; they are used only where others do not suffice.
    for bit in np.lexsort((-squares.sum(axis=1), constant)).tolist():
        open_parts = [part for part in range(parts) if len(chosen[part]) < bits]
        if not open_parts:
            break
        best = min(open_parts, key=lambda part: (told[part, bit], len(chosen[part]), part))
        chosen[best].append(bit)
        told[best] += squares[bit]
    return np.array(chosen, np.int64)
