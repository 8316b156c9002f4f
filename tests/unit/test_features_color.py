"""Stage 2's color metrics, under orientations and in places."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import settings

from imgsieve.demo import render_scene
from imgsieve.demo.lookalikes import two_colors
from imgsieve.demo.tones import grayed
from imgsieve.features.color import color_metrics
from imgsieve.features.describing import describe
from imgsieve.features.orientation import COUNT, compose_inverse, orient

_patiently = settings(deadline=None)
"""The first call compiles."""

_WHOLE = np.array([[0, 0, 1, 1]], np.float32)
_DOMINANT, _PIXELS, _HISTOGRAM, _HUE, _CHROMA = range(5)


def _described(pixels):
    return describe(np.ascontiguousarray(pixels), thumbnail=False)


def _colors(one, other, orientation=0, place=_WHOLE):
    first, second = _described(one).color_signature, _described(other).color_signature
    return color_metrics(first[None], second[None], place, _WHOLE, np.array([orientation], np.int8))[0]


def _picture(kind="table"):
    return render_scene(np.random.default_rng(31), 400, 300, kind=kind)


@pytest.mark.parametrize("orientation", range(COUNT))
def test_a_picture_has_no_distance_to_itself_in_its_orientation(orientation):
    pixels = _picture()
    turned = orient(pixels, compose_inverse(orientation))
    metrics = _colors(pixels, turned, orientation)
    np.testing.assert_allclose(metrics[[_DOMINANT, _PIXELS, _HUE]], 0, atol=1.6)
    assert metrics[_HISTOGRAM] > 0.99
    assert metrics[_CHROMA] > 5


def test_the_wrong_orientation_costs():
    pixels = _picture("hills")
    right, wrong = _colors(pixels, pixels, 0), _colors(pixels, pixels, 6)
    assert wrong[_PIXELS] > 5 + 10 * right[_PIXELS]


def test_a_gray_copy_is_told_by_its_chroma_and_the_red_product_by_its_hue():
    pixels = _picture()
    gray = _colors(pixels, grayed(pixels, np.random.default_rng(1)))
    assert gray[_CHROMA] < 1.5
    red, blue = two_colors(np.random.default_rng(5), 400, 300)
    apart = _colors(red, blue)
    assert apart[_DOMINANT] > 5
    assert apart[_PIXELS] > 3 * _colors(red, red)[_PIXELS] + 3


def test_metrics_do_not_depend_on_the_order():
    one, other = _picture("town"), _picture("shore")
    np.testing.assert_allclose(_colors(one, other), _colors(other, one), rtol=1e-4, atol=1e-4)


def test_a_crop_is_compared_in_its_place():
    pixels = _picture("hills")
    crop = pixels[60:240, 80:320]
    place = np.array([[0.2, 0.2, 0.8, 0.8]], np.float32)
    assert _colors(pixels, crop, place=place)[_PIXELS] < 0.8 * _colors(pixels, crop)[_PIXELS]


def test_the_signature_holds_weights_of_all_pixels():
    pixels = cv2.resize(_picture(), (320, 320), interpolation=cv2.INTER_AREA)
    signature = _described(pixels).color_signature
    histogram, dominant = signature[192:256].astype(int), signature[256:].reshape(8, 4).astype(int)
    assert 256 - 64 <= histogram.sum() <= 256
    assert (np.diff(dominant[:, 3]) <= 0).all()
    # A thumbnail of the same size, made another way.
    lab = cv2.cvtColor(cv2.resize(pixels, (8, 8), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    assert np.abs(signature[:192].reshape(8, 8, 3).astype(int) - lab)[..., 0].mean() < 4
