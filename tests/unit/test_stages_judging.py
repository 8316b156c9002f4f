"""Drawings that share an outline and no more: signs in one ring, icons on one rounded square."""

from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np
import pytest

from imgsieve.config import LocalConfig
from imgsieve.demo import render_scene
from imgsieve.features.alignment import lay_over
from imgsieve.features.blocks import agreement
from imgsieve.features.orientation import orient
from imgsieve.stages.judging import judge

_HERE = np.eye(2, 3)
_SIDE = 192

_PENTAGON = np.array([[85, 60], [115, 55], [125, 90], [100, 110], [80, 90]])
_SIGNS = {
    "pentagon": lambda icon: cv2.fillPoly(icon, [_PENTAGON], (255, 255, 255)),
    "bar": lambda icon: cv2.line(icon, (40, 110), (90, 85), (40, 230, 235), 9),
    "disk": lambda icon: cv2.circle(icon, (70, 70), 17, (250, 250, 250), -1),
    "arrow": lambda icon: cv2.fillPoly(icon, [np.array([[120, 110], [165, 85], [165, 135]])], (20, 20, 20)),
}
_GROUNDS = {"pentagon": (40, 70, 180), "bar": (60, 25, 110), "disk": (215, 85, 170), "arrow": (170, 125, 90)}


def _icon(sign):
    """Return a ring of one color on white, with a sign in it."""
    icon = np.full((_SIDE, _SIDE, 3), 255, np.uint8)
    cv2.circle(icon, (96, 96), 88, _GROUNDS[sign], -1)
    _SIGNS[sign](icon)
    return icon


def _coded(pixels, quality):
    coded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[:, :, ::-1])


def _smaller(pixels):
    return np.asarray(cv2.resize(pixels, (120, 120), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("signs", list(combinations(_SIGNS, 2)), ids="-".join)
@pytest.mark.parametrize("orientation", range(8))
def test_other_signs_in_one_ring_stay_apart(signs, orientation):
    one, other = _icon(signs[0]), np.ascontiguousarray(orient(_icon(signs[1]), orientation))
    assert judge(one, other, _HERE, LocalConfig()).against


@pytest.mark.parametrize("sign", _SIGNS)
@pytest.mark.parametrize("edit", [lambda p: _coded(p, 40), lambda p: p // 2 + 60], ids=["coded", "faded"])
def test_edited_signs_are_copies(sign, edit):
    assert judge(_icon(sign), edit(_icon(sign)), _HERE, LocalConfig()).against == ""


@pytest.mark.parametrize("sign", _SIGNS)
def test_smaller_signs_are_copies(sign):
    one, other = _icon(sign), _smaller(_icon(sign))
    enlarge = np.array([[1.6, 0, 0.3], [0, 1.6, 0.3]])
    assert judge(one, other, enlarge, LocalConfig()).against == ""


def test_the_share_of_plain_blocks_is_told():
    plain, icon = np.full((_SIDE, _SIDE, 3), 128, np.uint8), _icon("bar")
    pebbles = render_scene(np.random.default_rng(1), _SIDE, _SIDE, kind="pebbles")
    assert agreement(lay_over(plain, plain, _HERE)).plain_share == 1.0
    assert 0.2 < agreement(lay_over(icon, icon, _HERE)).plain_share < 0.8
    assert agreement(lay_over(pebbles, pebbles, _HERE)).plain_share < 0.1
