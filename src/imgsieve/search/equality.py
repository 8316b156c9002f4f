"""Which rows of words are equal, in little memory."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["first_equal", "mixed"]


def first_equal(rows: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Return, for each row of shape (n, w), uint64, the first row that is equal to it: shape (n,), int32.

    Takes some 30 bytes a row.
    """
    keys = mixed(rows)
    order = np.argsort(keys, kind="stable").astype(np.int32)
    first = np.arange(len(rows), dtype=np.int32)
    _join_equal(rows, keys, order, first)
    return first


@njit(nogil=True, cache=True)
def mixed(rows: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a number for each row that equal ones share, and different ones hardly ever."""
    out = np.empty(rows.shape[0], np.uint64)
    for i in range(rows.shape[0]):
        key = np.uint64(0)
        for word in range(rows.shape[1]):
            key = (key ^ rows[i, word]) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        out[i] = key
    return out


@njit(nogil=True, cache=True)
def _join_equal(
    rows: NDArray[np.uint64], keys: NDArray[np.uint64], order: NDArray[np.int32], first: NDArray[np.int32]
) -> None:
    """Write the first of equal rows; rows of one key that differ are compared with all firsts of the key."""
    begin = 0
    for place in range(1, order.size):
        row = order[place]
        if keys[row] != keys[order[begin]]:
            begin = place
            continue
        for earlier in range(begin, place):
            other = order[earlier]
            if first[other] == other and _same(rows, row, other):
                first[row] = other
                break


@njit(nogil=True, cache=True)
def _same(rows: NDArray[np.uint64], i: int, j: int) -> bool:
    """Return whether two rows are equal."""
    for word in range(rows.shape[1]):  # noqa: SIM110 - compiled, and generators are not
        if rows[i, word] != rows[j, word]:
            return False
    return True
