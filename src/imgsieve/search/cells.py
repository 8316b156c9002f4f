"""Cells of like vectors: which are compared with which where comparing each with each would take too long.

An inverted file (J. Sivic and A. Zisserman, "Video Google", ICCV 2003, doi:10.1109/ICCV.2003.1238663): centers are
found by k-means on a sample, each vector belongs to the cell of its nearest center, and the vectors of a cell are
compared with those of the cells that most of them are near to. What lies in a farther cell is missed; `PROBES` says how
much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["PROBES", "cells_of"]

PROBES = 32
"""Cells that each is compared with, itself included. On 300,000 made-up vectors of 128 dimensions in clusters, 0.99 of
the near pairs are found."""

_ROWS_A_CELL = 1000
_SAMPLES_A_CELL = 40
_VOTES = 24
"""Cells that each vector of a cell votes for."""

_BLOCK = 4096
_ROUNDS = 8
_SEED = 1234

Read = Callable[[NDArray[np.int64]], NDArray[np.float32]]


def cells_of(
    rows: NDArray[np.int64], read: Read, *, rows_a_cell: int = _ROWS_A_CELL, probes: int = PROBES
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield, cell by cell, its vectors and those that they are to be compared with.

    Nothing depends on the number of threads: k-means and the choice of cells are done on one.

    Parameters
    ----------
    rows
        Shape (n,), int64: the vectors that take part.
    read
        Returns vectors by their rows: shape (m, d), float32.
    rows_a_cell
        Vectors of a cell, in the mean.
    probes
        Cells that each is compared with.
    """
    import faiss  # noqa: PLC0415 - slow to import, and only models of the user's own need it

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        centers = _centers(rows, read, max(1, len(rows) // rows_a_cell))
        cell = _assigned(rows, read, centers)
        order = np.argsort(cell, kind="stable")
        edges = np.searchsorted(cell[order], np.arange(len(centers) + 1))
        near = [_voted(rows[order[a:b]], read, centers, probes) for a, b in pairwise(edges.tolist())]
    finally:
        faiss.omp_set_num_threads(threads)
    for number in range(len(centers)):
        mine = rows[order[edges[number] : edges[number + 1]]]
        if len(mine):
            members = [order[edges[other] : edges[other + 1]] for other in near[number].tolist()]
            yield mine, np.sort(rows[np.concatenate(members)])


def _centers(rows: NDArray[np.int64], read: Read, count: int) -> NDArray[np.float32]:
    """Return the centers that k-means finds on an even sample: shape (count, d), float32, of unit length."""
    import faiss  # noqa: PLC0415

    sample = rows[np.linspace(0, len(rows) - 1, min(len(rows), count * _SAMPLES_A_CELL)).astype(np.int64)]
    vectors = read(np.unique(sample))
    clustering = faiss.Kmeans(
        vectors.shape[1], count, niter=_ROUNDS, seed=_SEED, spherical=True, min_points_per_centroid=1
    )
    clustering.train(vectors)
    return np.asarray(clustering.centroids, np.float32)


def _assigned(rows: NDArray[np.int64], read: Read, centers: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the cell of each vector."""
    cell = np.empty(len(rows), np.int32)
    # Blocks of one size, always: how a product is rounded may depend on the shape of its matrices.
    for at in range(0, len(rows), _BLOCK):
        block = read(rows[at : at + _BLOCK])
        cell[at : at + len(block)] = _nearest_centers(block, centers, 1)[:, 0]
    return cell


def _voted(members: NDArray[np.int64], read: Read, centers: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the cells that most members of a cell are near to, their own among them: shape (count,) or less."""
    votes = np.zeros(len(centers), np.int64)
    for at in range(0, len(members), _BLOCK):
        near = _nearest_centers(read(members[at : at + _BLOCK]), centers, min(_VOTES, len(centers)))
        votes += np.bincount(near.ravel(), minlength=len(centers))
        # The nearest is the cell itself, which is never left out.
        votes[near[:, 0]] += len(members)
    chosen = np.argsort(-votes, kind="stable")[:count]
    return chosen[votes[chosen] > 0]


def _nearest_centers(vectors: NDArray[np.float32], centers: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the nearest centers of vectors: shape (n, count), int64."""
    import faiss  # noqa: PLC0415

    index = faiss.IndexFlatIP(centers.shape[1])
    index.add(centers)
    return np.asarray(index.search(vectors, count)[1], np.int64)
