"""Pictures whose tones were cut to a few, beside those they were made of."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from imgsieve.config import LocalConfig
from imgsieve.demo import render_scene
from imgsieve.features.alignment import lay_over
from imgsieve.features.blocks import agreement
from imgsieve.features.posterizing import with_equal_tones
from imgsieve.stages.judging import judge

_HERE = np.eye(2, 3)


def _scene(seed=5, kind="town"):
    large = render_scene(np.random.default_rng(seed), 768, 576, kind=kind)
    return np.asarray(cv2.resize(large, (384, 288), interpolation=cv2.INTER_AREA), np.uint8)


def _posterized(pixels, bits, quality=85):
    few = ((pixels >> (8 - bits)) * (255 // (2**bits - 1))).astype(np.uint8)
    coded = cv2.imencode(".jpg", few[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[:, :, ::-1])


def _gray(pixels):
    return np.asarray(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def _shares(overlay):
    found = agreement(overlay)
    return found.block_share, found.still_share


@pytest.mark.parametrize("kind", ["town", "pebbles", "shelf"])
@pytest.mark.parametrize("prepare", [lambda pixels: pixels, _gray], ids=["colors", "gray"])
def test_a_picture_of_two_tones_agrees_better_once_tones_are_equal(kind, prepare):
    one = _scene(kind=kind)
    overlay = lay_over(one, _posterized(prepare(one), 1), _HERE)
    equal = with_equal_tones(overlay)
    assert equal is not None
    assert sum(_shares(equal)) > sum(_shares(overlay))
    assert min(_shares(equal)) > 0.8


def test_the_order_of_the_two_does_not_matter():
    one = _scene()
    few = _posterized(one, 1)
    there, back = with_equal_tones(lay_over(one, few, _HERE)), with_equal_tones(lay_over(few, one, _HERE))
    assert np.allclose(there.one, back.other, atol=1e-3)
    assert np.allclose(there.other, back.one, atol=1e-3)


def test_pictures_of_as_many_tones_are_left_alone():
    one = _scene()
    assert with_equal_tones(lay_over(one, one, _HERE)) is None
    few = _posterized(one, 1)
    assert with_equal_tones(lay_over(few, few, _HERE)) is None


@pytest.mark.parametrize("bits", [1, 2])
def test_posterized_pictures_are_copies(bits):
    one = _gray(_scene())
    assert judge(one, _posterized(one, bits), _HERE, LocalConfig()).against == ""


@pytest.mark.parametrize("bits", [1, 2])
def test_another_picture_of_few_tones_stays_apart(bits):
    assert judge(_scene(), _posterized(_scene(seed=6), bits), _HERE, LocalConfig()).against


def test_a_posterized_picture_with_other_writing_stays_apart():
    def written(text):
        out = _gray(_scene())
        out[200:] = 250
        cv2.putText(out, text, (20, 250), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 20, 20), 3)
        return out

    one, other = written("NO REFUND TODAY"), _posterized(written("FREE LUNCH HERE"), 1)
    assert judge(one, _posterized(one, 1), _HERE, LocalConfig()).against == ""
    assert judge(one, other, _HERE, LocalConfig()).against
