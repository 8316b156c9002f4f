"""What keeps two pictures under a map apart: a drawing of something else, blocks that stand elsewhere."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import cv2
import numpy as np
import pytest

from imgsieve.config import LocalConfig
from imgsieve.demo import render_scene
from imgsieve.features.alignment import lay_over
from imgsieve.features.blocks import agreement
from imgsieve.features.coding import Coding
from imgsieve.features.orientation import orient
from imgsieve.features.regions import WHOLE
from imgsieve.schema import Verdict
from imgsieve.stages.judging import judge
from imgsieve.stages.local import compare
from imgsieve.stages.views import view_of

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


_SOFT = [("town", 2, 0.2, 10), ("pebbles", 2, 0.4, 10), ("meadow", 4, 1.0, 20)]


def _soft(kind, blur, contrast):
    scene = cv2.GaussianBlur(render_scene(np.random.default_rng(7), 384, 288, kind=kind), (0, 0), blur)
    return np.clip(128 + contrast * (scene - 128.0), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("kind", "blur", "contrast", "quality"), _SOFT)
def test_blocks_that_tremble_for_coarse_coding_are_told_by_their_neighbors(kind, blur, contrast, quality):
    soft = _soft(kind, blur, contrast)
    coded = _coded(soft, quality)
    assert "stand still" in judge(soft, coded, _HERE, LocalConfig()).against
    assert judge(soft, coded, _HERE, LocalConfig(), trembling=True).against == ""


@pytest.mark.parametrize(("kind", "blur", "contrast", "quality"), _SOFT)
def test_how_coarsely_a_file_is_coded_is_asked_for_either_of_both(kind, blur, contrast, quality):
    soft, config = _soft(kind, blur, contrast), LocalConfig()
    one, other = view_of(soft, config), view_of(_coded(soft, quality), config)
    coarse = replace(other, coding=Coding(quality=quality, fidelity=quality))
    for pair in ((one, coarse), (coarse, one)):
        assert compare(*pair, 0, regions=(WHOLE, WHOLE), config=config).verdict == Verdict.ACCEPTED
    fine = replace(other, coding=Coding(quality=90, fidelity=90))
    assert compare(one, fine, 0, regions=(WHOLE, WHOLE), config=config).verdict != Verdict.ACCEPTED


@pytest.mark.parametrize("kind", ["town", "pebbles", "meadow"])
@pytest.mark.parametrize("quality", [10, 20])
def test_another_view_stays_apart_however_coarsely_it_is_coded(kind, quality):
    scene = cv2.GaussianBlur(render_scene(np.random.default_rng(7), 384, 288, kind=kind), (0, 0), 2)
    x, y = np.meshgrid(np.arange(384, dtype=np.float32), np.arange(288, dtype=np.float32))
    nearer = x + 7 / (1 + np.exp((190 - x) / 12))
    other = cv2.remap(scene, nearer, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    assert judge(_coded(scene, quality), _coded(other, quality), _HERE, LocalConfig(), trembling=True).against
