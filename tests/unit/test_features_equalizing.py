"""Pictures whose channels were equalized, beside those they were made of and beside things in another color."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from imgsieve.config import LocalConfig
from imgsieve.demo import render_scene
from imgsieve.features.equalizing import if_equalized
from imgsieve.features.recoloring import recoloring
from imgsieve.stages.judging import judge

_HERE = np.eye(2, 3)


def _by_darker(pixels):
    return np.asarray(ImageOps.equalize(Image.fromarray(pixels)))


def _by_not_lighter(pixels):
    return np.stack([cv2.equalizeHist(np.ascontiguousarray(pixels[:, :, k])) for k in range(3)], axis=-1)


WAYS = pytest.mark.parametrize("equalize", [_by_darker, _by_not_lighter])


def _coded(pixels, quality=75):
    coded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[:, :, ::-1])


@pytest.fixture(params=[("meadow", 0, (1, 1, 1)), ("meadow", 1, (1, 0.6, 0.25)), ("table", 1, (0.4, 0.7, 1))], ids=str)
def scene(request):
    """A scene in such light that equalizing turns the colors of one part more than those of others."""
    kind, seed, light = request.param
    drawn = render_scene(np.random.default_rng(seed), 384, 288, kind=kind)
    return np.clip(drawn * np.array(light), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def red_thing():
    """A red thing on a gray backdrop that is in another light at each end."""
    scene = render_scene(np.random.default_rng(5), 384, 288, kind="town")
    gray = np.repeat(cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2).astype(np.float32)
    out = 0.5 * gray + np.linspace(60, 110, 384)[None, :, None]
    out[80:210, 120:260] *= (1.0, 0.35, 0.3)
    return np.clip(out, 0, 255).astype(np.uint8)


def _in_blue(pixels):
    out = pixels.copy()
    out[80:210, 120:260] = out[80:210, 120:260, ::-1]
    return out


def _everywhere(picture):
    return np.ones(picture.shape[:2], bool)


def _found(one, other):
    return if_equalized(one, other, _everywhere(one), ~_everywhere(one))


@WAYS
def test_the_picture_that_was_not_is_equalized_whichever_it_is(red_thing, equalize):
    equal = equalize(red_thing)
    one, other = _found(red_thing, _coded(equal))
    assert np.abs(one.astype(int) - equal).mean() < 3
    assert np.array_equal(other, _coded(equal))
    one, other = _found(_coded(equal), red_thing)
    assert np.array_equal(one, _coded(equal))
    assert np.abs(other.astype(int) - equal).mean() < 3


def test_another_color_is_no_equalizing(red_thing):
    assert _found(red_thing, _in_blue(red_thing)) is None
    assert _found(red_thing, np.asarray(ImageOps.autocontrast(Image.fromarray(_in_blue(red_thing)), cutoff=2))) is None
    assert _found(red_thing, _by_darker(_in_blue(red_thing))) is None


def test_what_does_not_agree_or_lies_outside_does_not_count(red_thing):
    equal = _by_darker(red_thing).copy()
    equal[:, :60] = (255, 0, 255)
    strip = np.zeros(equal.shape[:2], bool)
    strip[:, :60] = True
    assert if_equalized(red_thing, equal, _everywhere(equal), ~_everywhere(equal)) is None
    assert if_equalized(red_thing, equal, _everywhere(equal), strip) is not None
    assert if_equalized(red_thing, equal, _everywhere(equal), _everywhere(equal)) is None


def test_pictures_of_one_tone_are_no_error():
    plain = np.full((64, 64, 3), 90, np.uint8)
    assert _found(plain, np.full((64, 64, 3), 200, np.uint8)) is None


@WAYS
def test_an_equalized_copy_is_a_copy_though_its_colors_have_turned(scene, equalize):
    equal = _coded(equalize(scene))
    plain = recoloring(scene, equal, _everywhere(equal))
    assert max(plain.shift, plain.part) > LocalConfig().max_color_shift
    for one, other in ((scene, equal), (equal, scene)):
        judged = judge(one, other, _HERE, LocalConfig())
        assert judged.against == ""
        assert judged.colors.shift < LocalConfig().max_color_shift


def test_the_thing_in_another_color_stays_apart(red_thing):
    assert "color" in judge(red_thing, _in_blue(red_thing), _HERE, LocalConfig()).against
    assert judge(_by_darker(red_thing), _in_blue(red_thing), _HERE, LocalConfig()).against
