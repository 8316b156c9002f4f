"""Small pictures laid over each other: copies look alike where a map or their frames lay them, however turned."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from imgsieve.demo import render_scene
from imgsieve.features.describing import describe
from imgsieve.features.layout import layout_of, true_size
from imgsieve.features.local_codes import PLACES
from imgsieve.features.orientation import COUNT, compose_inverse, orient
from imgsieve.stages.laying import alike_blocks, frame_maps

KINDS = ("town", "shelf", "pebbles", "hills")
WHOLE = (0, 0, 1, 1)


def _picture(kind="town", width=480, height=320, seed=31):
    return render_scene(np.random.default_rng(seed), width, height, kind=kind)


def _laid(one, other, *, orientation=0, places=(WHOLE, WHOLE), maps=None):
    """Return how many blocks look alike, and how many were looked at."""
    first, second = (describe(np.ascontiguousarray(pixels), thumbnail=False) for pixels in (one, other))
    sizes = first.true_size[None], second.true_size[None]
    turns = np.array([orientation], np.int8)
    if maps is None:
        maps = frame_maps(*(np.array([place], np.float32) for place in places), turns, sizes)
    alike, seen = alike_blocks(first.layout[None], second.layout[None], sizes, maps, turns)
    return int(alike[0]), int(seen[0])


def test_a_layout_holds_the_means_of_its_cells():
    luma = np.random.default_rng(3).uniform(0, 255, (160, 160)).astype(np.float32)
    expected = luma.reshape(32, 5, 32, 5).mean(axis=(1, 3)).ravel()
    np.testing.assert_allclose(layout_of(luma), expected, atol=0.51)
    assert set(layout_of(np.full((160, 160), 255, np.float32))) == {255}


@pytest.mark.parametrize(("aspect", "size"), [(1, (160, 160)), (2, (80, 160)), (0.5, (160, 80)), (20, (64, 160))])
def test_the_true_size_has_the_aspect_unless_that_is_extreme(aspect, size):
    assert true_size(aspect) == size


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(COUNT))
def test_a_turned_picture_lies_alike_in_its_orientation_alone(kind, orientation):
    pixels = _picture(kind)
    turned = orient(pixels, compose_inverse(orientation))
    alike, seen = _laid(pixels, turned, orientation=orientation)
    assert seen >= 12
    assert alike == seen
    wrong = orientation ^ 2 if orientation < 4 else 4 + ((orientation - 4) ^ 2)
    alike, seen = _laid(pixels, turned, orientation=wrong)
    assert alike < 0.6 * seen


@pytest.mark.parametrize("shape", [(480, 320), (900, 200), (150, 600)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_long_pictures_lie_alike_as_well(shape, orientation):
    pixels = _picture("shelf", *shape)
    alike, seen = _laid(pixels, orient(pixels, compose_inverse(orientation)), orientation=orientation)
    assert alike == seen >= 12


@pytest.mark.parametrize("kind", KINDS)
def test_a_crop_lies_alike_in_its_place_from_both_sides(kind):
    pixels = _picture(kind)
    crop = pixels[64:256, 96:384]
    place = (0.2, 0.2, 0.8, 0.8)
    for pair in ((pixels, crop, (place, WHOLE)), (crop, pixels, (WHOLE, place))):
        alike, seen = _laid(*pair[:2], places=pair[2])
        assert alike >= 0.9 * seen
        assert seen >= 12
    alike, seen = _laid(pixels, crop)
    assert alike < 0.7 * seen


def test_a_map_lays_a_crop_over_its_original():
    pixels = _picture()
    crop = pixels[40:200, 60:300]
    # 254ths of the longer side: 480 pixels here, 240 there.
    maps = np.array([[[2.0, 0], [0, 2.0], [-40 / 240 * PLACES, -60 / 240 * PLACES]]])
    alike, seen = _laid(pixels, crop, maps=maps)
    assert alike >= 0.9 * seen
    assert seen >= 8
    away = maps.copy()
    away[0, 2] += 0.2 * PLACES
    alike, seen = _laid(pixels, crop, maps=away)
    assert alike < 0.6 * seen


def test_strangers_do_not_lie_alike():
    shares = []
    for seed in range(12):
        alike, seen = _laid(_picture("shelf", seed=seed), _picture("shelf", seed=seed + 100))
        shares.append(alike / max(seen, 1))
    assert max(shares) < 0.6


@pytest.mark.parametrize("gain", [0.6, 1.3])
def test_light_and_contrast_leave_blocks_alike(gain):
    pixels = _picture("pebbles")
    other = np.clip((pixels.astype(np.float32) - 128) * gain + 120, 0, 255).astype(np.uint8)
    alike, seen = _laid(pixels, other)
    assert alike >= 0.95 * seen
    assert seen >= 12


def test_what_covers_a_part_spoils_its_blocks_and_no_others():
    pixels = _picture("pebbles")
    covered = pixels.copy()
    cv2.rectangle(covered, (0, 200), (479, 319), (250, 250, 250), -1)
    cv2.putText(covered, "SOLD", (40, 300), cv2.FONT_HERSHEY_SIMPLEX, 3, (10, 10, 10), 12)
    (all_alike, _), (alike, seen) = _laid(pixels, pixels), _laid(pixels, covered)
    assert 0.5 * all_alike <= alike <= 0.7 * all_alike
    assert alike < seen


def test_flat_pictures_have_nothing_to_look_at():
    flat = np.full((300, 400, 3), 200, np.uint8)
    assert _laid(flat, flat) == (0, 0)
    assert _laid(flat, _picture()) == (0, 0)


@pytest.mark.parametrize("value", [0.0, 1e9])
def test_a_map_that_is_none_lays_nothing(value):
    pixels = _picture()
    assert _laid(pixels, pixels, maps=np.full((1, 3, 2), value)) == (0, 0)


def test_what_lies_outside_is_not_looked_at():
    pixels = _picture()
    maps = np.array([[[1.0, 0], [0, 1.0], [300.0, 0.0]]])
    assert _laid(pixels, pixels, maps=maps) == (0, 0)
