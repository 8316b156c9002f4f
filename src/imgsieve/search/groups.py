"""Groups: stars around keepers.

Images are ranked by quality. The best image that is left takes to itself every image with which it was *itself*
verified; those are duplicates and leave. A pair of images is only verified when its better one is about to become a
keeper, so a cluster of n copies costs n verifications and not n squared. When a duplicate leaves, its remaining
proposals pass to its keeper: what resembles a copy may resemble the original. A keeper that is taken after all frees
its duplicates, which are then verified against the new keeper. Nobody is ever a duplicate of a duplicate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from imgsieve.search.open_pairs import IMAGE, MOVED, PROPOSAL, with_room, with_slots
from imgsieve.search.stars import MOVES, PROPOSALS, inherit, opened, ripe_now, take

__all__ = ["IMAGE_BYTES", "NO_KEEPER", "PAIR_BYTES", "Judge", "form_stars", "pair_keys"]

NO_KEEPER = -1

PAIR_BYTES = 96
"""Bytes a proposed pair at most, while stars are formed: 28 for its record, as much again if it passes to a keeper, and
a slot in a table then; sorting takes less, before."""

IMAGE_BYTES = 80
"""Bytes of each image that a pair names, beside the pairs."""

_ROOM = 3
"""So many proposals for each that is given, before their array must grow."""

_QUESTIONS = 65_536
"""The most pairs that a judge is asked about at once."""

Judge = Callable[[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]], NDArray[np.bool_]]
"""Verifies pairs of a keeper-to-be and another image, those of one keeper next to each other; the third array holds,
for each, the number of the proposal that it stems from, or -1. Returns which are copies."""


def pair_keys(a: NDArray[np.integer], b: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return one number for each unordered pair of images below 2**31; in the order of the pairs."""
    keys = np.minimum(a, b).astype(np.int64)
    keys <<= 32
    keys |= np.maximum(a, b)
    return np.asarray(keys)


def form_stars(
    rank: NDArray[np.integer], a: NDArray[np.integer], b: NDArray[np.integer], judge: Judge
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Form stars from proposed pairs.

    Proposals of images that no proposal connects do not touch each other, so they may be given in several calls.

    A round costs as much as it settles: the proposals that are verified, and the open ones of images that are taken.
    Memory is `PAIR_BYTES` a pair and `IMAGE_BYTES` an image that is named.

    Parameters
    ----------
    rank
        Shape (images,), of integers, all different: the lower, the better the image.
    a, b
        Shape (n,), of image numbers, ``a != b``: proposed pairs. Of a pair that is given more than once,
        the last proposal counts.
    judge
        Verifies pairs when they are needed.

    Returns
    -------
    Shape (m,), int32, twice: the images that are duplicates, and the keeper of each.
    """
    stars = _Stars(*_by_rank(rank, a, b))
    while len(stars.ripe):
        stars.go_on(np.concatenate([judge(*stars.questions(some)) for some in range(0, len(stars.ripe), _QUESTIONS)]))
    return stars.duplicates()


class _Stars:
    """Stars while they are formed."""

    def __init__(
        self, numbers: NDArray[np.int32], head: NDArray[np.int32], tail: NDArray[np.int32], origin: NDArray[np.int32]
    ) -> None:
        self._numbers = numbers
        self._images = np.empty(len(numbers) + 1, IMAGE)
        # The system gives memory when it is written to: room for moves costs nothing before there are any.
        self._proposals = np.empty(_ROOM * len(head), PROPOSAL)
        self._table = with_slots(np.empty(0, MOVED), 8)
        self._changed = np.arange(len(numbers), dtype=np.int32)
        self._counts = np.array([len(head), 0, 0, len(numbers)])
        opened(self._images, self._proposals, head, tail, origin)
        self.ripe = self._in_order(ripe_now(self._images, self._proposals, self._changed, self._counts))
        """Proposals to verify now."""

    def _in_order(self, ripe: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return proposals with those of one head next to each other."""
        return ripe[np.argsort(self._proposals["head"][ripe], kind="stable")]

    def questions(self, first: int) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Return heads, tails and origins of ripe proposals, a bounded number at a time."""
        ripe = self.ripe[first : first + _QUESTIONS]
        heads, tails = (self._numbers[self._proposals[side][ripe]] for side in ("head", "tail"))
        return heads, tails, self._proposals["origin"][ripe]

    def go_on(self, copies: NDArray[np.bool_]) -> None:
        """End a round."""
        take(self._images, self._proposals, self._changed, self._counts, self.ripe, copies)
        work, at = (self._changed, self._counts, self.ripe, copies), 0
        while True:
            at, room = inherit(self._images, self._proposals, self._table, *work, at)
            if at == len(copies):
                break
            self._proposals = with_room(self._proposals, int(self._counts[PROPOSALS]) + room)
            self._table = with_slots(self._table, int(self._counts[MOVES]) + room)
        self.ripe = self._in_order(ripe_now(self._images, self._proposals, self._changed, self._counts))

    def duplicates(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the images that have a keeper, and it."""
        keeper = self._images["keeper"][:-1]
        taken = np.nonzero(keeper != NO_KEEPER)[0]
        return self._numbers[taken], self._numbers[keeper[taken]]


def _by_rank(
    rank: NDArray[np.integer], a: NDArray[np.integer], b: NDArray[np.integer]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Give the images of some pairs numbers by their rank.

    Returns
    -------
    The images, the best first; and heads, tails and numbers of the pairs, sorted by tail and head, each once.
    """
    found = np.unique(np.concatenate([a, b], dtype=np.int32, casting="same_kind"))
    order = np.argsort(rank[found]).astype(np.int32)
    places = np.empty(len(found), np.int32)
    places[order] = np.arange(len(found), dtype=np.int32)
    keys = _sorted_places(places, found, a, b)
    origin = np.argsort(keys, kind="stable").astype(np.int32)
    keys = keys[origin]
    last = np.ones(len(keys), bool)
    last[:-1] = keys[1:] != keys[:-1]
    if not last.all():
        keys, origin = keys[last], origin[last]
    return found[order], keys.astype(np.int32), (keys >> 32).astype(np.int32), origin


def _sorted_places(
    places: NDArray[np.int32], found: NDArray[np.int32], a: NDArray[np.integer], b: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Return the number of each pair: that of its tail, times 2**32, and that of its head."""
    one, other = (places[np.searchsorted(found, side)] for side in (a, b))
    keys = np.maximum(one, other).astype(np.int64)
    keys <<= 32
    keys |= np.minimum(one, other)
    return keys
