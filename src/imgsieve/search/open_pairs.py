"""Proposals between images while stars are formed: records, heaps and a table, in compiled code.

Images and proposals are records in two arrays. Images are numbered by their rank, so that of two the lower number is
the better image, the *head* of a proposal; the other is its *tail*. Each tail has its proposals in a skew heap, the
best head on top, and each head has its own in a list. So a round costs what it changes, not what is open: a proposal
that is settled is only marked, and leaves the heap when it comes to its top. The heap is that of D. D. Sleator and
R. E. Tarjan, "Self-adjusting heaps", SIAM J. Comput. 1986, doi:10.1137/0215004.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "GONE",
    "IMAGE",
    "MOVED",
    "NONE",
    "OPEN",
    "PROPOSAL",
    "REFUSED",
    "Images",
    "Proposals",
    "Table",
    "compiled",
    "find",
    "meld",
    "rest_of",
    "slot_of",
    "with_room",
    "with_slots",
]

NONE = -1

OPEN, REFUSED, GONE = 0, 1, 2

IMAGE = np.dtype(
    [
        (name, np.int32)
        for name in (
            "heap",  # root of the proposals of which it is the tail
            "begin",  # number of the first of those that were given, which are sorted by tail and head
            "own",  # first of the proposals of which it is the head
            "degree",  # its open proposals, as head or as tail
            "keeper",
            "copies",  # first of its duplicates
            "next_copy",
            "best",  # best head that it has a proposal with
            "suitors",  # first of its suitors
            "next",  # in the list of suitors that it is in itself
            "previous",
            "noted",  # last round that changed its proposals
            "called",  # last round that made a proposal of it ripe
        )
    ]
)

PROPOSAL = np.dtype([(name, np.int32) for name in ("head", "tail", "origin", "left", "right", "next", "state")])
"""``left`` and ``right`` are of the tail's heap, ``next`` of the head's list."""

MOVED = np.dtype([("key", np.int64), ("proposal", np.int32)])
"""A slot of the table of proposals that were not given: pair and number."""

Images = NDArray[Any]
"""Shape (images + 1,), of `IMAGE`; the last only ends the given proposals of the one before it."""
Proposals = NDArray[Any]
"""Shape (room,), of `PROPOSAL`."""
Table = NDArray[Any]
"""Shape (a power of two,), of `MOVED`: an open hash table; a slot whose key is `NONE` is empty."""

compiled = numba.njit(cache=True, nogil=True)


@compiled
def meld(proposals: Proposals, a: int, b: int) -> int:
    """Meld two heaps."""
    if a < 0:
        return b
    if b < 0:
        return a
    if proposals[b].head < proposals[a].head:
        a, b = b, a
    root = a
    while True:
        rest = proposals[a].right
        proposals[a].right = proposals[a].left
        if rest < 0:
            proposals[a].left = b
            return root
        if proposals[b].head < proposals[rest].head:
            rest, b = b, rest
        proposals[a].left = rest
        a = rest


@compiled
def rest_of(proposals: Proposals, root: int) -> int:
    """Return a heap without its root."""
    return meld(proposals, proposals[root].left, proposals[root].right)


@compiled
def slot_of(table: Table, key: int) -> int:
    """Return the slot of a key, or the empty one where it belongs; the table's size is a power of two."""
    mask = len(table) - 1
    at = ((key * 0x9E3779B97F4A7C1) >> 32) & mask
    while table[at].key != NONE and table[at].key != key:
        at = (at + 1) & mask
    return at


@compiled
def refill(table: Table, larger: Table) -> None:
    """Bring the entries of a table to a larger one, which need not be empty before."""
    for at in range(len(larger)):
        larger[at].key = NONE
    for old in range(len(table)):
        if table[old].key != NONE:
            at = slot_of(larger, table[old].key)
            larger[at].key, larger[at].proposal = table[old].key, table[old].proposal


@compiled
def find(images: Images, proposals: Proposals, table: Table, head: int, tail: int) -> int:
    """Return the last proposal of a pair, `NONE` if there never was one."""
    at = slot_of(table, head << 32 | tail)
    if table[at].key != NONE:
        return int(table[at].proposal)
    low, high = images[tail].begin, images[tail + 1].begin
    end = high
    while low < high:
        middle = (low + high) // 2
        if proposals[middle].head < head:
            low = middle + 1
        else:
            high = middle
    return low if low < end and proposals[low].head == head else NONE


def with_room(proposals: Proposals, needed: int) -> Proposals:
    """Return an array of proposals with room for so many."""
    if needed <= len(proposals):
        return proposals
    longer = np.empty(max(needed, len(proposals) * 5 // 4), proposals.dtype)
    longer[: len(proposals)] = proposals
    return longer


def with_slots(table: Table, entries: int) -> Table:
    """Return a table that is at most three quarters full with so many entries."""
    if 4 * entries <= 3 * len(table):
        return table
    larger = np.empty(1 << (4 * entries // 3).bit_length(), MOVED)
    refill(table, larger)
    return larger
