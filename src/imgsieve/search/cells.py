"""Cells of like vectors: which are compared with which where comparing each with each would take too long.

An inverted file (J. Sivic and A. Zisserman, "Video Google", ICCV 2003, doi:10.1109/ICCV.2003.1238663): centers are
found by k-means on a sample, each vector belongs to the cell of its nearest center, and is compared with the vectors of
the `PROBES` nearest cells. A pair is missed where neither lies in a cell that is near to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["PROBES", "cell_bytes", "cells_of"]

PROBES = 16
"""Cells that each vector is compared with, its own included. Of 974 near pairs of 100,000 made-up vectors of 128
dimensions in 200 cells, 4 a vector reach 0.967, 8 reach 0.990, and 16 all."""

_ROWS_A_CELL = 500
_MOST_CELLS = 4096
_SAMPLES_A_CELL = 40
_MOST_SAMPLES = 65_536
_BLOCK = 4096
_ROUNDS = 8
_SEED = 1234

_RANGES = 16
"""Lists of queries are made for a sixteenth of the cells at one time."""

Read = Callable[[NDArray[np.int64]], NDArray[np.float32]]
Task = tuple[NDArray[np.int64], NDArray[np.int64]]


def cells_of(
    rows: NDArray[np.int64], read: Read, *, rows_a_cell: int = _ROWS_A_CELL, probes: int = PROBES
) -> Iterator[Task]:
    """Yield, cell by cell, the vectors to compare with those of the cell, and the cell.

    Nothing depends on the number of threads: k-means and the choice of cells are done on one.

    Parameters
    ----------
    rows
        Shape (n,), int64: the vectors that take part.
    read
        Returns vectors by their rows: shape (m, d), float32.
    rows_a_cell
        Vectors of a cell, in the mean; more where there would be more than 4,096 cells.
    probes
        Cells that each is compared with.
    """
    import faiss  # noqa: PLC0415 - slow to import, and only models of the user's own need it

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        centers = _centers(rows, read, min(max(1, len(rows) // rows_a_cell), _MOST_CELLS))
        near = _nearest_centers(rows, read, centers, min(probes, len(centers)))
    finally:
        faiss.omp_set_num_threads(threads)
    step = -(-len(centers) // _RANGES)
    for low in range(0, len(centers), step):
        for asked, members in _lists(near, low, min(low + step, len(centers))):
            yield rows[asked], rows[members]


def cell_bytes(rows: int, dimensions: int) -> int:
    """Return what `cells_of` holds: the sample twice, centers three times, near cells of all vectors, and lists."""
    lists = rows * PROBES * (2 + 3 * 16 // _RANGES)
    return (2 * _MOST_SAMPLES + 3 * _MOST_CELLS) * dimensions * 4 + rows * PROBES * 2 + lists


def _centers(rows: NDArray[np.int64], read: Read, count: int) -> NDArray[np.float32]:
    """Return the centers that k-means finds on an even sample: shape (count, d), float32, of unit length."""
    import faiss  # noqa: PLC0415

    samples = min(len(rows), count * _SAMPLES_A_CELL, _MOST_SAMPLES)
    vectors = read(np.unique(rows[np.linspace(0, len(rows) - 1, samples).astype(np.int64)]))
    clustering = faiss.Kmeans(
        vectors.shape[1], count, niter=_ROUNDS, seed=_SEED, spherical=True, min_points_per_centroid=1
    )
    clustering.train(vectors)
    return np.asarray(clustering.centroids, np.float32)


def _nearest_centers(
    rows: NDArray[np.int64], read: Read, centers: NDArray[np.float32], count: int
) -> NDArray[np.uint16]:
    """Return the cells that vectors are nearest to, the nearest first: shape (n, count), uint16."""
    import faiss  # noqa: PLC0415

    index = faiss.IndexFlatIP(centers.shape[1])
    index.add(centers)
    near = np.empty((len(rows), count), np.uint16)
    # Blocks of one size, always: how a product is rounded may depend on the shape of its matrices.
    for at in range(0, len(rows), _BLOCK):
        near[at : at + _BLOCK] = index.search(read(rows[at : at + _BLOCK]), count)[1]
    return near


def _lists(near: NDArray[np.uint16], low: int, high: int) -> Iterator[Task]:
    """Yield, for each cell of a range, who is to be compared with it, and who is in it."""
    who, place = np.nonzero((near >= low) & (near < high))
    cell = near[who, place]
    order = np.argsort(cell, kind="stable")
    who, inside = who[order], place[order] == 0
    edges = np.searchsorted(cell[order], np.arange(low, high + 1))
    for first, last in pairwise(edges.tolist()):
        asked = who[first:last]
        members = asked[inside[first:last]]
        if len(members):
            yield asked, members
