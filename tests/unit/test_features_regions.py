"""What lies inside the margins of a picture: where it is, and its code."""

from __future__ import annotations

import numpy as np
import pytest

from imgsieve.demo import render_scene
from imgsieve.features.describing import describe
from imgsieve.features.reduction import SIDE
from imgsieve.features.regions import SOME_PART, TRIMMED, WHOLE, rectangles

_WHOLE_PICTURE = np.array([[0, 0, SIDE, SIDE]], np.uint8)


def _picture(kind="town", width=480, height=400):
    return render_scene(np.random.default_rng(21), width, height, kind=kind)


def _place(region, trimmed=_WHOLE_PICTURE):
    return rectangles(np.array([region], np.int8), trimmed)[0]


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
    assert np.bitwise_count(described.trimmed_code ^ code).sum() <= 40


@pytest.mark.parametrize("pixels", [np.full((200, 200, 3), 80, np.uint8), _picture("pebbles")])
def test_nothing_is_trimmed_of_a_flat_picture_or_a_full_one(pixels):
    assert describe(pixels, thumbnail=False).trimmed.tolist() == [0, 0, SIDE, SIDE]


def test_a_picture_without_margins_has_the_code_of_the_whole():
    described = describe(_picture("pebbles"), thumbnail=False)
    np.testing.assert_array_equal(described.trimmed_code, described.wavelet_codes[0])


@pytest.mark.parametrize("region", [WHOLE, SOME_PART])
def test_the_whole_and_some_part_are_looked_at_as_a_whole(region):
    np.testing.assert_array_equal(_place(region, np.array([[16, 32, 144, 160]], np.uint8)), (0, 0, 1, 1))


def test_rectangles_are_told_in_shares_of_a_side():
    trimmed = np.array([[16, 32, 144, 160], [0, 0, SIDE, SIDE]], np.uint8)
    places = rectangles(np.array([TRIMMED, TRIMMED], np.int8), trimmed)
    assert places.dtype == np.float32
    np.testing.assert_allclose(places, [(0.1, 0.2, 0.9, 1.0), (0, 0, 1, 1)], atol=1e-6)
