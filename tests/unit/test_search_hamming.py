"""The exact joins: equal to comparing all with all, whoever carries out the tasks."""

from __future__ import annotations

import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from codes_made import all_with_all, flipped, made_codes
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.memory.stages import search_bytes
from imgsieve.search.hamming import join, self_join
from imgsieve.search.partition import partition_for

_patiently = settings(deadline=None)
"""The first call compiles."""


class _Found:
    """Collects pairs from any thread."""

    def __init__(self):
        self.chunks = []
        self.lock = threading.Lock()

    def __call__(self, pairs):
        with self.lock:
            self.chunks.append(pairs)

    def sorted(self):
        """All pairs with their distances, in order; a pair that was found twice is there twice."""
        return sorted((int(a), int(b), int(d)) for chunk in self.chunks for a, b, d in zip(*chunk, strict=True))


def _self_joined(codes, radius, spread=map):
    found = _Found()
    self_join(codes, radius, found, spread)
    return found.sorted()


def _expected(one, other, radius, *, itself):
    apart = all_with_all(one, other)
    wanted = apart <= radius
    if itself:
        wanted &= np.arange(len(one))[:, None] < np.arange(len(other))
    return [(int(a), int(b), int(apart[a, b])) for a, b in zip(*np.nonzero(wanted), strict=True)]


@_patiently
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 90),
    radius=st.integers(0, 90),
    likely=st.sampled_from([0.02, 0.3, 0.5, 0.97]),
    kinds=st.sampled_from([None, 1, 3]),
)
def test_a_self_join_equals_comparing_all_with_all(seed, count, radius, likely, kinds):
    codes = made_codes(np.random.default_rng(seed), count, likely=likely, kinds=kinds)
    assert _self_joined(codes, radius) == _expected(codes, codes, radius, itself=True)


@_patiently
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 60),
    others=st.integers(0, 80),
    radius=st.sampled_from([0, 3, 17, 18, 31, 47]),
    kinds=st.sampled_from([None, 2]),
)
def test_a_join_equals_comparing_all_with_all(seed, count, others, radius, kinds):
    rng = np.random.default_rng(seed)
    one, other = made_codes(rng, count, kinds=kinds), made_codes(rng, others, kinds=kinds)
    if count and others:
        other[: others // 2] = flipped(rng, one[rng.integers(0, count, others // 2)], radius)
    found = _Found()
    join(one, other, radius, found)
    assert found.sorted() == _expected(one, other, radius, itself=False)


@pytest.mark.parametrize("radius", [17, 31])
def test_many_codes_on_several_threads_and_in_another_order(radius):
    rng = np.random.default_rng(radius)
    codes = made_codes(rng, 40_000)
    planted = rng.permutation(40_000)[:6000].reshape(2, 3000)
    codes[planted[1]] = flipped(rng, codes[planted[0]], rng.integers(0, radius + 4, 3000))
    near = [(a, b) for a, b in planted.T.tolist() if all_with_all(codes[[a]], codes[[b]])[0, 0] <= radius]
    alone = _self_joined(codes, radius)
    # No two of these random codes are this near by chance: what was planted is all there is.
    assert [pair[:2] for pair in alone] == sorted((min(pair), max(pair)) for pair in near)
    with ThreadPoolExecutor(3) as pool:
        assert _self_joined(codes, radius, pool.map) == alone
    assert _self_joined(codes, radius, lambda function, tasks: map(function, reversed(list(tasks)))) == alone


def test_more_pairs_than_a_task_holds():
    codes = made_codes(np.random.default_rng(5), 700, kinds=1)
    found = _self_joined(codes, 90)
    assert len(found) == 700 * 699 // 2
    assert found == _expected(codes, codes, 90, itself=True)


@pytest.mark.parametrize("word", range(4))
def test_codes_that_share_a_word_are_joined_exactly(word):
    rng = np.random.default_rng(word)
    codes = made_codes(rng, 3000)
    codes[:, 8 * word : 8 * word + 8] = 0x5A
    codes[1::7] = flipped(rng, codes[::7], 16)[: len(codes[1::7])]
    assert _self_joined(codes, 17) == _expected(codes, codes, 17, itself=True)


@pytest.mark.parametrize("radius", range(0, 100, 9))
@pytest.mark.parametrize("likely", [0.0, 0.1, 0.5])
def test_substrings_are_disjoint_and_reach_the_radius(radius, likely):
    partition = partition_for(made_codes(np.random.default_rng(1), 5000, likely=likely), radius)
    assert len(np.unique(partition.positions)) == partition.positions.size
    assert partition.radius >= radius


def test_bits_that_tell_nothing_are_left_to_the_last():
    codes = made_codes(np.random.default_rng(2), 4000)
    codes[:, 4:12] = 0
    # 64 of the 256 bits are constant, and 4 substrings of 16 bits leave room for 192 others.
    used = partition_for(codes, 3).positions
    assert not ((used >= 32) & (used < 96)).any()


def test_a_join_takes_no_more_than_is_projected():
    codes = made_codes(np.random.default_rng(3), 60_000)
    self_join(codes[:100], 17, lambda _: None)
    tracemalloc.start()
    self_join(codes, 17, lambda _: None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak + codes.nbytes < search_bytes(len(codes), 1)
