"""Regions: crops meet windows, tilted pictures meet tilted windows, framed pictures meet what lies in the frame."""

from __future__ import annotations

import numpy as np
import pytest

from imgsieve.demo import render_scene
from imgsieve.demo.geometry import tilted
from imgsieve.features.describing import describe
from imgsieve.features.reduction import SIDE
from imgsieve.features.regions import COUNT, TRIMMED, WHOLE, rectangles

_WHOLE_PICTURE = np.array([[0, 0, SIDE, SIDE]], np.uint8)


def _picture(kind="town", width=480, height=400):
    return render_scene(np.random.default_rng(21), width, height, kind=kind)


def _distances(regions, code):
    return np.unpackbits(regions ^ code, axis=1).sum(axis=1)


def _place(region, trimmed=_WHOLE_PICTURE):
    return rectangles(np.array([region], np.int8), trimmed)[0]


@pytest.mark.parametrize("region", [0, 4, 8, 9, 17, 24, 25, 33, 40])
def test_a_crop_meets_its_window(region):
    pixels = _picture()
    top, left, bottom, right = _place(region)
    height, width = pixels.shape[:2]
    crop = pixels[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    whole, cropped = (describe(np.ascontiguousarray(p), thumbnail=False) for p in (pixels, crop))
    distances = _distances(whole.region_codes[:TRIMMED], cropped.wavelet_codes[0])
    assert distances.argmin() == region
    assert distances[region] <= 10


@pytest.mark.parametrize("share", [0.08, 0.2, 0.3])
def test_any_crop_is_near_some_window(share):
    pixels, rng = _picture("shore"), np.random.default_rng(4)
    side = np.sqrt(1 - share)
    for _ in range(3):
        height, width = (round(side * length) for length in pixels.shape[:2])
        top, left = rng.integers(0, pixels.shape[0] - height), rng.integers(0, pixels.shape[1] - width)
        crop = np.ascontiguousarray(pixels[top : top + height, left : left + width])
        code = describe(crop, thumbnail=False).wavelet_codes[0]
        assert _distances(describe(pixels, thumbnail=False).region_codes, code).min() <= 60


@pytest.mark.parametrize("degrees", [4.0, -4.0])
def test_a_straightened_picture_meets_a_tilted_window(degrees):
    pixels = _picture()
    edited = tilted(degrees)(pixels, np.random.default_rng(1))
    regions = describe(pixels, thumbnail=False).region_codes
    code = describe(np.ascontiguousarray(edited), thumbnail=False).wavelet_codes[0]
    distances = _distances(regions, code)
    assert 41 <= distances.argmin() < TRIMMED
    assert distances.min() <= 50


@pytest.mark.parametrize("value", [0, 90, 255])
@pytest.mark.parametrize("margins", [(60, 60, 0, 0), (0, 0, 80, 40), (50, 90, 70, 30)])
def test_a_pasted_picture_is_found_in_its_margins(value, margins):
    top, bottom, left, right = margins
    pixels = _picture("pebbles", 400, 300)
    framed = np.pad(pixels, ((top, bottom), (left, right), (0, 0)), constant_values=value)
    described = describe(framed, thumbnail=False)
    place = _place(TRIMMED, described.trimmed[None])
    height, width = framed.shape[:2]
    true = (top / height, left / width, 1 - bottom / height, 1 - right / width)
    np.testing.assert_allclose(place, true, atol=2.5 / SIDE)
    code = describe(pixels, thumbnail=False).wavelet_codes[0]
    assert _distances(described.region_codes, code)[TRIMMED] <= 40


@pytest.mark.parametrize("pixels", [np.full((200, 200, 3), 80, np.uint8), _picture("pebbles")])
def test_nothing_is_trimmed_of_a_flat_picture_or_a_full_one(pixels):
    assert describe(pixels, thumbnail=False).trimmed.tolist() == [0, 0, SIDE, SIDE]


def test_rectangles_lie_inside_and_have_the_sides_of_crops():
    numbers = np.arange(-1, COUNT, dtype=np.int8)
    trimmed = np.tile(np.array([16, 32, 144, 160], np.uint8), (len(numbers), 1))
    places = rectangles(numbers, trimmed)
    assert places.dtype == np.float32
    assert (places >= 0).all()
    assert (places <= 1).all()
    sides = places[:, 2:] - places[:, :2]
    assert (sides > 0.5).all()
    np.testing.assert_array_equal(places[0], (0, 0, 1, 1))
    np.testing.assert_allclose(places[-1], (0.1, 0.2, 0.9, 1.0), atol=1e-6)
    assert sorted({round(float(side), 3) for side in sides[1:42].ravel()}) == [0.7, 0.8, 0.9]


def test_the_whole_is_no_region():
    assert WHOLE not in range(COUNT)
    np.testing.assert_array_equal(_place(WHOLE), (0, 0, 1, 1))
