"""Near pairs among unit vectors that need not fit into memory: each with its nearest neighbors, block by block.

Vectors that are equal come first: all are paired with the first of them, and only that one is searched with. The rest
is compared exactly up to `EXACT_ROWS` vectors, beyond within cells of like vectors (`imgsieve.search.cells`).

faiss multiplies in single precision, and its last digits depend on how the work is cut. So it only proposes, a few more
than are wanted; products are then formed again in double precision in one order, and where the proposals cannot be
shown to hold all true neighbors, that vector is compared with all others. Results depend on the vectors alone.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import numpy as np
import xxhash
from numba import njit
from numpy.typing import NDArray

from imgsieve.search.cells import cell_bytes, cells_of

__all__ = ["EXACT_ROWS", "near_blocks", "near_pairs", "projected_bytes"]

EXACT_ROWS = 200_000
"""So many different vectors are compared each with each: 4 * 10^10 products, minutes on two cores at 512 dimensions."""

BLOCK_ROWS = 16_384
"""Vectors of the searched side that are in memory at one time."""

QUERY_ROWS = 4096

_EXTRA = 16
"""Neighbors that are looked at beyond those that are wanted, to be sure of them."""

_READ_ROWS = 256
"""Vectors that are read before their pages are dropped."""

_AROUND_BYTES = 64 * 1024
"""What the system maps of a file around each page that is asked for."""

_FAISS_BYTES = 64 * 1024**2
"""faiss itself: its products of 4096 by 1024 vectors, its threads, and BLAS's buffers."""

_UNIT = 2.0**-24
"""Relative error of one step in single precision."""

Vectors = NDArray[np.float16] | NDArray[np.float32]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


def near_pairs(vectors: Vectors, neighbors: int, least: float, *, threads: int = 1) -> Pairs:
    """Find pairs of vectors of which one is among the nearest of the other; see `near_blocks`.

    Returns
    -------
    Rows of both vectors of each pair, the lower first, each pair once, in order: shape (m,), int64, each.
    """
    found = [np.stack(pairs, axis=1) for pairs in near_blocks(vectors, neighbors, least, threads=threads)]
    pairs = np.unique(np.concatenate(found), axis=0) if found else np.empty((0, 2), np.int64)
    return pairs[:, 0], pairs[:, 1]


def near_blocks(
    vectors: Vectors,
    neighbors: int,
    least: float,
    *,
    threads: int = 1,
    block_rows: int = BLOCK_ROWS,
    exact_rows: int = EXACT_ROWS,
) -> Iterator[Pairs]:
    """Find pairs of vectors of which one is among the nearest of the other, a bounded number at a time.

    Of equal vectors, each is paired with the first, and only the first has and is a neighbor. Among products that are
    equal, the vector that comes first is nearer. Where cells are searched, the nearest of each cell are looked at.

    Parameters
    ----------
    vectors
        Shape (n, d), float16 or float32, of unit length; may be a memory map, whose pages are dropped after use.
    neighbors
        How many nearest neighbors of each vector are looked at.
    least
        Smallest inner product of a pair.
    threads
        Threads of faiss.
    block_rows
        Vectors of the searched side in memory at one time; never changes the result.
    exact_rows
        Up to so many different vectors the search is exact.

    Yields
    ------
    Rows of both vectors of pairs, the lower first: shape (m,), int64, each. A pair may come a second time, from its
    other side.
    """
    if not len(vectors):
        return
    import faiss  # noqa: PLC0415 - slow to import, and only models of the user's own need it

    faiss.omp_set_num_threads(threads)
    first = _first_equal(vectors)
    rows = np.arange(len(vectors))
    twins = np.nonzero(first != rows)[0]
    if least <= 1.0:
        yield first[twins], twins
    distinct = np.nonzero(first == rows)[0]
    for queries, others in _tasks(vectors, distinct, exact_rows):
        for at in range(0, len(queries), QUERY_ROWS):
            yield _near(vectors, queries[at : at + QUERY_ROWS], others, neighbors, least, block_rows)


def projected_bytes(
    rows: int, dimensions: int, neighbors: int, block_rows: int = BLOCK_ROWS, exact_rows: int = EXACT_ROWS
) -> int:
    """Return the most that `near_blocks` holds beyond a memory map of the vectors.

    Digests, their order and row numbers of all vectors; a block of vectors twice in single precision, once the queries
    and what is multiplied again, the neighbors of a block of queries, pages not dropped yet, and faiss itself.
    """
    blocks = min(rows, block_rows) * dimensions * 8 + (min(rows, QUERY_ROWS) + 4 * _READ_ROWS) * dimensions * 4
    found = QUERY_ROWS * (neighbors + 1 + _EXTRA) * 2 * 40
    cells = cell_bytes(rows, dimensions) if rows > exact_rows else 0
    return rows * 96 + cells + blocks + found + _READ_ROWS * _AROUND_BYTES + _FAISS_BYTES


