"""Stars around keepers, round by round, in compiled code; `imgsieve.search.groups` tells the rules.

A tail whose best head is x is a *suitor* of x. Suitors are in a list at x, and all of them are ripe once x is nobody's
tail; so a round costs as much as it changes, however many proposals are open.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imgsieve.search.open_pairs import (
    GONE,
    NONE,
    OPEN,
    REFUSED,
    Images,
    Proposals,
    Table,
    compiled,
    find,
    meld,
    rest_of,
    slot_of,
)

__all__ = ["CHANGED", "MOVES", "PROPOSALS", "ROUND", "inherit", "opened", "ripe_now", "take"]

PROPOSALS, MOVES, ROUND, CHANGED = range(4)
"""Places in ``counts``: proposals that were ever made, keys in the table, number of the round, and images in
``changed``, whose proposals this round has changed."""


@compiled
def _note(images: Images, changed: NDArray[np.int32], counts: NDArray[np.int64], image: int) -> None:
    """Note that the proposals of which an image is the tail are not what they were."""
    if images[image].noted != counts[ROUND]:
        images[image].noted = counts[ROUND]
        changed[counts[CHANGED]] = image
        counts[CHANGED] += 1


@compiled
def _propose(
    images: Images,
    proposals: Proposals,
    table: Table,
    changed: NDArray[np.int32],
    counts: NDArray[np.int64],
    one: int,
    other: int,
) -> None:
    """Propose a pair that was not given, unless it is open or was refused."""
    if one == other:
        return
    head, tail = min(one, other), max(one, other)
    last = find(images, proposals, table, head, tail)
    if last >= 0 and proposals[last].state != GONE:
        return
    at = slot_of(table, head << 32 | tail)
    if table[at].key == NONE:
        table[at].key = head << 32 | tail
        counts[MOVES] += 1
    new = counts[PROPOSALS]
    counts[PROPOSALS] += 1
    table[at].proposal = new
    proposal = proposals[new]
    proposal.head, proposal.tail, proposal.origin, proposal.state = head, tail, NONE, OPEN
    proposal.left, proposal.right, proposal.next = NONE, NONE, images[head].own
    images[head].own = new
    images[tail].heap = meld(proposals, images[tail].heap, new)
    images[head].degree += 1
    images[tail].degree += 1
    _note(images, changed, counts, tail)


@compiled
def _close(images: Images, proposals: Proposals, at: int, state: int) -> None:
    """Settle an open proposal."""
    proposals[at].state = state
    images[proposals[at].head].degree -= 1
    images[proposals[at].tail].degree -= 1


@compiled
def _free(
    images: Images,
    proposals: Proposals,
    table: Table,
    changed: NDArray[np.int32],
    counts: NDArray[np.int64],
    head: int,
    tail: int,
) -> None:
    """Free the duplicates of an image that was taken, propose them to its keeper, and give it to the keeper."""
    copy = images[tail].copies
    while copy >= 0:
        images[copy].keeper = NONE
        _propose(images, proposals, table, changed, counts, head, copy)
        copy = images[copy].next_copy
    images[tail].copies = NONE
    images[tail].next_copy = images[head].copies
    images[head].copies = tail


@compiled
def _pass_on(
    images: Images,
    proposals: Proposals,
    table: Table,
    changed: NDArray[np.int32],
    counts: NDArray[np.int64],
    head: int,
    tail: int,
) -> None:
    """Let a keeper inherit the open proposals of an image that it took."""
    at = images[tail].heap
    while at >= 0:
        after = rest_of(proposals, at)
        if proposals[at].state == OPEN:
            _close(images, proposals, at, GONE)
            better = proposals[at].head
            keeper = images[better].keeper
            _propose(images, proposals, table, changed, counts, head, better if keeper < 0 else keeper)
        at = after
    images[tail].heap = NONE
    at = images[tail].own
    while at >= 0:
        if proposals[at].state == OPEN:
            _close(images, proposals, at, GONE)
            worse = proposals[at].tail
            _note(images, changed, counts, worse)
            keeper = images[worse].keeper
            _propose(images, proposals, table, changed, counts, head, worse if keeper < 0 else keeper)
        at = proposals[at].next
    images[tail].own = NONE


@compiled
def _court(images: Images, proposals: Proposals, tail: int) -> None:
    """Clear the top of an image's heap of what is settled, and make the image the suitor of its best head."""
    root = images[tail].heap
    while root >= 0 and proposals[root].state != OPEN:
        root = rest_of(proposals, root)
    images[tail].heap = root
    best = proposals[root].head if root >= 0 else NONE
    before = images[tail].best
    if best == before:
        return
    images[tail].best = best
    if before >= 0:
        previous, following = images[tail].previous, images[tail].next
        if previous >= 0:
            images[previous].next = following
        else:
            images[before].suitors = following
        if following >= 0:
            images[following].previous = previous
    if best >= 0:
        first = images[best].suitors
        images[tail].previous, images[tail].next = NONE, first
        if first >= 0:
            images[first].previous = tail
        images[best].suitors = tail


