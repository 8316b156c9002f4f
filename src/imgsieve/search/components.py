"""Images that proposals connect, found in one pass over the pairs.

Union by smaller number with path halving; R. E. Tarjan and J. van Leeuwen, "Worst-case analysis of set union
algorithms", J. ACM 1984, doi:10.1145/62.2160.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["IMAGE_BYTES", "Components"]

IMAGE_BYTES = 12
"""Bytes of each image, at the peak."""

_compiled: Any = numba.njit(cache=True, nogil=True)


class Components:
    """Connected components of images.

    Parameters
    ----------
    count
        Number of images.
    """

    def __init__(self, count: int) -> None:
        self._parent = np.arange(count, dtype=np.int32)
        self._pairs = np.zeros(count, np.int32)

    def join(self, a: NDArray[np.integer], b: NDArray[np.integer]) -> None:
        """Connect the images of pairs, ``a`` and ``b`` of shape (n,)."""
        _join(self._parent, self._pairs, a.astype(np.int64), b.astype(np.int64))

    def largest(self) -> int:
        """Return how many pairs the component with the most has."""
        return int(self._pairs.max(initial=0))

    def batches(self, most: int) -> tuple[NDArray[np.int32], int]:
        """Divide the components into batches, in the order of their first images.

        Parameters
        ----------
        most
            Pairs in a batch at most; a component with more is a batch of its own.

        Returns
        -------
        The batch of each image, shape (count,), -1 for images without a pair; and how many there are.
        """
        batch = np.full(len(self._parent), -1, np.int32)
        return batch, _divide(self._parent, self._pairs, batch, most)


@_compiled
def _root(parent: NDArray[np.int32], image: int) -> int:
    """Return the first image of a component."""
    while parent[image] != image:
        parent[image] = parent[parent[image]]
        image = parent[image]
    return image


@_compiled
def _join(parent: NDArray[np.int32], pairs: NDArray[np.int32], a: NDArray[np.int64], b: NDArray[np.int64]) -> None:
    """Connect images, counting the pairs at the root."""
    for i in range(len(a)):
        one, other = _root(parent, a[i]), _root(parent, b[i])
        low, high = min(one, other), max(one, other)
        parent[high] = low
        if low != high:
            pairs[low] += pairs[high]
        pairs[low] += 1


@_compiled
def _divide(parent: NDArray[np.int32], pairs: NDArray[np.int32], batch: NDArray[np.int32], most: int) -> int:
    """Give every image with a pair its batch, and return how many there are."""
    number, held = -1, most
    for image in range(len(parent)):
        root = _root(parent, image)
        if pairs[root] == 0:
            continue
        if root == image:
            if number < 0 or held + pairs[root] > most:
                number, held = number + 1, 0
            held += pairs[root]
        batch[image] = number if root == image else batch[root]
    return number + 1
