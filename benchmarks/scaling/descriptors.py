"""Made-up descriptors of whole pictures: strangers are as alike as those of photographs, copies by their wear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from imgsieve.features.descriptor import UNIT
from imgsieve.schema import DESCRIPTOR_BYTES
from scaling.randomness import mixed

__all__ = ["descriptors"]

_KINDS = ((1_000, 0.50), (10_000, 0.12), (100_000, 0.10))
"""Of pictures: how many there are, and by how much the cosine of two of one kind is larger. One pair of strangers in
so many thus reaches 0.50, 0.62 and 0.72, as was measured of photographs."""

_WEAR = 0.75
"""Of a copy of most bits apart, against the length of its original."""

_MOST_BITS = 64


def descriptors(images: NDArray[np.int64], sources: NDArray[np.int64], bits: NDArray[np.int16]) -> NDArray[np.int8]:
    """Make up descriptors: shape (n, 128), int8.

    Parameters
    ----------
    images, sources
        Shape (n,): each image, and the one it is a copy of, or itself.
    bits
        Shape (n,): how far apart their codes are.
    """
    own = 1 - sum(share for _, share in _KINDS)
    total = np.sqrt(own) * _normal(sources, 0)
    for place, (count, share) in enumerate(_KINDS):
        kinds = (mixed(sources, 20 + place) % np.uint64(count)).astype(np.int64)
        total += np.sqrt(share) * _normal(kinds, 1 + place)
    wear = np.where(images == sources, 0, 0.1 + _WEAR * np.minimum(bits / _MOST_BITS, 1))
    total += wear[:, None] * _normal(images, 9)
    return np.rint(UNIT * total / np.linalg.norm(total, axis=1, keepdims=True)).clip(-127, 127).astype(np.int8)


def _normal(keys: NDArray[np.int64], purpose: int) -> NDArray[np.float64]:
    """Return normal random vectors of unit length on average, one a key: shape (n, 128)."""
    numbers = keys[:, None] * DESCRIPTOR_BYTES + np.arange(DESCRIPTOR_BYTES)
    shares = ((mixed(numbers, purpose) >> np.uint64(12)).astype(np.float64) + 0.5) / float(1 << 52)
    return np.asarray(ndtri(shares) / np.sqrt(DESCRIPTOR_BYTES))
