"""Local codes that resemble each other, found among their neighbors in several orders.

Codes are put in order by 64 bits drawn at random, and each is compared with those that stand near it; with several
draws, two codes that differ in few bits stand near each other in one (sorted neighborhoods: M. Hernandez and S. Stolfo,
SIGMOD 1995, doi:10.1145/223784.223807; with random permutations of bits: M. Charikar, STOC 2002,
doi:10.1145/509907.509965). However codes are crowded, none is compared with more than its neighbors.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.schema import LOCAL_CODE_BYTES
from imgsieve.search.words import any_near, ones

__all__ = ["LOCAL_RECORD", "MATCH", "draw_key", "key_bytes_table", "keys_of", "matches_of"]

LOCAL_RECORD = np.dtype(
    [("code", "<u8", 2), ("image", "<i4"), ("down", "u1"), ("right", "u1"), ("scale", "u1"), ("turn", "i1")]
)
"""A local code of an image turned by an orientation, and where it is in the turned image: 24 bytes."""

MATCH = np.dtype([("a", "<i4"), ("b", "<i4"), ("turn", "i1"), ("places", "u1", 6), ("bits", "u1")])
"""A match of two images: ``turn`` turns b into a, ``places`` are down, right and scale in a and in turned b."""

_KEY_BITS = 64
_NOBODY = -1


def draw_key(number: int) -> NDArray[np.intp]:
    """Draw the bits of one order, the first of them the most significant: shape (64,), numbered as `keys_of` does."""
    return np.random.default_rng([11, number]).permutation(8 * LOCAL_CODE_BYTES)[:_KEY_BITS]


def key_bytes_table(positions: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Return what each byte of a code adds to its key: shape (16, 256), uint64."""
    table = np.zeros((LOCAL_CODE_BYTES, 256), np.uint64)
    values = np.arange(256, dtype=np.uint64)
    for rank, position in enumerate(positions.tolist()):
        byte, bit = divmod(position, 8)
        table[byte] |= ((values >> np.uint64(bit)) & np.uint64(1)) << np.uint64(_KEY_BITS - 1 - rank)
    return table


@njit(nogil=True, cache=True)
def keys_of(codes: NDArray[np.uint64], table: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the keys of codes of shape (n, 2); see `key_bytes_table`."""
    out = np.empty(codes.shape[0], np.uint64)
    for i in range(codes.shape[0]):
        key = np.uint64(0)
        for word in range(2):
            rest = codes[i, word]
            for byte in range(8):
                key |= table[8 * word + byte, rest & np.uint64(255)]
                rest >>= np.uint64(8)
        out[i] = key
    return out


def matches_of(
    records: NDArray[np.void], table: NDArray[np.uint64], window: int, neighbors: int, radius: int
) -> NDArray[np.void]:
    """Find matches among codes by one order.

    Parameters
    ----------
    records
        Shape (n,), `LOCAL_RECORD`; codes with equal keys stay in this order.
    table
        See `key_bytes_table`.
    window
        Codes on each side that a code is compared with.
    neighbors
        Of those within the radius, so many of the nearest match.
    radius
        Largest distance in bits.

    Returns
    -------
    Shape (m,), `MATCH`, each of two codes once: of two images, and where one is turned, of a lower upright image and a
    higher turned one.
    """
    codes = np.ascontiguousarray(records["code"])
    order = np.argsort(keys_of(codes, table), kind="stable").astype(np.int32)
    first, second = codes[order, 0], codes[order, 1]
    images, turns = records["image"][order], records["turn"][order]
    near = np.full((len(order), neighbors), _NOBODY, np.int32)
    bits = np.full((len(order), neighbors), radius + 1, np.int16)
    _find_near(first, second, images, turns, window, near, bits)
    one, other, apart = _once(near, bits)
    swap = images[one] > images[other]
    low, high = np.where(swap, other, one), np.where(swap, one, other)
    out = np.empty(len(one), MATCH)
    out["a"], out["b"], out["turn"], out["bits"] = images[low], images[high], turns[high], apart
    for k, side in enumerate((low, high)):
        rows = records[order[side]]
        for i, name in enumerate(("down", "right", "scale")):
            out["places"][:, 3 * k + i] = rows[name]
    return out


@njit(nogil=True, cache=True)
def _find_near(
    first: NDArray[np.uint64],
    second: NDArray[np.uint64],
    images: NDArray[np.int32],
    turns: NDArray[np.int8],
    window: int,
    near: NDArray[np.int32],
    bits: NDArray[np.int16],
) -> None:
    """Write the nearest of the neighbors of each code; ``first`` and ``second`` are the words of codes in order."""
    limit = np.uint64(bits[0, 0] - 1) if bits.size else np.uint64(0)
    for i in range(first.size):
        end = min(i + 1 + window, first.size)
        if not any_near(first[i], second[i], first[i + 1 : end], second[i + 1 : end], limit):
            continue
        for j in range(i + 1, end):
            apart = ones(first[i] ^ first[j]) + ones(second[i] ^ second[j])
            if apart <= limit and _may_match(images[i], turns[i], images[j], turns[j]):
                _offer(near[i], bits[i], j, np.int16(apart))
                _offer(near[j], bits[j], i, np.int16(apart))


@njit(nogil=True, cache=True)
def _may_match(image: int, turn: int, other: int, other_turn: int) -> bool:
    """Return whether a match of two codes says something: of two images, the lower one upright."""
    if image == other:
        return False
    return bool(turn == 0) if image < other else bool(other_turn == 0)


@njit(nogil=True, cache=True)
def _offer(near: NDArray[np.int32], bits: NDArray[np.int16], at: int, apart: np.int16) -> None:
    """Put a neighbor in the place of a farther one; of equally far ones those that came first stay."""
    worst = 0
    for k in range(1, near.size):
        if bits[k] > bits[worst]:
            worst = k
    if apart < bits[worst]:
        near[worst], bits[worst] = at, apart


@njit(nogil=True, cache=True)
def _once(
    near: NDArray[np.int32], bits: NDArray[np.int16]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """List who is near whom, each two once: places in the order, and their distances."""
    one = np.empty(near.size, np.int32)
    other = np.empty(near.size, np.int32)
    apart = np.empty(near.size, np.uint8)
    count = 0
    for i in range(near.shape[0]):
        for k in range(near.shape[1]):
            j = near[i, k]
            if j < 0 or (j < i and _holds(near[j], i)):
                continue
            one[count], other[count], apart[count] = i, j, bits[i, k]
            count += 1
    return one[:count].copy(), other[:count].copy(), apart[:count].copy()


@njit(nogil=True, cache=True)
def _holds(near: NDArray[np.int32], at: int) -> bool:
    """Return whether somebody is among the nearest of another."""
    return bool(np.any(near == at))