def _tasks(
    vectors: Vectors, distinct: NDArray[np.int64], exact_rows: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield which vectors are to be compared with which."""
    if len(distinct) <= exact_rows:
        yield distinct, distinct
    else:
        yield from cells_of(distinct, lambda rows: _read(vectors, rows))


def _read(vectors: Vectors, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return vectors in single precision, and drop the pages that they were read from."""
    out = np.empty((len(rows), vectors.shape[1]), np.float32)
    pages = getattr(vectors, "_mmap", None)
    for at in range(0, len(rows), _READ_ROWS):
        out[at : at + _READ_ROWS] = vectors[rows[at : at + _READ_ROWS]]
        if isinstance(pages, mmap.mmap):
            pages.madvise(mmap.MADV_DONTNEED)
    return out


def _first_equal(vectors: Vectors) -> NDArray[np.int64]:
    """Return, for each vector, the first that is equal to it, by 128 bits of digest."""
    digests = np.empty((len(vectors), 2), np.uint64)
    for at in range(0, len(vectors), QUERY_ROWS):
        # Single precision tells apart whatever half precision does.
        block = _read(vectors, np.arange(at, min(at + QUERY_ROWS, len(vectors))))
        found = b"".join(xxhash.xxh3_128_digest(row.data) for row in block)
        digests[at : at + len(block)] = np.frombuffer(found, np.uint64).reshape(-1, 2)
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    ordered = digests[order]
    opens = np.ones(len(order), bool)
    opens[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(order), np.int64)
    # lexsort is stable, so the first of a run is the first of the rows.
    first[order] = order[opens][np.cumsum(opens) - 1]
    return first


def _near(
    vectors: Vectors,
    queries: NDArray[np.int64],
    others: NDArray[np.int64],
    neighbors: int,
    least: float,
    block_rows: int,
) -> Pairs:
    """Find the near pairs of one block of queries with ``others``, which may hold the queries themselves."""
    asked = _read(vectors, queries)
    wanted = min(neighbors + 1, len(others))
    rows, products = _proposed(vectors, asked, others, min(wanted + _EXTRA, len(others)), block_rows)
    # All that was not proposed is at most as near as the last that was, give or take what rounding can do.
    beyond = products[:, -1].astype(np.float64) + 2 * (asked.shape[1] + 2) * _UNIT
    exact = _exact_products(vectors, asked, rows)
    rows, exact = _nearest(rows, exact, wanted)
    sure = (rows.shape[1] == len(others)) | (exact[:, -1] > beyond) | (beyond < least)
    for query in np.nonzero(~sure)[0]:
        rows[query], exact[query] = _scan(vectors, asked[query], others, wanted, block_rows)
    lines, places = np.nonzero((exact >= least) & (rows != queries[:, None]))
    one, other = queries[lines], rows[lines, places]
    return np.minimum(one, other), np.maximum(one, other)


def _proposed(
    vectors: Vectors, asked: NDArray[np.float32], others: NDArray[np.int64], count: int, block_rows: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the rows that faiss finds nearest, and their products: shape (queries, count), the nearest first."""
    import faiss  # noqa: PLC0415

    rows = np.full((len(asked), count), -1, np.int64)
    products = np.full((len(asked), count), -np.inf, np.float32)
    for at in range(0, len(others), block_rows):
        part = others[at : at + block_rows]
        index = faiss.IndexFlatIP(asked.shape[1])
        index.add(_read(vectors, part))
        near, places = index.search(asked, min(count, len(part)))
        near, found = np.hstack([products, near]), np.hstack([rows, part[places]])
        best = np.argsort(-near, axis=1, kind="stable")[:, :count]
        products, rows = np.take_along_axis(near, best, 1), np.take_along_axis(found, best, 1)
    return rows, products


def _exact_products(vectors: Vectors, asked: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the products of queries with their own rows, in double precision: the shape of ``rows``."""
    out = np.empty(rows.shape, np.float64)
    step = max(1, _READ_ROWS * 4 // max(1, rows.shape[1]))
    for at in range(0, len(asked), step):
        some = rows[at : at + step]
        block = _read(vectors, some.ravel()).reshape(*some.shape, -1)
        for query in range(len(some)):
            out[at + query] = _products(asked[at + query], block[query])
    return out


def _nearest(
    rows: NDArray[np.int64], products: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the ``count`` nearest of each line; of equally near ones those that come first."""
    order = np.lexsort((rows, -products), axis=1)[:, :count]
    return np.take_along_axis(rows, order, 1), np.take_along_axis(products, order, 1)


def _scan(
    vectors: Vectors, asked: NDArray[np.float32], others: NDArray[np.int64], count: int, block_rows: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Compare one query with all others in double precision; return the nearest rows and their products."""
    rows, products = np.empty((1, 0), np.int64), np.empty((1, 0), np.float64)
    for at in range(0, len(others), block_rows):
        part = others[at : at + block_rows]
        near = _products(asked, _read(vectors, part))
        rows, products = _nearest(
            np.concatenate([rows, part[None]], axis=1), np.concatenate([products, near[None]], axis=1), count
        )
    return rows[0], products[0]


@njit(nogil=True, cache=True)
def _products(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the products of a vector with others, summed from the first to the last entry."""
    out = np.empty(others.shape[0], np.float64)
    for i in range(others.shape[0]):
        total = 0.0
        other = others[i]
        for x in range(one.size):
            total += np.float64(one[x]) * np.float64(other[x])
        out[i] = total
    return out
