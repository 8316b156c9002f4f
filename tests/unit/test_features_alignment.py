"""Keypoints, alignment, blocks, color: a copy is found under a map and agrees; another view, page or color does not."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import pytest

from imgsieve.config import LocalConfig
from imgsieve.demo import EDITS, build_scene, render_scene
from imgsieve.demo.edits import pixels_of
from imgsieve.demo.lookalikes import two_colors, two_pages, two_viewpoints
from imgsieve.demo.tones import grayed, saturated, sepia
from imgsieve.features.alignment import coverage, fit_side, invert, lay_over, scaling
from imgsieve.features.blocks import agreement, refit
from imgsieve.features.keypoints import Detector, affine_map, detect, is_plausible, matched
from imgsieve.features.orientation import ANY_ORIENTATION, COUNT, compose_inverse, orient
from imgsieve.features.recoloring import recoloring
from imgsieve.features.regions import WHOLE
from imgsieve.schema import Verdict
from imgsieve.stages.local import compare
from imgsieve.stages.views import view_of

_CONFIG = LocalConfig()


@functools.cache
def _picture(kind="town", width=384, height=288):
    return render_scene(np.random.default_rng(51), width, height, kind=kind)


def _warped(pixels, matrix, size):
    """Move a picture by a map into a frame of another size."""
    return np.asarray(
        cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def _turn(degrees, scale=1.0, shift=(0.0, 0.0)):
    matrix = cv2.getRotationMatrix2D((191.5, 143.5), degrees, scale)
    matrix[:, 2] += shift
    return matrix


def _apart(one, other):
    """Return the largest distance of two maps within the picture, in pixels."""
    places = np.array([[40, 40, 1], [340, 40, 1], [340, 240, 1], [40, 240, 1], [190, 140, 1]], np.float64)
    return float(np.linalg.norm(places @ (one - other).T, axis=1).max())


def _keypoints(pixels, detector):
    return detect(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8), detector, 500)


def _inverse(matrix):
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


@pytest.mark.parametrize("matrix", [_turn(0, 1, (12, -7)), _turn(7, 0.93), _turn(-4, 1.1, (5, 9))])
@pytest.mark.parametrize("detector", list(Detector))
def test_a_known_map_is_found(matrix, detector):
    pixels = _picture()
    moved = _warped(pixels, matrix, (384, 288))
    found, inliers = affine_map(*matched(_keypoints(pixels, detector), _keypoints(moved, detector), 0.8))
    assert inliers >= 30
    assert _apart(found, _inverse(matrix)) < 2.0  # as far as blocks mend it, see below


@pytest.mark.parametrize("matrix", [_turn(7, 0.93), _turn(-4, 1.1, (5, 9))])
def test_blocks_bring_a_map_within_half_a_pixel(matrix):
    pixels = _picture()
    moved = _warped(pixels, matrix, (384, 288))
    rough = _inverse(matrix) + np.array([[0, 0, 1.3], [0, 0, -0.9]])
    overlay = lay_over(pixels, moved, rough)
    correction = refit(agreement(overlay))
    assert correction is not None
    step, whole = (np.vstack([m, (0, 0, 1)]) for m in (correction, rough))
    better = (np.linalg.inv(step) @ whole if overlay.into_first else whole @ np.linalg.inv(step))[:2]
    assert _apart(better, _inverse(matrix)) < 0.5


def test_few_or_no_keypoints_give_no_map():
    flat = np.full((100, 100, 3), 90, np.uint8)
    for detector in Detector:
        nothing, some = _keypoints(flat, detector), _keypoints(_picture(), detector)
        assert len(nothing.points) == len(nothing.descriptors) == 0
        assert affine_map(*matched(nothing, some, 0.8)) == (None, 0)


@pytest.mark.parametrize(
    ("linear", "plausible"),
    [
        ([[1, 0], [0, 1]], True),
        ([[0.3, 0.1], [-0.1, 0.4]], True),
        ([[-1, 0], [0, 1]], False),
        ([[1, 0], [0, 0.2]], False),
        ([[0.01, 0], [0, 0.01]], False),
        ([[20, 0], [0, 20]], False),
    ],
)
def test_maps_that_no_edit_makes_are_refused(linear, plausible):
    assert is_plausible(np.hstack([np.array(linear, np.float64), np.ones((2, 1))])) is plausible


def test_scaling_and_its_inverse():
    one, other = np.zeros((50, 80, 3), np.uint8), np.zeros((100, 120, 3), np.uint8)
    matrix = scaling(one, other)
    corner = matrix @ np.array([79.5, 49.5, 1])
    np.testing.assert_allclose(corner, (119.5, 99.5))
    np.testing.assert_allclose(invert(matrix), scaling(other, one), atol=1e-9)


def test_pictures_are_shrunk_never_enlarged():
    assert fit_side(np.zeros((1000, 500, 3), np.uint8), 384).shape == (384, 192, 3)
    assert fit_side(np.zeros((10, 50, 3), np.uint8), 384).shape == (10, 50, 3)


def test_coverage_is_the_share_that_is_seen():
    one, crop = np.zeros((100, 200, 3), np.uint8), np.zeros((50, 100, 3), np.uint8)
    inside = np.array([[1, 0, 30], [0, 1, 20]], np.float64)
    assert coverage(one, crop, inside) == pytest.approx((0.25, 1.0), abs=0.01)
    outside = np.array([[1, 0, 150], [0, 1, 0]], np.float64)
    assert coverage(one, crop, outside) == pytest.approx((0.125, 0.5), abs=0.01)


@pytest.mark.parametrize("kind", ["town", "shelf", "meadow", "pebbles"])
@pytest.mark.parametrize("edit", ["jpeg45", "resize60", "gray", "contrast", "blur", "noise", "stretch"])
def test_an_edit_agrees_with_its_picture_and_stands_still(kind, edit):
    pixels = _picture(kind)
    edited = pixels_of(EDITS[edit].apply(pixels, np.random.default_rng(1)))
    found = agreement(lay_over(pixels, edited, scaling(edited, pixels)))
    assert found.textured >= 6
    assert found.block_share > 0.9
    assert found.still_share > 0.9


@pytest.mark.parametrize("kind", ["town", "woods", "meadow"])
def test_another_viewpoint_does_not_stand_still(kind):
    rng = np.random.default_rng(7)
    scene = build_scene(rng, 384, 288, kind=kind)
    left, right, same = scene.photograph(rng, -0.5), scene.photograph(rng, 0.5), scene.photograph(rng, -0.5)
    still = agreement(lay_over(left, same, scaling(same, left)))
    moved = agreement(lay_over(left, right, scaling(right, left)))
    assert still.still_share > 0.9
    assert moved.still_share * moved.block_share < 0.5


def _shift(one, other):
    return recoloring(one, other, np.ones(one.shape[:2], bool)).shift


@pytest.mark.parametrize("edit", [grayed, sepia, saturated(1.5), saturated(0.6)])
def test_a_copy_of_other_colors_everywhere_is_one_picture(edit):
    pixels = _picture("table")
    assert _shift(pixels, edit(pixels, np.random.default_rng(1))) < 10


def test_an_object_of_another_color_is_another_picture():
    pixels = _picture("table").copy()
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    part = np.s_[90:230, 120:300]
    pixels[part], hsv[part] = (190, 30, 40), (0, 215, 190)
    hsv[part][..., 0] = 115
    other = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)
    assert _shift(pixels, other) > 40


def test_faded_is_told_in_one_direction():
    pixels = _picture("table")
    gray, everywhere = grayed(pixels, np.random.default_rng(1)), np.ones(pixels.shape[:2], bool)
    found, same = recoloring(gray, pixels, everywhere), recoloring(pixels, pixels, everywhere)
    assert (found.first_faded, found.second_faded) == (True, False)
    assert (same.first_faded, same.second_faded) == (False, False)


def _compare(one, other, orientation=ANY_ORIENTATION, *, whole=False):
    regions = (WHOLE, WHOLE) if whole else None
    return compare(view_of(one, _CONFIG), view_of(other, _CONFIG), orientation, regions=regions, config=_CONFIG)


_WHOLE_EDITS = ["jpeg15", "webp", "resize30", "upscale150", "stretch", "dark", "gamma", "saturate", "sepia", "blur"]
_OTHER_EDITS = ["caption", "sticker", "border", "crop5", "crop15", "crop35", "tilt3", "screenshot", "several"]


@pytest.mark.parametrize("edit", _WHOLE_EDITS)
def test_edits_of_the_whole_are_accepted(edit):
    pixels = _picture("town", 512, 384)
    edited = pixels_of(EDITS[edit].apply(pixels, np.random.default_rng(2)))
    found = _compare(pixels, edited, 0, whole=True)
    assert found.verdict == Verdict.ACCEPTED, found.why


@pytest.mark.parametrize("edit", _OTHER_EDITS)
def test_edits_that_move_or_cover_are_accepted(edit):
    pixels = _picture("town", 512, 384)
    edited = pixels_of(EDITS[edit].apply(pixels, np.random.default_rng(2)))
    found = _compare(pixels, edited)
    assert found.verdict == Verdict.ACCEPTED, found.why


@pytest.mark.parametrize("orientation", range(COUNT))
def test_turned_copies_are_accepted_under_their_orientation(orientation):
    pixels = _picture("shelf")
    turned = np.ascontiguousarray(orient(pixels, compose_inverse(orientation)))
    found = _compare(pixels, turned, orientation, whole=True)
    assert found.verdict == Verdict.ACCEPTED, found.why
    assert found.orientation == orientation
    assert found.coverage_a == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("lookalikes", [two_viewpoints, two_colors, two_pages])
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("whole", [True, False])
def test_lookalikes_are_rejected(lookalikes, seed, whole):
    one, other = lookalikes(np.random.default_rng(seed), 512, 384)
    found = _compare(one, other, 0 if whole else ANY_ORIENTATION, whole=whole)
    assert found.verdict == Verdict.REJECTED
    assert found.why


def test_strangers_are_rejected():
    found = _compare(_picture("town"), _picture("shelf"))
    assert found.verdict == Verdict.REJECTED


def test_the_edge_of_a_page_around_a_picture_is_no_detail_of_it():
    fine = _picture("pebbles")
    page = np.full((400, 520, 3), 245, np.uint8)
    page[60:348, 70:454] = fine
    matrix = np.array([[1, 0, 70], [0, 1, 60]], np.float64)
    for overlay in (lay_over(page, fine, matrix), lay_over(fine, page, invert(matrix))):
        within = overlay.inside[100:300, 100:400]
        assert within.all()
        assert np.abs(overlay.one - overlay.other)[100:300, 100:400].max() < 1e-3
        found = agreement(overlay)
        assert (found.block_share, found.still_share) == (1.0, 1.0)
