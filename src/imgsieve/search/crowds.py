"""Equal codes and crowds: where listing all pairs would be quadratic, a star stands for them.

Of many equal codes the first stands for all. A *crowd* is made of different codes of which very many share the keys of
most substrings, such as those of nearly blank pages; its members are gathered around leaders, none farther from its
leader than the radius of the join. Both kinds of members are then left out of the joins, and what was left out is not
lost: two codes within r bits of each other, the leaders of which are different, have leaders within 3 r.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.search.buckets import Spread, side_of
from imgsieve.search.equality import first_equal
from imgsieve.search.partition import partition_for
from imgsieve.search.words import as_rows, distance_of_rows

__all__ = [
    "LEAST_CROWD",
    "NOBODY",
    "Thinned",
    "is_crowded",
    "is_large",
    "leaders",
    "led",
    "neighborhood",
    "thin",
    "thin_equals",
]

NOBODY = -1

LEAST_CROWD = 2048
"""Codes that are enough to be a crowd."""
_CROWDED = 16
"""How many times the average bucket a crowded one holds."""

_LEAST_STAR = 64
"""Smaller stars are not worth it: their pairs are few."""

_MOST_EQUAL = 8
"""Of more equal codes, one stands for all; the pairs of fewer are listed."""

_WINDOW = 4
"""Neighbors in an order that are linked."""


@dataclass(frozen=True)
class Thinned:
    """Codes without those for which another one stands."""

    kept: NDArray[np.int32]
    """Rows that stay, increasing."""
    asking: NDArray[np.int32]
    """Rows that are worth a search of their own: all but those with many equals, of which the first asks."""
    one: NDArray[np.int32]
    """Rows of links that stand for what is left out,"""
    other: NDArray[np.int32]
    """and of what they are linked to."""


def thin(codes: NDArray[np.uint8], order: NDArray[np.float32], radius: int, spread: Spread = map) -> Thinned:
    """Leave out what has many equals, and crowds.

    Parameters
    ----------
    codes
        Shape (n, 32), uint8.
    order
        Shape (n,), float32: puts equal codes in an order in which likely copies are near each other.
    radius
        Distance in bits of a member of a crowd from its leader at most.
    """
    asking, *linked = thin_equals(first_equal(as_rows(codes)), order)
    links = [tuple(linked)]
    leader = leaders(codes if len(asking) == len(codes) else codes[asking], radius, spread)
    member = (leader != NOBODY) & (leader != np.arange(len(asking)))
    if member.any():
        starred = np.nonzero(leader != NOBODY)[0]
        near = neighborhood(codes[asking[starred]], leader[starred])
        links.append((asking[leader[member]], asking[member]))
        links.append((asking[starred[near[0]]], asking[starred[near[1]]]))
    one, other = (np.concatenate([link[side] for link in links]) for side in (0, 1))
    return Thinned(asking[~member], asking, one, other)


def thin_equals(
    first: NDArray[np.int32], order: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Leave out what has many equals; see `thin`.

    Parameters
    ----------
    first
        Shape (n,): the first row of the codes that are equal to each.
    order
        Shape (n,), float32.

    Returns
    -------
    Rows that stay, increasing; and both rows of each link that stands for what is left out, all of equal codes.
    """
    same = np.bincount(first, minlength=len(first))[first] > _MOST_EQUAL
    stood_for = same & (first != np.arange(len(first)))
    links = [_star(first, stood_for), _line(first, np.nonzero(same)[0], order)]
    one, other = (np.concatenate([link[side] for link in links]) for side in (0, 1))
    return np.nonzero(~stood_for)[0].astype(np.int32), one, other


