"""Seams: one of several pictures is told from a crop, a framed picture and a shown one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from imgsieve.config import LocalConfig
from imgsieve.demo import render_scene
from imgsieve.features.orientation import orient
from imgsieve.features.seams import is_one_of_several
from imgsieve.schema import Verdict
from imgsieve.stages.local import compare
from imgsieve.stages.views import view_of


def _scene(kind, seed=3, width=384, height=288):
    return render_scene(np.random.default_rng(seed), width, height, kind=kind)


def _collage(pictures, gutter):
    """Put four pictures together, halved, with a white line between."""
    halves = [cv2.resize(picture, (192, 144), interpolation=cv2.INTER_AREA) for picture in pictures]
    halves = [np.pad(half, ((gutter, gutter), (gutter, gutter), (0, 0)), constant_values=255) for half in halves]
    return np.vstack([np.hstack(halves[:2]), np.hstack(halves[2:])])


def _corners(left, top, width, height):
    return np.array([(left, top), (left + width, top), (left + width, top + height), (left, top + height)], np.float32)


@pytest.fixture(scope="module")
def scenes():
    return [_scene(kind) for kind in ("town", "pebbles", "shore", "town")]


@pytest.mark.parametrize("gutter", [0, 3])
def test_one_of_four_is_one_of_several(scenes, gutter):
    others = [scenes[1], _scene("pebbles", 8), _scene("pebbles", 9), scenes[1][:, ::-1]]
    collage = _collage([scenes[1], *others[1:]], gutter)
    assert is_one_of_several(np.ascontiguousarray(collage), _corners(gutter, gutter, 192, 144), 1.0)


@pytest.mark.parametrize("place", [(0, 0), (90, 60), (150, 100)])
@pytest.mark.parametrize("number", [0, 1])
def test_a_part_of_a_picture_is_no_other_one(scenes, number, place):
    assert not is_one_of_several(scenes[number], _corners(*place, 230, 170), 1.0)


@pytest.mark.parametrize("value", [0, 120, 255])
def test_a_framed_picture_is_alone(scenes, value):
    framed = np.pad(scenes[1], ((70, 70), (90, 90), (0, 0)), constant_values=value)
    assert not is_one_of_several(framed, _corners(90, 70, 384, 288), 1.0)


def test_a_collage_is_no_copy_of_what_it_shows(scenes):
    collage = np.ascontiguousarray(_collage([scenes[1], *(_scene("pebbles", seed) for seed in (8, 9, 10))], 0))
    config = LocalConfig()
    found = compare(view_of(scenes[1], config), view_of(collage, config), 0, regions=None, config=config)
    assert found.verdict == Verdict.REJECTED
    assert "several" in found.why


@pytest.mark.parametrize("orientation", [0, 3, 5])
def test_a_crop_stays_a_copy(scenes, orientation):
    crop = np.ascontiguousarray(orient(scenes[1][60:230, 90:320], orientation))
    config = LocalConfig()
    turn = orientation if orientation >= 4 else (4 - orientation) % 4
    found = compare(view_of(scenes[1], config), view_of(crop, config), turn, regions=None, config=config)
    assert found.verdict == Verdict.ACCEPTED, found.why


def _clip_art(seed):
    """A thing on white."""
    scene = np.full((288, 384, 3), 255, np.uint8)
    scene[60:230, 90:300] = _scene("town", seed)[60:230, 90:300]
    return scene


@pytest.mark.parametrize("number", range(4))
def test_a_cell_of_a_grid_is_one_of_several_where_one_side_shows_no_seam(number):
    pictures = [_scene("pebbles", 5), _scene("hills", 4), _scene("town", 6), _scene("shelf", 7)]
    collage = np.ascontiguousarray(_collage(pictures, 0))
    left, top = 192 * (number % 2), 144 * (number // 2)
    assert is_one_of_several(collage, _corners(left, top, 192, 144), 1.0)


def test_things_on_one_ground_are_several_where_they_fill_a_grid():
    sheet = np.ascontiguousarray(_collage([_clip_art(seed) for seed in range(4)], 0))
    assert is_one_of_several(sheet, _corners(192, 0, 192, 144), 1.0)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("kind", ["pebbles", "woods", "table"])
def test_a_quarter_of_a_picture_is_a_part_of_it(kind, number):
    left, top = 192 * (number % 2), 144 * (number // 2)
    assert not is_one_of_several(_scene(kind), _corners(left, top, 192, 144), 1.0)


@pytest.mark.parametrize("value", [0, 255])
def test_a_picture_beside_nothing_is_alone(scenes, value):
    half = np.pad(scenes[0], ((0, 0), (384, 0), (0, 0)), constant_values=value)
    assert not is_one_of_several(half, _corners(384, 0, 384, 288), 1.0)
