"""Stars around keepers: no chains, nothing on hearsay, and no more judgements than needed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from star_rounds import stars_by_rounds

from imgsieve.search.groups import IMAGE_BYTES, NO_KEEPER, PAIR_BYTES, form_stars

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
    keeper = np.full(len(rank), NO_KEEPER)
    duplicates, keepers = form_stars(np.asarray(rank, np.int64), a, b, court)
    keeper[duplicates] = keepers
    return keeper, court


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


def _random_case(seed, count, pairs, kind):
    """Return proposals and a judge: of pictures, of pairs by chance, or of what is near in a row."""
    rng = np.random.default_rng(seed)
    centers = rng.integers(0, count, pairs)
    others = (centers + 1 + rng.geometric(0.05, pairs)) % count if seed % 2 else rng.integers(0, count, pairs)
    keys = np.unique(np.minimum(centers, others) * count + np.maximum(centers, others))
    a, b = keys // count, keys % count
    a, b = a[a != b], b[a != b]
    share, picture = rng.uniform(0.05, 0.95), rng.integers(0, max(count // 6, 1), count)

    def copies(heads, tails):
        low, high = (side(heads, tails).astype(np.int64) for side in (np.minimum, np.maximum))
        chance = (low * 7919 + high * 104729 + seed) * 2654435761 % 1000 < 1000 * share
        return {"chance": chance, "pictures": picture[low] == picture[high], "row": high - low < 12}[kind]

    return rng.permutation(count), a, b, copies


@pytest.mark.parametrize("kind", ["chance", "pictures", "row"])
@pytest.mark.parametrize("seed", range(12))
def test_the_keepers_are_those_of_the_rules_by_the_letter(kind, seed):
    """Dense and sparse graphs, with truths that chain and truths that do not: the same keepers, the same questions."""
    count = (40, 400, 4000)[seed % 3]
    rank, a, b, copies = _random_case(seed, count, count * (1 + seed % 5), kind)
    asked: list[set] = [set(), set()]

    def judge(number):
        def answer(heads, tails, origins):
            known = origins >= 0
            np.testing.assert_array_equal(np.minimum(heads, tails)[known], np.minimum(a, b)[origins[known]])
            np.testing.assert_array_equal(np.maximum(heads, tails)[known], np.maximum(a, b)[origins[known]])
            asked[number].update(zip(heads.tolist(), tails.tolist(), origins.tolist(), strict=True))
            return copies(heads, tails)

        return answer

    expected = stars_by_rounds(count, rank, a, b, judge(0))
    keeper = np.full(count, NO_KEEPER)
    duplicates, keepers = form_stars(rank, a, b, judge(1))
    keeper[duplicates] = keepers
    np.testing.assert_array_equal(keeper, expected)
    assert asked[1] == asked[0]


def test_parts_that_no_proposal_connects_may_be_given_one_by_one():
    rank, a, b, copies = _random_case(3, 900, 700, "chance")
    judge = lambda heads, tails, _: copies(heads, tails)
    whole = dict(zip(*(side.tolist() for side in form_stars(rank, a, b, judge)), strict=True))
    inside = np.zeros(900, bool)
    inside[a[:1]] = True
    for _ in range(900):
        inside[a] |= inside[b]
        inside[b] |= inside[a]
    pieces = {}
    for some in (inside[a], ~inside[a]):
        duplicates, keepers = form_stars(rank, a[some], b[some], judge)
        pieces |= dict(zip(duplicates.tolist(), keepers.tolist(), strict=True))
    assert 0 < inside.sum() < 900
    assert pieces == whole


_CHILD = """
import sys
import numpy as np
from imgsieve.search.groups import form_stars
shape, count = sys.argv[1], 10**6
rng = np.random.default_rng(0)
if shape == "pairs":
    a, b = np.arange(count, dtype=np.int32) * 2, np.arange(count, dtype=np.int32) * 2 + 1
elif shape == "clusters":
    pairs = np.array([(i, j) for j in range(5) for i in range(j)], np.int32)
    base = np.repeat(np.arange(count // 10, dtype=np.int32) * 5, 10)
    a, b = base + np.tile(pairs[:, 0], count // 10), base + np.tile(pairs[:, 1], count // 10)
else:
    a = rng.integers(0, 100_000, count, dtype=np.int32)
    b = (a + rng.integers(1, 100_000, count, dtype=np.int32)) % 100_000
images = len(np.unique(np.concatenate([a, b])))
rank = rng.permutation(2 * count).astype(np.int32)
judge = lambda heads, tails, _: (heads + tails) % 3 > 0
form_stars(rank, a[:10], b[:10], judge)
def resident(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))
before = resident("VmRSS:")
form_stars(rank, a, b, judge)
print(images, resident("VmHWM:") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the resident memory from /proc")
@pytest.mark.parametrize("shape", ["pairs", "clusters", "chance"])
def test_memory_is_that_which_is_stated(shape):
    """A million proposals: every image in one only, clusters of copies, and images in twenty each."""
    told = subprocess.run([sys.executable, "-c", _CHILD, shape], capture_output=True, text=True, check=True).stdout
    images, grown = map(int, told.split())
    assert 0 < grown < PAIR_BYTES * 10**6 + IMAGE_BYTES * images
