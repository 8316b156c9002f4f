"""Votes: matches count that agree on one similarity, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from imgsieve.features.local_codes import LEVEL_RATIO, LEVELS, NO_CORNER, PLACES
from imgsieve.schema import LOCAL_CODE_BYTES, LOCAL_CODES
from imgsieve.stages.matching import Corners, matches
from imgsieve.stages.votes import count_votes


def _places(rng, count):
    """Places far enough from each other to tell a scale."""
    grid = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2)[rng.permutation(16)[:count]]
    return 60.0 + 35 * grid + rng.uniform(0, 8, (count, 2))


def _matched(places, scale=1.0, degrees=0.0, shift=(0, 0)):
    """Matches of places with where a similarity brings them, shape (n, 6), scales told as the similarity says."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    center = np.array([127.0, 127.0])
    there = (places - center) @ turn.T * scale + center + shift
    levels = round(np.log(scale) / np.log(LEVEL_RATIO))
    out = np.zeros((len(places), 6))
    out[:, :2], out[:, 3:5] = places, there
    # A corner that is larger in the second picture is found on a coarser level there.
    out[:, 2], out[:, 5] = max(0, -levels), max(0, levels)
    return np.rint(out).astype(np.uint8)


def _votes(*pairs):
    starts = np.cumsum([0] + [len(pair) for pair in pairs])
    return count_votes(np.concatenate(pairs), starts.astype(np.int64)).tolist()


@pytest.mark.parametrize(
    "similarity",
    [{}, {"shift": (9, -12)}, {"scale": 1.35}, {"scale": 0.74}, {"scale": 0.55}, {"degrees": 8}, {"degrees": -8}],
)
def test_matches_of_one_similarity_all_count(similarity):
    assert _votes(_matched(_places(np.random.default_rng(1), 9), **similarity)) == [9]


def test_others_do_not_count():
    rng = np.random.default_rng(2)
    places = _places(rng, 12)
    good, stray = _matched(places[:7], scale=0.74), _matched(places[7:], degrees=70)
    assert _votes(np.concatenate([good, stray])) == [7]


def test_matches_at_random_hardly_agree():
    rng = np.random.default_rng(3)
    pairs = [rng.integers(0, PLACES + 1, (12, 6)).astype(np.uint8) for _ in range(50)]
    for pair in pairs:
        pair[:, (2, 5)] %= LEVELS
    votes = _votes(*pairs)
    assert max(votes) < 7
    assert np.mean(votes) < 4


def test_levels_that_tell_another_scale_do_not_count():
    pair = _matched(_places(np.random.default_rng(4), 6))
    pair[:, 5] = LEVELS - 1
    assert _votes(pair) == [1]


def test_turned_upside_down_does_not_count():
    pair = _matched(_places(np.random.default_rng(5), 6), degrees=180)
    assert _votes(pair) == [1]


def test_many_matches_of_one_corner_are_one():
    one = _matched(_places(np.random.default_rng(6), 1))
    assert _votes(np.repeat(one, 20, axis=0)) == [1]


def test_pairs_are_counted_apart_and_up_to_127():
    rng = np.random.default_rng(7)
    many = np.concatenate([_matched(_places(rng, 16)) for _ in range(12)])
    assert _votes(_matched(_places(rng, 5)), many[:0], many, _matched(_places(rng, 3), scale=1.35)) == [5, 0, 127, 3]


def _random_corners(rng, count):
    codes = rng.integers(0, 256, (1, LOCAL_CODES, LOCAL_CODE_BYTES), dtype=np.uint8)
    places = np.full((1, LOCAL_CODES, 3), NO_CORNER, np.uint8)
    places[0, :count, :2], places[0, :count, 2] = _places(rng, count), 0
    codes[0, count:] = 0
    return Corners(codes, places)


def test_corners_match_themselves_within_the_radius_only():
    rng = np.random.default_rng(8)
    corners = _random_corners(rng, 10)
    worn = Corners(corners.codes.copy(), corners.places)
    worn.codes[0, :, 0] ^= 0b111
    upright = np.zeros(1, np.int8)
    assert matches(corners, corners, upright, 0)[0].tolist() == [10]
    assert matches(corners, worn, upright, 3)[0].tolist() == [10]
    assert matches(corners, worn, upright, 2)[0].tolist() == [0]
    assert matches(corners, _random_corners(rng, 10), upright, 18)[0].tolist() == [0]


def test_pairs_are_matched_each_by_itself_however_many_there_are():
    rng = np.random.default_rng(9)
    some = [_random_corners(rng, int(count)) for count in rng.integers(0, 13, 40)]
    order = rng.integers(0, 40, 700)
    one = Corners(np.concatenate([c.codes for c in some])[order], np.concatenate([c.places for c in some])[order])
    expected = np.array([int(c.counts()[0]) for c in some])[order]
    np.testing.assert_array_equal(matches(one, one, np.zeros(700, np.int8), 0)[0], expected)
