"""Cells of vectors of bytes, and the nearest among them: all in whole numbers, so nothing depends on how work is cut.

Where each vector cannot be compared with each, centers are found by k-means (S. Lloyd, 1982) on the sphere, on an even
sample; a vector belongs to the cell of its nearest center and is compared with those of its nearest cells (an inverted
file; J. Sivic and A. Zisserman, "Video Google", ICCV 2003, doi:10.1109/ICCV.2003.1238663).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["DIMENSIONS", "centers_of", "merge_nearest", "nearest_centers"]

DIMENSIONS = 128
"""Of all vectors here: a number that the compiler knows, which doubles the speed."""

_ROUNDS = 8
_LINE = 1024
"""Products that are made before any is looked at."""

_Bytes = NDArray[np.int8]


def centers_of(sample: _Bytes, count: int) -> _Bytes:
    """Return centers of cells: shape (count, 128), int8.

    Parameters
    ----------
    sample
        Shape (n, 128), int8, n at least ``count``; vectors of about one length.
    count
        How many cells there are to be.
    """
    centers = np.ascontiguousarray(sample[np.linspace(0, len(sample) - 1, count).astype(np.int64)])
    length = float(np.sqrt(np.einsum("nd,nd->n", sample, sample, dtype=np.int32).mean())) if len(sample) else 0.0
    for _ in range(_ROUNDS):
        sums = _sums(sample, nearest_centers(sample, centers, 1)[:, 0], count)
        lengths = np.sqrt((sums.astype(np.float64) ** 2).sum(axis=1))
        # A cell that nothing belongs to stays where it is.
        moved = np.nonzero(lengths > 0)[0]
        scaled = np.rint(sums[moved] * (length / lengths[moved, None]))
        centers[moved] = np.clip(scaled, -127, 127).astype(np.int8)
    return centers


@njit(nogil=True, cache=True)
def _sums(vectors: _Bytes, cells: NDArray[np.uint16], count: int) -> NDArray[np.int64]:
    """Return the sum of the vectors of each cell: shape (count, 128)."""
    out = np.zeros((count, vectors.shape[1]), np.int64)
    for i in range(vectors.shape[0]):
        out[cells[i]] += vectors[i]
    return out


@njit(nogil=True, cache=True)
def _multiply(one: NDArray[np.int16], others: _Bytes, products: NDArray[np.int32]) -> int:
    """Write the inner products of a vector with others, and return the largest.

    Nothing else is done in this loop, and one factor has 16 bits and the other 8, so that processors multiply many
    at a time.
    """
    for j in range(others.shape[0]):
        other, total = others[j], np.int32(0)
        for x in range(DIMENSIONS):
            total += np.int32(one[x]) * np.int32(other[x])
        products[j] = total
    return int(products[: others.shape[0]].max())


@njit(nogil=True, cache=True)
def nearest_centers(vectors: _Bytes, centers: _Bytes, count: int) -> NDArray[np.uint16]:
    """Return the cells that vectors are nearest to, the nearest first, of equally near ones the first.

    Parameters
    ----------
    vectors
        Shape (n, 128), int8.
    centers
        Shape (m, 128), int8, m at least ``count`` and at most 65,536.

    Returns
    -------
    Shape (n, count), uint16.
    """
    out = np.zeros((vectors.shape[0], count), np.uint16)
    near, products = np.empty(count, np.int32), np.empty(centers.shape[0], np.int32)
    for i in range(vectors.shape[0]):
        _multiply(vectors[i].astype(np.int16), centers, products)
        held = 0
        for j in range(products.size):
            if held == count and products[j] <= near[count - 1]:
                continue
            at = min(held, count - 1)
            while at > 0 and near[at - 1] < products[j]:
                near[at], out[i, at] = near[at - 1], out[i, at - 1]
                at -= 1
            near[at], out[i, at] = products[j], j
            held = min(held + 1, count)
    return out


@njit(nogil=True, cache=True)
def merge_nearest(
    asking: NDArray[np.int64],
    queries: _Bytes,
    query_ids: NDArray[np.int32],
    others: _Bytes,
    other_ids: NDArray[np.int32],
    ids: NDArray[np.int32],
    products: NDArray[np.int32],
) -> None:
    """Merge some vectors into the nearest that queries have found so far; a query is no neighbor of itself.

    Parameters
    ----------
    asking
        Rows of the queries that are to be compared.
    queries, query_ids
        Shape (n, 128), int8, and (n,), int32.
    others, other_ids
        Shape (m, 128), int8, and (m,), int32.
    ids, products
        Shape (n, k), both int32: what has been found, the largest product first, of equal ones the lower number first.
        Changed in place. Where an id is -1, the product there is the least that counts.
    """
    line = np.empty(_LINE, np.int32)
    for row in asking:
        one = queries[row].astype(np.int16)
        for first in range(0, others.shape[0], _LINE):
            some = others[first : first + _LINE]
            if _multiply(one, some, line) >= products[row, -1]:
                numbers = other_ids[first : first + _LINE]
                _insert(query_ids[row], line[: some.shape[0]], numbers, ids[row], products[row])


@njit(nogil=True, cache=True)
def _insert(
    me: int,
    products: NDArray[np.int32],
    numbers: NDArray[np.int32],
    near: NDArray[np.int32],
    found: NDArray[np.int32],
) -> None:
    """Insert what is near enough into what one query has found."""
    end = near.size - 1
    for j in range(products.size):
        product, number = products[j], numbers[j]
        if product < found[end] or number == me or (product == found[end] and near[end] >= 0 and number > near[end]):
            continue
        at = end
        while at > 0 and (
            found[at - 1] < product or near[at - 1] < 0 or (found[at - 1] == product and near[at - 1] > number)
        ):
            found[at], near[at] = found[at - 1], near[at - 1]
            at -= 1
        found[at], near[at] = product, number
