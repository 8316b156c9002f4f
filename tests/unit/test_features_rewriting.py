"""Other content in the same place: letters and drawings are told from what is laid over a picture."""

from __future__ import annotations

import cv2
import numpy as np

from imgsieve.features.rewriting import moved_on_one_ground, rewritten

_SIDE = 24
_CORNERS = np.array([[y, x] for y in (4, 28, 52) for x in (4, 28, 52, 76, 100, 124)], np.int64)


def _written(text, ground=None):
    page = np.full((80, 152), 255, np.uint8) if ground is None else ground.copy()
    for line, y in enumerate((24, 48, 72)):
        cv2.putText(page, text[line:] + text[:line], (4, y), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 0, 2)
    return np.asarray(cv2.GaussianBlur(page.astype(np.float32), (0, 0), 1), np.float32)


def _count(one, other):
    fine = [luma - cv2.boxFilter(luma, -1, (9, 9)) for luma in (one, other)]
    return rewritten(one, other, *fine, _CORNERS, _SIDE)


def test_other_words_are_counted_and_the_same_words_are_not():
    one = _written("QUARTERLY")
    count, on_paper = _count(one, _written("STATEMENT"))
    assert count >= 6
    assert 3 <= on_paper <= count
    assert _count(one, one.copy()) == (0, 0)


def test_words_on_one_side_only_are_no_other_words():
    ground = np.random.default_rng(1).normal(120, 12, (80, 152))
    texture = np.clip(cv2.GaussianBlur(ground, (0, 0), 3) * 2 - 120, 0, 255).astype(np.uint8)
    plain = np.asarray(cv2.GaussianBlur(texture.astype(np.float32), (0, 0), 1), np.float32)
    assert _count(plain, _written("QUARTERLY", texture)) == (0, 0)


def _drawing(*boxes):
    out = np.full((80, 152), 250, np.float32)
    for top, left in boxes:
        cv2.circle(out, (left + 12, top + 12), 7, 20, -1)
    return out


def test_drawings_that_moved_are_counted_both_ways():
    one, other = _drawing((4, 4), (28, 28), (52, 52)), _drawing((4, 76), (28, 100), (52, 124))
    assert moved_on_one_ground(one, other, _CORNERS, _SIDE) == 3


def test_a_drawing_that_is_added_moved_nowhere():
    one, other = _drawing((4, 4)), _drawing((4, 4), (28, 100), (52, 124))
    assert moved_on_one_ground(one, other, _CORNERS, _SIDE) == 0
