"""Exact joins of 256-bit codes by Hamming distance, block by block, never N x N at once.

Codes are held word by word (structure of arrays), so that the compiled loop compares a query with several codes an
instruction where the processor can. Memory is that of the codes and of the pairs that are returned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = ["PAIR_BYTES", "as_words", "join"]

PAIR_BYTES = 18
"""Bytes of one found pair while it is in memory."""

_TILE = 1024
"""Codes that are compared with a block of queries before the next ones are read: 24 KB in three words."""

_QUERIES = 512
"""Queries a block: so many comparisons are made of a code each time that it is read from memory."""

_ROOM = 4096

Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16]]


def as_words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Turn codes of shape (n, 32), uint8, into words of shape (4, n), uint64."""
    return np.ascontiguousarray(np.ascontiguousarray(codes).view(np.uint64).T)


def _count_ones(typing_context: Any, word: Any) -> Any:  # noqa: ARG001 - the signature is Numba's
    """Count the bits that are set in a word, by the processor's own instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


_ones: Any = intrinsic(_count_ones)


@njit(nogil=True, cache=True)
def _scan(
    queries: NDArray[np.uint64],
    codes: NDArray[np.uint64],
    first_code: NDArray[np.int64],
    radius: int,
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    distances: NDArray[np.int16],
) -> int:
    """Find pairs within ``radius``, write them while there is room, and return how many there are.

    Codes are taken tile by tile, which stay in the nearest cache while all queries pass: pairs are ordered by tile,
    then query, then code.
    """
    found = 0
    near = np.empty(_TILE, np.int32)
    first, second, third, fourth = codes[0], codes[1], codes[2], codes[3]
    for start in range(0, codes.shape[1], _TILE):
        stop = min(codes.shape[1], start + _TILE)
        for i in range(queries.shape[1]):
            begin = max(start, first_code[i])
            if begin >= stop:
                continue
            words = queries[0, i], queries[1, i], queries[2, i]
            if _near(words, first[begin:stop], second[begin:stop], third[begin:stop], radius, near) == 0:
                continue
            word = queries[3, i]
            for j in range(stop - begin):
                if near[j] > radius:
                    continue
                distance = near[j] + np.int32(_ones(word ^ fourth[begin + j]))
                if distance <= radius:
                    if found < rows.size:
                        rows[found], columns[found], distances[found] = i, begin + j, distance
                    found += 1
    return found


@njit(nogil=True, cache=True)
def _near(
    words: tuple[np.uint64, np.uint64, np.uint64],
    first: NDArray[np.uint64],
    second: NDArray[np.uint64],
    third: NDArray[np.uint64],
    radius: int,
    near: NDArray[np.int32],
) -> int:
    """Write the distances in three words of four to ``near``, and return how many are within ``radius``.

    The fourth word is asked for these alone: most pairs are further apart in three already.
    """
    w0, w1, w2 = words
    hits = np.int32(0)
    for j in range(first.size):
        bits = np.int32(_ones(w0 ^ first[j]) + _ones(w1 ^ second[j]) + _ones(w2 ^ third[j]))
        near[j] = bits
        hits += np.int32(bits <= radius)
    return int(hits)


def join(
    queries: NDArray[np.uint64], codes: NDArray[np.uint64], radius: int, first_code: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16]]:
    """Find all pairs of a query and a code within a radius.

    Parameters
    ----------
    queries, codes
        Shape (4, n) and (4, m), uint64; see `as_words`.
    radius
        Largest Hamming distance, in bits.
    first_code
        Shape (n,), int64: the first code that each query is compared with; None for all.

    Returns
    -------
    Rows of the queries, rows of the codes, and distances in bits, ordered by query, then code.
    """
    count = queries.shape[1]
    starts = np.zeros(count, np.int64) if first_code is None else first_code
    parts: list[Pairs] = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int16))]
    for at in range(0, count, _QUERIES):
        block = slice(at, at + _QUERIES)
        rows, columns, distances = _pairs_of(np.ascontiguousarray(queries[:, block]), codes, starts[block], radius)
        order = np.argsort(rows, kind="stable")
        parts.append((rows[order] + np.int32(at), columns[order], distances[order]))
    return (
        np.concatenate([rows for rows, _, _ in parts]),
        np.concatenate([columns for _, columns, _ in parts]),
        np.concatenate([distances for _, _, distances in parts]),
    )


def _pairs_of(queries: NDArray[np.uint64], codes: NDArray[np.uint64], starts: NDArray[np.int64], radius: int) -> Pairs:
    """Find the pairs of one block of queries; when they are more than there is room for, a second time."""
    room = _ROOM
    while True:
        rows, columns = np.empty(room, np.int32), np.empty(room, np.int32)
        distances = np.empty(room, np.int16)
        found = _scan(queries, codes, starts, radius, rows, columns, distances)
        if found <= room:
            return rows[:found], columns[:found], distances[:found]
        room = found