def _star(first: NDArray[np.int32], stood_for: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Link those that are stood for to the first of their equals."""
    rows = np.nonzero(stood_for)[0].astype(np.int32)
    return first[rows], rows


def _line(
    first: NDArray[np.int32], rows: NDArray[np.int64], order: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Link equal codes that follow each other in an order."""
    rows = rows[np.lexsort((rows, order[rows], first[rows]))].astype(np.int32)
    pairs = []
    for step in range(1, min(_WINDOW, len(rows) - 1) + 1):
        one, other = rows[:-step], rows[step:]
        same = first[one] == first[other]
        pairs.append((one[same], other[same]))
    if not pairs:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    return np.concatenate([one for one, _ in pairs]), np.concatenate([other for _, other in pairs])


def leaders(codes: NDArray[np.uint8], radius: int, spread: Spread = map) -> NDArray[np.int32]:
    """Find crowds.

    Parameters
    ----------
    codes
        Shape (n, 32), uint8, all different.
    radius
        No member is farther from its leader, in bits.

    Returns
    -------
    Shape (n,), int32: the leader of each member, itself for a leader, `NOBODY` for codes that are in no crowd.
    """
    found = np.full(len(codes), NOBODY, np.int32)
    if len(codes) <= LEAST_CROWD:
        return found
    partition = partition_for(codes, radius)
    parts = len(partition.positions)
    crowded = np.zeros(len(codes), np.uint8)
    for part in range(parts):
        side = side_of(codes, partition, part, spread)
        sizes = np.diff(side.starts)
        large = np.nonzero(is_large(sizes, len(codes), partition.bits))[0]
        for key in large.tolist():
            crowded[side.order[side.starts[key] : side.starts[key + 1]]] += 1
    rows = np.nonzero(is_crowded(crowded, parts))[0].astype(np.int32)
    if len(rows):
        own = led(codes, rows, radius)
        kept = own != NOBODY
        found[rows[kept]] = rows[own[kept]]
    return found


def is_large(sizes: NDArray[np.integer], count: int, bits: int) -> NDArray[np.bool_]:
    """Return which keys of so many bits are crowded, by how many of ``count`` codes they have."""
    return np.asarray(sizes > max(LEAST_CROWD, _CROWDED * count >> bits))


def is_crowded(keys: NDArray[np.integer], parts: int) -> NDArray[np.bool_]:
    """Return which codes are in a crowd, by how many of their keys are crowded, of so many."""
    return np.asarray(keys > parts // 2)


def led(codes: NDArray[np.uint8], rows: NDArray[np.int32], radius: int) -> NDArray[np.int64]:
    """Return for each of the crowded rows its leader as a place among these, `NOBODY` for stars not worth it."""
    own = _gathered(as_rows(codes), rows, radius)
    size = np.bincount(own, minlength=len(rows))
    return np.where(size[own] >= _LEAST_STAR, own, NOBODY)


@njit(nogil=True, cache=True)
def _gathered(rows: NDArray[np.uint64], chosen: NDArray[np.int32], radius: int) -> NDArray[np.int64]:
    """Return for each chosen row the first leader within the radius; who finds none becomes one."""
    out = np.empty(chosen.size, np.int64)
    heads = np.empty(chosen.size, np.int64)
    count = 0
    for i in range(chosen.size):
        out[i] = i
        for k in range(count):
            if distance_of_rows(rows, chosen[i], chosen[heads[k]]) <= radius:
                out[i] = heads[k]
                break
        if out[i] == i:
            heads[count] = i
            count += 1
    return out


def neighborhood(codes: NDArray[np.uint8], star: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Link the members of stars that are likely to be nearest to each other.

    Members are put in the order of their codes, four times, beginning with another word, and each is linked to the next
    few of its star: the method of sorted neighborhoods (M. Hernandez and S. Stolfo, SIGMOD 1995,
    doi:10.1145/223784.223807).

    Parameters
    ----------
    codes
        Shape (n, 32), uint8.
    star
        Shape (n,): the number of the star of each.

    Returns
    -------
    Rows of both members of each link, the lower first, each once, in order.
    """
    words = as_rows(codes)
    links = []
    for turn in range(words.shape[1]):
        keys: list[NDArray[Any]] = [*(words[:, (turn + word) % 4] for word in (3, 2, 1, 0)), star]
        order = np.lexsort(tuple(keys))
        for step in range(1, min(_WINDOW, len(order) - 1) + 1):
            one, other = order[:-step], order[step:]
            same = star[one] == star[other]
            links.append(np.sort(np.stack([one[same], other[same]], axis=1), axis=1))
    pairs = np.unique(np.concatenate(links), axis=0) if links else np.empty((0, 2), np.int64)
    return pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32)
