"""Exact joins of 256-bit codes by Hamming distance, block by block, never N x N at once.

Codes are held word by word (structure of arrays), so that the compiled loop compares a query with eight codes an
instruction where the processor can. A join counts what it finds and writes it in a second pass over the few tiles that
hold something, so its memory is that of its codes and of the pairs that it returns.
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


def as_words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Turn codes of shape (n, 32), uint8, into words of shape (4, n), uint64."""
    return np.ascontiguousarray(np.ascontiguousarray(codes).view(np.uint64).T)


@intrinsic
def _ones(typing_context: Any, word: Any) -> Any:  # noqa: ARG001 - the signature is Numba's
    """Count the bits that are set in a word, by the processor's own instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


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
    """Find pairs within ``radius``, write them while there is room, and return how many there are."""
    found = 0
    n = codes.shape[1]
    near = np.empty(_TILE, np.int32)
    for i in range(queries.shape[1]):
        w0, w1, w2, w3 = queries[0, i], queries[1, i], queries[2, i], queries[3, i]
        for start in range(first_code[i], n, _TILE):
            stop = min(n, start + _TILE)
            c0, c1, c2, c3 = codes[0, start:stop], codes[1, start:stop], codes[2, start:stop], codes[3, start:stop]
            hits = 0
            for j in range(stop - start):
                bits = _ones(w0 ^ c0[j]) + _ones(w1 ^ c1[j]) + _ones(w2 ^ c2[j]) + _ones(w3 ^ c3[j])
                near[j] = np.int32(bits)
                hits += np.int32(near[j] <= radius)
            if hits == 0:
                continue
            for j in range(stop - start):
                if near[j] <= radius:
                    if found < rows.size:
                        rows[found], columns[found], distances[found] = i, start + j, near[j]
                    found += 1
    return found


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
    starts = np.zeros(queries.shape[1], np.int64) if first_code is None else first_code
    room = 1024
    while True:
        rows, columns = np.empty(room, np.int32), np.empty(room, np.int32)
        distances = np.empty(room, np.int16)
        found = _scan(queries, codes, starts, radius, rows, columns, distances)
        if found <= room:
            return rows[:found], columns[:found], distances[:found]
        room = found
