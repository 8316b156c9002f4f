"""Strokes that one of two aligned pictures has and the other has not: of one side, or exchanged."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from imgsieve.demo import render_scene
from imgsieve.features.alignment import lay_over
from imgsieve.features.captions import writing_around
from imgsieve.features.strokes import strokes


def _scene(seed=5, width=640, height=480):
    return render_scene(np.random.default_rng(seed), width, height, kind="town")


def _written(pixels, text, ink=(255, 255, 255), place=(60, 420)):
    out = pixels.copy()
    cv2.putText(out, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 7)
    cv2.putText(out, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1.0, ink, 2)
    return out


def _between(one, other):
    return strokes(lay_over(one, other, np.eye(2, 3)), alone=True)


def _blurred(pixels):
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.5), np.uint8)


def _noisy(pixels):
    noise = np.random.default_rng(1).normal(0, 12, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def _darker(pixels):
    return (255 * (pixels / 255) ** 1.6).astype(np.uint8)


def _coarse(pixels):
    return cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 25])[1], cv2.IMREAD_COLOR)


_EDITS = [_blurred, _noisy, _darker, _coarse]


def test_other_words_are_exchanged():
    scene = _scene()
    found = _between(_written(scene, "market day"), _written(scene, "not for us"))
    assert min(found.first, found.second) > 100
    assert found.exchanged > 40


@pytest.mark.parametrize("edit", _EDITS)
def test_the_same_words_are_not_exchanged_whatever_is_done_to_one_picture(edit):
    written = _written(_scene(), "market day")
    assert _between(written, edit(written)).exchanged == 0


@pytest.mark.parametrize("edit", _EDITS)
def test_words_on_one_side_are_of_that_side_alone(edit):
    scene = _scene()
    found = _between(_written(scene, "market day"), edit(scene))
    assert found.first > max(1000, 5 * found.second)
    assert found.exchanged == 0


def test_words_of_another_ink_are_not_exchanged():
    gray = np.full((480, 640, 3), 128, np.uint8)
    one, other = gray.copy(), gray.copy()
    cv2.putText(one, "market day", (60, 200), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 2)
    cv2.putText(other, "not for us", (60, 200), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2)
    found = _between(one, other)
    assert min(found.first, found.second) > 100
    assert found.exchanged == 0


def test_the_order_of_the_pictures_only_changes_the_sides():
    scene = _scene()
    one, other = _written(scene, "market day"), _darker(_written(scene, "not for us"))
    forth, back = _between(one, other), _between(other, one)
    assert (forth.first, forth.second, forth.exchanged) == (back.second, back.first, back.exchanged)


def test_nothing_is_counted_where_one_side_alone_has_strokes_unless_asked():
    scene = _scene()
    overlay = lay_over(_written(scene, "market day"), scene, np.eye(2, 3))
    assert strokes(overlay, alone=False).exchanged == 0


def _strip(pixels, text):
    bar = np.full((90, pixels.shape[1], 3), 255, np.uint8)
    for line, words in enumerate(text):
        cv2.putText(bar, words, (20, 36 + 36 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 0), 2)
    return np.vstack([bar, pixels])


def _inside(pixels, top):
    h, w = pixels.shape[:2]
    return np.array([[0, top], [w, top], [w, h], [0, h]], np.float32)


def test_a_strip_with_words_is_writing_around_a_picture():
    captioned = _strip(_scene(), ("when all of them had come", "and nobody was left"))
    assert writing_around(captioned, _inside(captioned, 90))


@pytest.mark.parametrize("text", [(), ("a",)])
def test_an_empty_strip_and_a_single_letter_are_none(text):
    framed = _strip(_scene(), text)
    assert not writing_around(framed, _inside(framed, 90))


def test_the_rest_of_a_picture_is_no_writing_around_its_crop():
    scene = _scene()
    assert not writing_around(scene, _inside(scene, 120))


def test_where_nothing_is_around_there_is_no_writing():
    scene = _scene()
    assert not writing_around(scene, _inside(scene, 0))
