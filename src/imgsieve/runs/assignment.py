"""Who is kept, and whom each duplicate goes with: stars of pictures become groups of files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgsieve.search.groups import NO_KEEPER

__all__ = ["Assignment", "assign", "class_rank"]


@dataclass(frozen=True)
class Assignment:
    """Who is kept, and whom each duplicate goes with."""

    keeper: NDArray[np.int32]
    """Shape (n,): the kept image of each duplicate, `NO_KEEPER` for images that are kept."""
    group: NDArray[np.int32]
    """Shape (n,): number of the group, in the order of the keepers, -1 for an image alone."""
    keepers: NDArray[np.int32]
    """Shape (groups,): the kept image of each group, ascending."""


def assign(first: NDArray[np.int32], stars: NDArray[np.int32], rank: NDArray[np.int32]) -> Assignment:
    """Choose the kept image of each star: the best of those that equal its center.

    Parameters
    ----------
    first
        Shape (n,): the first image that each is equal to.
    stars
        Shape (n,): the center of each star's members, among the first of their equals, `NO_KEEPER` for none.
    rank
        Shape (n,), all different, below n: the lower, the better.
    """
    count = len(stars)
    by_rank = np.empty(count, np.int32)
    by_rank[rank] = np.arange(count, dtype=np.int32)
    best = by_rank[class_rank(first, rank)]
    del by_rank
    center = stars[first]
    center = np.where(center == NO_KEEPER, first, center)
    keeper = best[center]
    keeper[keeper == np.arange(count, dtype=np.int32)] = NO_KEEPER
    keepers = np.unique(keeper[keeper != NO_KEEPER])
    group = np.full(count, -1, np.int32)
    group[keepers] = np.arange(len(keepers), dtype=np.int32)
    duplicates = keeper != NO_KEEPER
    group[duplicates] = group[keeper[duplicates]]
    return Assignment(keeper, group, keepers)


def class_rank(first: NDArray[np.int32], rank: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return ranks in which the first of equal images stands where the best of them does."""
    best = rank.copy()
    np.minimum.at(best, first, rank)
    return best
