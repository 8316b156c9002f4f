"""The order of members over all pages, and where each page begins.

All members stand in one sequence: groups by the space that they would free, largest first, and within a group
the keeper first. A page is a slice of it, so that nothing can be left out or shown twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["GROUPS_A_PAGE", "MEMBERS_A_PAGE", "Sequence", "arrange", "page_edges", "slices"]

GROUPS_A_PAGE = 50
MEMBERS_A_PAGE = 240
"""With thumbnails of 5 KB a page stays below 3 MB, which a browser opens at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sequence:
    """Members in the order of the pages; G groups, N members."""

    order: NDArray[np.int64]
    """Number of the member at each place, shape (N,)."""

    starts: NDArray[np.int64]
    """Place of the first member of each group, and N at the end, shape (G + 1,)."""

    numbers: NDArray[np.int64]
    """Number of each group, as in the table, shape (G,)."""

    freed: NDArray[np.int64]
    """Bytes that each group would free, never rising, shape (G,)."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Members of each group, shape (G,)."""
        return np.diff(self.starts)


def arrange(groups: NDArray[np.int64], freed: NDArray[np.int64], kept: NDArray[np.bool_]) -> Sequence:
    """Put members in the order of the pages.

    Parameters
    ----------
    groups, freed, kept
        Group, bytes to free and keeper's mark of each member, in the order of ``image_id``, shape (N,).

    Examples
    --------
    >>> arrange(np.array([7, 3, 7]), np.array([9, 0, 0]), np.array([False, True, True])).order.tolist()
    [2, 0, 1]
    """
    numbers, codes = np.unique(groups, return_inverse=True)
    totals = np.zeros(len(numbers), np.int64)
    np.add.at(totals, codes, freed)
    by_space = np.lexsort((numbers, -totals))
    ranks = np.empty(len(numbers), np.int64)
    ranks[by_space] = np.arange(len(numbers))
    sizes = np.bincount(codes, minlength=len(numbers))[by_space]
    return Sequence(
        order=np.lexsort((~kept, ranks[codes])),  # stable: members that tie stay in the order of image_id
        starts=np.concatenate([[0], np.cumsum(sizes)]),
        numbers=numbers[by_space],
        freed=totals[by_space],
    )


def page_edges(
    starts: NDArray[np.int64], *, groups: int = GROUPS_A_PAGE, members: int = MEMBERS_A_PAGE
) -> NDArray[np.int64]:
    """Find the place where each page begins, and the end of the last.

    A group that fits on one page is not torn; one that does not continues over as many pages as it needs.

    Parameters
    ----------
    starts
        Places of the groups and the end, shape (G + 1,).
    groups, members
        The most of each on one page.

    Returns
    -------
    Edges of P pages, shape (P + 1,); a lone 0 where there are no groups.
    """
    edges, held = [0], 0
    for begin, end in pairwise(starts.tolist()):
        if begin > edges[-1] and (held >= groups or end - edges[-1] > members):
            edges.append(begin)
            held = 0
        while end - edges[-1] > members:
            edges.append(edges[-1] + members)
            held = 0
        held += 1
    return np.array(edges if held == 0 else [*edges, int(starts[-1])], np.int64)


def slices(sequence: Sequence, begin: int, end: int) -> list[tuple[int, int, int]]:
    """List the groups of a page: (rank of the group, first place, last place + 1)."""
    first = int(np.searchsorted(sequence.starts, begin, side="right")) - 1
    found = []
    for rank in range(first, len(sequence.numbers)):
        low, high = int(sequence.starts[rank]), int(sequence.starts[rank + 1])
        if low >= end:
            break
        found.append((rank, max(low, begin), min(high, end)))
    return found
