"""Equal codes and crowds: what stands for them is linear, and nothing is lost sight of."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from codes_made import all_with_all, flipped, made_codes
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from imgsieve.search.crowds import NOBODY, leaders, thin
from imgsieve.search.equality import first_equal


def _connected(count, thinned):
    links = coo_matrix((np.ones(len(thinned.one)), (thinned.one, thinned.other)), (count, count))
    return connected_components(links, directed=False)[1]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=60))
def test_the_first_of_equal_rows(rows):
    first = first_equal(np.array(rows, np.uint64).reshape(-1, 2))
    assert first.tolist() == [rows.index(row) for row in rows]


def test_few_equal_codes_and_scattered_ones_all_stay():
    codes = made_codes(np.random.default_rng(1), 3000)
    codes[10:17] = codes[9]
    thinned = thin(codes, np.zeros(3000, np.float32), 17)
    assert thinned.kept.tolist() == thinned.asking.tolist() == list(range(3000))
    assert not len(thinned.one)


def test_half_a_million_equal_codes_are_a_star():
    codes = np.repeat(made_codes(np.random.default_rng(2), 1), 500_000, axis=0)
    brightness = np.random.default_rng(3).random(500_000).astype(np.float32)
    thinned = thin(codes, brightness, 17)
    assert thinned.kept.tolist() == thinned.asking.tolist() == [0]
    assert len(thinned.one) <= 5 * len(codes)
    star = {(0, other) for other in range(1, 500_000)}
    assert star <= {*zip(thinned.one.tolist(), thinned.other.tolist(), strict=True)}


def test_equal_codes_are_linked_to_those_of_like_brightness():
    codes = np.repeat(made_codes(np.random.default_rng(4), 1), 100, axis=0)
    brightness = np.random.default_rng(5).permutation(100).astype(np.float32)
    thinned = thin(codes, brightness, 17)
    links = {frozenset(pair) for pair in zip(thinned.one.tolist(), thinned.other.tolist(), strict=True)}
    by_brightness = np.argsort(brightness).tolist()
    assert {frozenset(pair) for pair in itertools.pairwise(by_brightness)} <= links


@pytest.fixture(scope="module")
def crowded():
    """20,000 codes within a few bits of one, those of nearly blank pages, among 12,000 others."""
    rng = np.random.default_rng(6)
    blank = made_codes(rng, 1, likely=0.1)
    crowd = np.unique(flipped(rng, np.repeat(blank, 20_000, axis=0), rng.integers(1, 7, 20_000)), axis=0)
    codes = np.concatenate([crowd, made_codes(rng, 12_000)])
    return codes[rng.permutation(len(codes))], len(crowd)


def test_a_crowd_is_gathered_around_leaders(crowded):
    codes, size = crowded
    leader = leaders(codes, 17)
    members = np.nonzero(leader != NOBODY)[0]
    assert size - 100 < len(members) <= size
    own = leader[members]
    assert (leader[own] == own).all()
    words = codes.view(np.uint64)
    assert (np.bitwise_count(words[members] ^ words[own]).sum(axis=1) <= 17).all()


def test_what_stands_for_a_crowd_is_linear_and_connects_it(crowded):
    codes, _ = crowded
    thinned = thin(codes, np.zeros(len(codes), np.float32), 17)
    left_out = np.setdiff1d(np.arange(len(codes)), thinned.kept)
    assert len(left_out) > 0.99 * crowded[1]
    assert len(thinned.one) <= 17 * len(left_out)
    leader, group = leaders(codes, 17), _connected(len(codes), thinned)
    assert (group[left_out] == group[leader[left_out]]).all()
    assert len(thinned.asking) == len(codes)


def test_near_codes_of_a_crowd_have_one_leader_or_near_ones(crowded):
    codes, _ = crowded
    leader = leaders(codes, 17)
    some = np.nonzero(leader != NOBODY)[0][:1500]
    near = all_with_all(codes[some], codes[some]) <= 17
    assert (all_with_all(codes[leader[some]], codes[leader[some]])[near] <= 3 * 17).all()


def test_copies_within_a_crowd_are_linked(crowded):
    codes, _ = crowded
    rng = np.random.default_rng(7)
    members = np.nonzero(leaders(codes, 17) != NOBODY)[0]
    chosen = rng.permutation(members)[:200]
    with_copies = np.concatenate([codes, flipped(rng, codes[chosen], 1)])
    thinned = thin(with_copies, np.zeros(len(with_copies), np.float32), 17)
    links = {frozenset(pair) for pair in zip(thinned.one.tolist(), thinned.other.tolist(), strict=True)}
    found = sum(frozenset((int(a), len(codes) + k)) in links for k, a in enumerate(chosen))
    # Neighbors in four orders: most copies of one bit are there, which a star around a stranger would all miss.
    assert found > 120
