"""Local codes: parts of pictures have the codes of their originals, where they lie and however they are turned."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from imgsieve.config import VotingConfig
from imgsieve.demo import encode, render_scene
from imgsieve.demo.edits import pixels_of
from imgsieve.features.describing import describe
from imgsieve.features.local_codes import BITS, LEVELS, NO_CORNER, PLACES, turned
from imgsieve.features.orientation import orient
from imgsieve.schema import LOCAL_CODES
from imgsieve.stages.matching import Corners, matches

KINDS = ("town", "pebbles", "shelf", "woods")
RADIUS = 18
"""Bits within which codes of the same corner lie in two pictures that were edited apart."""


def _picture(kind="town", width=480, height=360):
    return render_scene(np.random.default_rng(21), width, height, kind=kind)


def _corners(pixels):
    described = describe(np.ascontiguousarray(pixels), thumbnail=False)
    return Corners(described.local_codes[None], described.local_places[None])


def _count(corners):
    return int(corners.counts()[0])


def _common(one, other, orientation=0, radius=RADIUS):
    found, _, _ = matches(_corners(one), _corners(other), np.array([orientation], np.int8), radius)
    return int(found[0])


def _cut(pixels, area, seed):
    side = np.sqrt(area)
    height, width = (round(side * length) for length in pixels.shape[:2])
    rng = np.random.default_rng(seed)
    top, left = rng.integers(0, pixels.shape[0] - height), rng.integers(0, pixels.shape[1] - width)
    return pixels[top : top + height, left : left + width]


@pytest.mark.parametrize("kind", ["town", "shelf", "shore", "painting"])
def test_a_crop_shares_corners_with_its_original(kind):
    pixels = _picture(kind, 960, 720)
    crops = [_cut(pixels, 0.4, seed) for seed in range(6)]
    assert all(_common(pixels, crop) >= 3 for crop in crops)
    # Within the radius of a vote as well, where most are found.
    assert sum(_common(pixels, crop, radius=VotingConfig().max_distance_bits) >= 3 for crop in crops) >= 4


def test_strangers_share_none_to_speak_of():
    pictures = [_picture(kind) for kind in KINDS]
    for one in range(len(pictures)):
        for other in range(one):
            assert _common(pictures[one], pictures[other]) < 3


@pytest.mark.parametrize(
    "edit",
    [
        lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 1.2),
        lambda pixels: pixels_of(encode(pixels, "jpg", quality=40)),
        lambda pixels: cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        lambda pixels: (pixels * 0.7).astype(np.uint8),
        lambda pixels: (pixels + np.random.default_rng(3).normal(0, 8, pixels.shape)).clip(0, 255).astype(np.uint8),
    ],
    ids=["blur", "jpeg", "smaller", "darker", "noise"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_edits_leave_most_corners_where_they_are(kind, edit):
    pixels = _picture(kind)
    assert _common(pixels, edit(pixels)) > 0.5 * _count(_corners(pixels))


@pytest.mark.parametrize("orientation", range(8))
def test_turned_pictures_have_the_same_codes_with_bits_in_another_order(orientation):
    pixels = _picture()
    upright, other = _corners(pixels), _corners(orient(pixels, orientation))
    codes, places = turned(upright.codes, upright.places, orientation)
    assert _count(other) > LOCAL_CODES // 2
    rows = {(int(place[2]), code.tobytes()): place for place, code in zip(places[0], codes[0], strict=True)}
    pairs = [
        (rows[key], place)
        for place, code in zip(other.places[0], other.codes[0], strict=True)
        if (key := (int(place[2]), code.tobytes())) in rows and place[2] != NO_CORNER
    ]
    # Sums are rounded in another order, so a bit of equal pixels may differ.
    assert len(pairs) > 0.9 * _count(upright)
    shifts = np.array([one[:2].astype(int) - other[:2] for one, other in pairs])
    assert (np.ptp(shifts, axis=0) <= 2).all()


@pytest.mark.parametrize("orientation", range(1, 8))
def test_turned_pictures_share_their_corners_only_when_they_are_turned_back(orientation):
    pixels = _picture("pebbles")  # windows of a town look the same upside down
    there = orient(pixels, orientation)
    assert _common(there, pixels, orientation) > 0.9 * _count(_corners(pixels))
    assert _common(there, pixels) < 3


def test_turning_a_code_and_back_changes_nothing():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 256, (5, 7, BITS // 8), dtype=np.uint8)
    places = rng.integers(0, PLACES + 1, (5, 7, 3), dtype=np.uint8)
    places[..., 2] %= LEVELS
    places[:, 5:] = NO_CORNER
    for orientation, inverse in ((0, 0), (1, 3), (2, 2), (3, 1), (4, 4), (5, 5), (6, 6), (7, 7)):
        back = turned(*turned(codes, places, orientation), inverse)
        np.testing.assert_array_equal(back[0], codes)
        np.testing.assert_array_equal(back[1], places)


def test_codes_of_a_table_that_may_not_be_written_are_turned_as_well():
    codes = np.random.default_rng(2).integers(0, 256, (4, BITS // 8), dtype=np.uint8)
    places = np.full((4, 3), LEVELS - 1, np.uint8)
    expected, _ = turned(codes, places, 5)
    kept = codes.copy()
    codes.flags.writeable = places.flags.writeable = False
    np.testing.assert_array_equal(turned(codes, places, 5)[0], expected)
    np.testing.assert_array_equal(codes, kept)


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_flat_picture_has_no_corners(value):
    corners = _corners(np.full((200, 300, 3), value, np.uint8))
    assert _count(corners) == 0
    assert (corners.places == NO_CORNER).all()
    assert not corners.codes.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (7, 5), (30, 900), (900, 30), (159, 161)])
def test_pictures_of_any_shape_have_corners_that_lie_inside(shape):
    noise = np.random.default_rng(shape).integers(0, 256, (*shape, 3), dtype=np.uint8)
    corners = _corners(noise)
    found = corners.places[0][: _count(corners)]
    assert (corners.places[0][len(found) :] == NO_CORNER).all()
    assert (found[:, 2] < LEVELS).all()
    assert (found[:, :2] <= PLACES).all()
    assert not len(np.unique(corners.codes[0][len(found) :], axis=0)) > 1


def test_places_tell_where_a_corner_is():
    pixels = np.full((300, 450, 3), 40, np.uint8)
    top, left, bottom, right = 90, 150, 210, 330
    pixels[top:bottom, left:right] = 220
    corners = _corners(pixels)
    found = corners.places[0][: _count(corners)]
    places = np.array([(top, left), (top, right), (bottom, left), (bottom, right)]) * PLACES / 450
    apart = np.abs(found[:, None, :2].astype(float) - places).max(axis=2)
    assert len(found) >= 4
    assert apart.min(axis=1).max() < 8
    assert apart.min(axis=0).max() < 8


def test_a_picture_that_is_squashed_is_told_at_its_true_shape():
    pixels = _picture("shelf", 640, 320)
    corners = _corners(pixels)
    found = corners.places[0][: _count(corners)]
    assert found[:, 1].max() > 0.8 * PLACES
    assert found[:, 0].max() <= 0.5 * PLACES + 1
