"""Stars formed by the letter of the rules, all open proposals anew in every round: what the fast way must equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgsieve.search.groups import NO_KEEPER, Judge, pair_keys


def stars_by_rounds(
    count: int, rank: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64], judge: Judge
) -> NDArray[np.int64]:
    """Form stars from proposed pairs.

    Parameters
    ----------
    count
        Number of images.
    rank
        Shape (count,), int64, all different: the lower, the better the image.
    a, b
        Shape (n,), int64: proposed pairs.
    judge
        Verifies pairs when they are needed.

    Returns
    -------
    Shape (count,), int64: the keeper of each image, `NO_KEEPER` for those that have none.
    """
    keeper = np.full(count, NO_KEEPER, np.int64)
    better = rank[a] < rank[b]
    edges = Edges(np.where(better, a, b), np.where(better, b, a), np.arange(len(a), dtype=np.int64))
    refused = np.empty(0, np.int64)
    while len(edges.head):
        ripe = _ripe(edges, rank)
        now, later = edges.where(ripe), edges.where(~ripe)
        copies = judge(now.head, now.tail, now.origin)
        refused = np.union1d(refused, pair_keys(now.head[~copies], now.tail[~copies]))
        taken = now.where(copies)
        keeper[taken.tail] = taken.head
        released = _release(keeper, taken.tail)
        edges = _passed_on(keeper, rank, later.plus(released))
        edges = edges.where(~np.isin(pair_keys(edges.head, edges.tail), refused))
    return keeper


@dataclass(frozen=True, slots=True)
class Edges:
    """Open proposals: a better image, a worse one, and the number of the proposal, -1 for an inherited one."""

    head: NDArray[np.int64]
    tail: NDArray[np.int64]
    origin: NDArray[np.int64]

    def where(self, mask: NDArray[np.bool_]) -> Edges:
        """Return the edges at which ``mask`` is true."""
        return Edges(self.head[mask], self.tail[mask], self.origin[mask])

    def plus(self, other: Edges) -> Edges:
        """Return these edges and those of another."""
        return Edges(
            np.concatenate([self.head, other.head]),
            np.concatenate([self.tail, other.tail]),
            np.concatenate([self.origin, other.origin]),
        )


def _ripe(edges: Edges, rank: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the edges to verify now: nobody better may take the head, and the head is the best for its tail."""
    waiting = np.zeros(len(rank), bool)
    waiting[edges.tail] = True
    best = np.full(len(rank), np.iinfo(np.int64).max)
    np.minimum.at(best, edges.tail, rank[edges.head])
    return np.asarray(~waiting[edges.head] & (rank[edges.head] == best[edges.tail]))


def _release(keeper: NDArray[np.int64], taken: NDArray[np.int64]) -> Edges:
    """Free the duplicates of images that have become duplicates themselves, and propose them to the new keepers."""
    freed = np.nonzero((keeper != NO_KEEPER) & np.isin(keeper, taken))[0]
    edges = Edges(keeper[keeper[freed]], freed, np.full(len(freed), -1, np.int64))
    keeper[freed] = NO_KEEPER
    return edges


def _passed_on(keeper: NDArray[np.int64], rank: NDArray[np.int64], edges: Edges) -> Edges:
    """Let keepers inherit the proposals of their duplicates, and drop what is settled."""
    head = np.where(keeper[edges.head] == NO_KEEPER, edges.head, keeper[edges.head])
    tail = np.where(keeper[edges.tail] == NO_KEEPER, edges.tail, keeper[edges.tail])
    origin = np.where((head != edges.head) | (tail != edges.tail), -1, edges.origin)
    better = rank[head] < rank[tail]
    moved = Edges(np.where(better, head, tail), np.where(better, tail, head), origin).where(head != tail)
    # Of equal pairs, the one with a proposal of its own stays: it has a hint.
    keys = pair_keys(moved.head, moved.tail)
    order = np.lexsort((-moved.origin, keys))
    first = np.ones(len(order), bool)
    first[1:] = keys[order][1:] != keys[order][:-1]
    chosen = np.zeros(len(order), bool)
    chosen[order[first]] = True
    return moved.where(chosen)
