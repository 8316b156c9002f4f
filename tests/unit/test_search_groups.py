"""Stars around keepers: no chains, nothing on hearsay, and no more judgements than needed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.search.groups import NO_KEEPER, form_stars

_patiently = settings(deadline=None)


class Court:
    """A judge that remembers what it was asked. ``copies`` is a symmetric matrix of truths."""

    def __init__(self, copies):
        self.copies = copies
        self.asked = []

    def __call__(self, heads, tails, origins):
        assert len(heads) == len(tails) == len(origins) > 0
        self.asked += zip(heads.tolist(), tails.tolist(), strict=True)
        return self.copies[heads, tails]

    @property
    def unordered(self):
        return [frozenset(pair) for pair in self.asked]


def _stars(copies, rank, pairs):
    court = Court(copies)
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T
    return form_stars(len(rank), np.asarray(rank, np.int64), a, b, court), court


@st.composite
def _cases(draw):
    count = draw(st.integers(1, 14))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    copies = rng.random((count, count)) < draw(st.sampled_from([0.1, 0.5, 0.9, 1.0]))
    copies = np.triu(copies, 1) | np.triu(copies, 1).T
    proposed = np.argwhere(np.triu(rng.random((count, count)) < draw(st.sampled_from([0.1, 0.4, 1.0])), 1))
    return copies, rng.permutation(count), proposed.tolist(), rng


@_patiently
@given(_cases())
def test_nobody_is_a_duplicate_of_a_duplicate_or_of_a_worse_image(case):
    copies, rank, pairs, _ = case
    keeper, _ = _stars(copies, rank, pairs)
    for image, head in enumerate(keeper):
        if head != NO_KEEPER:
            assert keeper[head] == NO_KEEPER
            assert rank[head] < rank[image]


@_patiently
@given(_cases())
def test_each_duplicate_was_itself_verified_against_its_keeper(case):
    copies, rank, pairs, _ = case
    keeper, court = _stars(copies, rank, pairs)
    asked = set(court.unordered)
    for image, head in enumerate(keeper.tolist()):
        if head != NO_KEEPER:
            assert copies[image, head]
            assert frozenset((image, head)) in asked


@_patiently
@given(_cases())
def test_each_pair_is_judged_at_most_once(case):
    copies, rank, pairs, _ = case
    _, court = _stars(copies, rank, pairs)
    assert len(set(court.unordered)) == len(court.asked)


@_patiently
@given(_cases())
def test_the_order_of_proposals_and_of_their_images_does_not_matter(case):
    copies, rank, pairs, rng = case
    keeper, _ = _stars(copies, rank, pairs)
    shuffled = [pairs[k][:: rng.choice([-1, 1])] for k in rng.permutation(len(pairs))]
    again, _ = _stars(copies, rank, shuffled)
    np.testing.assert_array_equal(keeper, again)


@_patiently
@given(_cases(), st.integers(1, 5))
def test_copies_of_one_picture_that_were_proposed_share_a_keeper(case, pictures):
    _, rank, pairs, rng = case
    picture = rng.integers(0, pictures, len(rank))
    keeper, _ = _stars(picture[:, None] == picture[None, :], rank, pairs)
    star = np.where(keeper == NO_KEEPER, np.arange(len(rank)), keeper)
    for a, b in pairs:
        assert (star[a] == star[b]) == (picture[a] == picture[b])


def _all_pairs(count):
    return [(i, j) for j in range(count) for i in range(j)]


@pytest.mark.parametrize("count", [2, 3, 10, 200])
def test_a_clique_of_copies_costs_one_judgement_a_copy(count):
    rank = np.random.default_rng(count).permutation(count)
    keeper, court = _stars(~np.eye(count, dtype=bool), rank, _all_pairs(count))
    best = int(rank.argmin())
    assert len(court.asked) == count - 1
    assert keeper[best] == NO_KEEPER
    assert (np.delete(keeper, best) == best).all()


@pytest.mark.parametrize("order", [1, -1])
def test_a_chain_of_copies_becomes_one_star(order):
    count = 200
    rank = np.arange(count)[::order]
    keeper, _ = _stars(~np.eye(count, dtype=bool), rank, [(k, k + 1) for k in range(count - 1)])
    assert (keeper == NO_KEEPER).sum() == 1


def test_a_chain_whose_ends_are_not_copies_is_cut():
    near = np.abs(np.subtract.outer(np.arange(200), np.arange(200)))
    keeper, _ = _stars((near == 1), np.arange(200), [(k, k + 1) for k in range(199)])
    for image, head in enumerate(keeper.tolist()):
        assert head in (NO_KEEPER, image - 1)
    assert (keeper != NO_KEEPER).sum() == 100


@pytest.mark.parametrize("best", [0, 199])
def test_a_star_of_proposals(best):
    rank = np.roll(np.arange(200), best)
    copies = ~np.eye(200, dtype=bool)
    keeper, court = _stars(copies, rank, [(0, k) for k in range(1, 200)])
    assert (keeper == NO_KEEPER).sum() == 1
    assert len(court.asked) <= 2 * 199


def test_a_refused_clique_is_judged_pair_by_pair_and_all_stay():
    keeper, court = _stars(np.zeros((30, 30), bool), np.arange(30), _all_pairs(30))
    assert (keeper == NO_KEEPER).all()
    assert len(court.asked) == 30 * 29 // 2


def test_no_proposals_no_judgements():
    keeper, court = _stars(np.zeros((3, 3), bool), [2, 0, 1], [])
    assert keeper.tolist() == [NO_KEEPER] * 3
    assert court.asked == []
