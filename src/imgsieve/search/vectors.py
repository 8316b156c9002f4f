"""Near pairs among unit vectors, block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["near_pairs"]

_BLOCK = 4096


def near_pairs(
    vectors: NDArray[np.float32], neighbors: int, least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find pairs of vectors of which one is among the nearest of the other.

    Parameters
    ----------
    vectors
        Shape (n, d), float32, of unit length.
    neighbors
        How many nearest neighbors of each vector are looked at.
    least
        Smallest inner product of a pair.

    Returns
    -------
    Rows of both vectors of each pair, the lower first, each pair once, in order.
    """
    import faiss  # noqa: PLC0415 - slow to import, and only models of the user's own need it

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    found = []
    for first in range(0, len(vectors), _BLOCK):
        block = vectors[first : first + _BLOCK]
        products, rows = index.search(np.ascontiguousarray(block), min(neighbors + 1, len(vectors)))
        query, place = np.nonzero((products >= least) & (rows >= 0))
        one, other = query + first, rows[query, place]
        differ = one != other
        found.append(np.stack([np.minimum(one, other)[differ], np.maximum(one, other)[differ]], axis=1))
    pairs = np.unique(np.concatenate(found), axis=0) if found else np.empty((0, 2), np.int64)
    return pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)