@compiled
def ripe_now(
    images: Images, proposals: Proposals, changed: NDArray[np.int32], counts: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return the proposals to verify now: nobody better may take the head, and the head is the best for its tail."""
    for i in range(counts[CHANGED]):
        _court(images, proposals, changed[i])
    ripe = np.empty(16, np.int32)
    count = 0
    for i in range(counts[CHANGED]):
        image = changed[i]
        waits = images[image].heap >= 0
        if waits and images[images[image].best].heap >= 0:
            continue
        suitor = image if waits else images[image].suitors
        while suitor >= 0:
            if images[suitor].called != counts[ROUND]:
                images[suitor].called = counts[ROUND]
                if count == len(ripe):
                    longer = np.empty(2 * count, np.int32)
                    longer[:count] = ripe
                    ripe = longer
                ripe[count] = images[suitor].heap
                count += 1
            suitor = NONE if waits else images[suitor].next
    return ripe[:count].copy()


@compiled
def opened(
    images: Images, proposals: Proposals, head: NDArray[np.int32], tail: NDArray[np.int32], origin: NDArray[np.int32]
) -> None:
    """Write the records of the proposals that are given.

    Parameters
    ----------
    images
        Shape (count + 1,), of `imgsieve.search.open_pairs.IMAGE`, filled here; images are numbered by rank.
    proposals
        Shape (n,), of `imgsieve.search.open_pairs.PROPOSAL`, filled here.
    head, tail, origin
        Shape (n,), int32, sorted by tail, then by head, each pair once, ``head < tail``.
    """
    for i in range(len(images)):
        image = images[i]
        image.heap = image.own = image.keeper = image.copies = image.next_copy = NONE
        image.best = image.suitors = image.next = image.previous = image.noted = image.called = NONE
        image.degree = image.begin = 0
    for i in range(len(head)):
        proposal = proposals[i]
        proposal.head, proposal.tail, proposal.origin, proposal.state = head[i], tail[i], origin[i], OPEN
        # Sorted proposals are a heap already: each has the next one as its only child.
        proposal.left = i + 1 if i + 1 < len(head) and tail[i + 1] == tail[i] else NONE
        proposal.right, proposal.next = NONE, images[head[i]].own
        images[head[i]].own = i
        images[head[i]].degree += 1
        images[tail[i]].degree += 1
        images[tail[i] + 1].begin = i + 1
        if images[tail[i]].heap < 0:
            images[tail[i]].heap = i
    for i in range(len(images) - 1):
        images[i + 1].begin = max(images[i + 1].begin, images[i].begin)


@compiled
def take(
    images: Images,
    proposals: Proposals,
    changed: NDArray[np.int32],
    counts: NDArray[np.int64],
    ripe: NDArray[np.int32],
    copies: NDArray[np.bool_],
) -> None:
    """Begin to end a round: settle what was verified, and give each copy its keeper.

    Parameters
    ----------
    changed
        Shape (images,), int32: room for work.
    ripe, copies
        Shape (m,): the ripe proposals, and which of them are copies.
    """
    counts[ROUND] += 1
    counts[CHANGED] = 0
    for i in range(len(ripe)):
        _note(images, changed, counts, proposals[ripe[i]].tail)
        _close(images, proposals, ripe[i], GONE if copies[i] else REFUSED)
        if copies[i]:
            images[proposals[ripe[i]].tail].keeper = proposals[ripe[i]].head


@compiled
def inherit(
    images: Images,
    proposals: Proposals,
    table: Table,
    changed: NDArray[np.int32],
    counts: NDArray[np.int64],
    ripe: NDArray[np.int32],
    copies: NDArray[np.bool_],
    begin: int,
) -> tuple[int, int]:
    """Free the duplicates of images that were taken, and let keepers inherit.

    Parameters
    ----------
    ripe, copies
        As in `take`, which comes before.
    begin
        The first of them that is to do.

    Returns
    -------
    The first of them that is left to do, and how many more proposals there must be room for before that.
    """
    for i in range(begin, len(ripe)):
        if copies[i]:
            head, tail = proposals[ripe[i]].head, proposals[ripe[i]].tail
            needed = images[tail].degree + _copies(images, tail)
            if counts[PROPOSALS] + needed > len(proposals) or 4 * (counts[MOVES] + needed) > 3 * len(table):
                return i, needed
            _free(images, proposals, table, changed, counts, head, tail)
            _pass_on(images, proposals, table, changed, counts, head, tail)
    return len(ripe), 0


@compiled
def _copies(images: Images, image: int) -> int:
    """Count the duplicates of an image."""
    count, copy = 0, images[image].copies
    while copy >= 0:
        count, copy = count + 1, images[copy].next_copy
    return count
