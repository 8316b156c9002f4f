"""Corners that one map brings together, and how many it should: however they lie on each other."""

from __future__ import annotations

import numpy as np
import pytest

from imgsieve.features.local_codes import NO_CORNER
from imgsieve.schema import LOCAL_CODE_BYTES, LOCAL_CODES
from imgsieve.stages.fitting import count_fitting

CENTER = np.array([127.0, 127.0])


def _picture(rng, count):
    """Codes and places of a picture with so many corners, all of one scale: shapes (1, n, 2) and (1, n, 3)."""
    codes = rng.integers(0, 256, (1, LOCAL_CODES, LOCAL_CODE_BYTES), dtype=np.uint8).view(np.uint64)
    places = np.full((1, LOCAL_CODES, 3), NO_CORNER, np.uint8)
    places[0, :count, :2] = rng.integers(30, 225, (count, 2))
    places[0, :count, 2] = 1
    codes[0, count:] = 0
    return codes, places


def _moved(places, matrix, shift=(0, 0)):
    """Bring places elsewhere, around the center."""
    out = places.copy()
    found = places[0, :, 2] != NO_CORNER
    there = (places[0, found, :2] - CENTER) @ np.asarray(matrix).T + CENTER + shift
    out[0, found, :2] = np.rint(np.clip(there, 0, 254))
    return out


def _fitting(one, other, radius=18):
    found, visible, _ = count_fitting(*one, *other, radius)
    return int(found[0]), int(visible[0])


@pytest.mark.parametrize(
    "matrix",
    [
        np.eye(2),
        0.85 * np.eye(2),
        [[0.98, -0.17], [0.17, 0.98]],
        [[1.0, 0.08], [0.0, 0.9]],
    ],
    ids=["same", "smaller", "tilted", "skewed"],
)
def test_a_map_brings_all_corners_of_a_copy_together(matrix):
    codes, places = _picture(np.random.default_rng(1), 30)
    found, visible = _fitting((codes, places), (codes, _moved(places, matrix)))
    assert found >= 28
    assert visible >= 26


@pytest.mark.parametrize("matrix", [np.eye(2), 0.85 * np.eye(2), [[1.0, 0.08], [0.0, 0.9]]])
def test_the_map_that_was_found_is_told(matrix):
    codes, places = _picture(np.random.default_rng(11), 30)
    _, _, maps = count_fitting(codes, places, codes, _moved(places, matrix, (4, -3)), 18)
    shown = places[0, places[0, :, 2] != NO_CORNER, :2].astype(float)
    expected = (shown - CENTER) @ np.asarray(matrix).T + CENTER + (4, -3)
    np.testing.assert_allclose(shown @ maps[0, :2] + maps[0, 2], expected, atol=1.5)


def test_only_what_a_crop_shows_should_be_there():
    codes, places = _picture(np.random.default_rng(2), 40)
    inside = places[0, :, 1] < 120
    count = int(inside.sum())
    part = np.full_like(places, NO_CORNER), np.zeros_like(codes)
    part[0][0, :count], part[1][0, :count] = places[0, inside], codes[0, inside]
    found, visible = _fitting((codes, places), (part[1], part[0]))
    assert found == count
    assert count - 2 <= visible <= count < 30


def test_strangers_on_one_ground_share_few_of_what_they_should():
    rng = np.random.default_rng(3)
    (codes, places), (other, elsewhere) = _picture(rng, 40), _picture(rng, 40)
    other[0, :6], elsewhere[0, :6] = codes[0, :6], places[0, :6]
    found, visible = _fitting((codes, places), (other, elsewhere))
    assert found == 6
    assert visible > 4 * found


def test_strangers_share_nothing():
    rng = np.random.default_rng(4)
    found, visible = _fitting(_picture(rng, 40), _picture(rng, 40))
    assert found <= 1
    assert visible == 0


@pytest.mark.parametrize(("one", "other"), [(0, 0), (0, 20), (20, 0)])
def test_pictures_without_corners_share_nothing(one, other):
    rng = np.random.default_rng(5)
    assert _fitting(_picture(rng, one), _picture(rng, other)) == (0, 0)


def test_corners_that_went_elsewhere_do_not_count():
    rng = np.random.default_rng(6)
    codes, places = _picture(rng, 30)
    moved = places.copy()
    moved[0, 20:30, :2] = (places[0, 20:30, :2].astype(int) + 100) % 255
    found, visible = _fitting((codes, places), (codes, moved))
    assert 19 <= found <= 22
    assert visible >= 25


def test_pairs_are_counted_apart():
    rng = np.random.default_rng(7)
    one, other = _picture(rng, 25), _picture(rng, 25)
    codes, places = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
    found, visible, _ = count_fitting(
        codes, places, np.concatenate([one[0], one[0]]), np.concatenate([one[1], one[1]]), 18
    )
    assert (int(found[0]), int(visible[0])) == _fitting(one, one)
    assert (int(found[1]), int(visible[1])) == _fitting(other, one)
