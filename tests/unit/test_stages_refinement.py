"""Stage 3: copies go on by their corners or their frames, strangers on one ground do not, whatever the batch."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pyarrow as pa
import pytest

from imgsieve.config import GlobalConfig
from imgsieve.demo import render_scene
from imgsieve.features.describing import describe
from imgsieve.features.descriptor import UNIT
from imgsieve.features.orientation import ANY_ORIENTATION, COUNT, compose_inverse, orient
from imgsieve.features.regions import SOME_PART, WHOLE
from imgsieve.schema import DESCRIPTOR_BYTES, Verdict
from imgsieve.stages.refinement import Sketches, agreement, match

KINDS = ("town", "shelf", "pebbles")


def _picture(kind="town", seed=31, width=480, height=360):
    return render_scene(np.random.default_rng(seed), width, height, kind=kind)


def _sketches(pictures):
    rows = [describe(np.ascontiguousarray(pixels), thumbnail=False) for pixels in pictures]
    names = ("layout", "true_size", "trimmed", "local_codes", "local_places")
    return Sketches.of({name: np.stack([getattr(row, name).reshape(-1) for row in rows]) for name in names})


def _pairs(count, orientation=0, region=WHOLE, votes=0, stands_out=False):
    columns = {"orientation": orientation, "region": region, "votes": votes}
    ids = {"a": np.arange(count, dtype=np.int64), "b": np.arange(count, 2 * count, dtype=np.int64)}
    told = {name: np.full(count, value, np.int8) for name, value in columns.items()}
    return pa.table({**ids, **told, "stands_out": np.full(count, stands_out)})


def _described(one, other, cosine):
    """Return sketches of pictures whose descriptors have a given cosine, all of them."""
    first, second = np.zeros((2, DESCRIPTOR_BYTES))
    first[:16], second[16:32] = 0.25, 0.25
    values = np.rint(UNIT * np.stack([first, cosine * first + np.sqrt(1 - cosine**2) * second])).astype(np.int8)
    both = zip((one, other), values, strict=True)
    return [replace(_sketches(some), descriptors=np.tile(value, (len(some), 1))) for some, value in both]


def _judged(one, other, **hint):
    table = match(_pairs(len(one), **hint), _sketches(one), _sketches(other), GlobalConfig())
    return table.to_pylist()


def _passes(one, other, **hint):
    return _judged([one], [other], **hint)[0]["verdict"] == Verdict.UNDECIDED


@pytest.mark.parametrize("kind", KINDS)
def test_a_crop_goes_on_by_its_corners_alone(kind):
    pixels = _picture(kind)
    row = _judged([pixels], [pixels[40:300, 60:420]], region=SOME_PART, votes=5)[0]
    assert row["verdict"] == Verdict.UNDECIDED
    assert row["matches"] >= 5
    assert row["similarity"] > 0.8


@pytest.mark.parametrize("orientation", range(COUNT))
def test_a_turned_copy_goes_on_in_its_orientation(orientation):
    pixels = _picture("shelf")
    turned = orient(pixels, compose_inverse(orientation))
    assert _passes(pixels, turned, orientation=orientation)


@pytest.mark.parametrize("region", [WHOLE, SOME_PART])
def test_strangers_do_not_go_on(region):
    one = [_picture(kind, seed) for kind in KINDS for seed in range(4)]
    other = [_picture(kind, seed + 50) for kind in KINDS for seed in range(4)]
    assert {row["verdict"] for row in _judged(one, other, region=region, votes=3)} == {Verdict.REJECTED}


def test_other_things_on_one_ground_do_not_go_on():
    ground = _picture("pebbles")
    one, other = ground.copy(), ground.copy()
    one[60:320, 80:420] = _picture("town", 7)[60:320, 80:420]
    other[60:320, 80:420] = _picture("shelf", 8)[60:320, 80:420]
    assert not _passes(one, other, region=SOME_PART, votes=9)
    assert _passes(one, one[10:350, 10:470], region=SOME_PART, votes=9)


def test_a_worn_copy_goes_on_by_its_frame_where_its_corners_are_gone():
    pixels = _picture("woods", width=240, height=180)
    noise = np.random.default_rng(5).normal(0, 40, (180, 240, 1))
    worn = np.clip(cv2.GaussianBlur(pixels, (0, 0), 4) + noise, 0, 255).astype(np.uint8)
    assert _passes(pixels, worn)
    assert not _passes(pixels, worn, region=SOME_PART, votes=3)


def test_pictures_without_anything_to_tell_go_on_when_they_met_whole():
    gray, other = np.full((300, 400, 3), 120, np.uint8), np.full((300, 400, 3), 124, np.uint8)
    assert _passes(gray, other)
    assert not _passes(gray, other, region=SOME_PART, votes=3)


def test_pairs_are_judged_the_same_alone_and_together():
    one = [_picture(kind, seed) for kind in KINDS for seed in (1, 2)]
    other = [one[0][20:], one[2], one[1], one[3][:, 30:], one[4], one[0]]
    together = _judged(one, other, votes=3)
    for row, a, b in zip(together, one, other, strict=True):
        alone = _judged([a], [b], votes=3)[0]
        assert {**row, "a": 0, "b": 1} == {**alone, "a": 0, "b": 1}


def test_agreement_grows_with_blocks_and_with_corners():
    similarity = np.array([0.5, 0.7, 0.5, 0.5], np.float32)
    found, visible = np.array([5, 5, 20, 5], np.int16), np.array([40, 40, 40, 0], np.int16)
    lowest, alike, cornered, hidden = agreement(similarity, found, visible)
    assert lowest < alike
    assert lowest < cornered
    assert hidden <= 0.5 + 0.4 * 1.2  # few visible corners are never a large share


def test_very_near_descriptors_let_a_pair_pass_whatever_corners_say():
    one, other = [_picture("town", 1)], [_picture("pebbles", 2)]
    for cosine, verdict in ((0.5, Verdict.REJECTED), (0.95, Verdict.UNDECIDED)):
        table = match(_pairs(1, region=SOME_PART), *_described(one, other, cosine), GlobalConfig(sure_similarity=0.9))
        row = table.to_pylist()[0]
        assert row["verdict"] == verdict
        assert row["cosine"] == pytest.approx(cosine, abs=0.01)
        assert row["orientation"] == ANY_ORIENTATION  # keypoints have to find out


def test_a_pair_that_stands_out_passes_whatever_corners_say():
    sketches = _described([_picture("town", 1)], [_picture("pebbles", 2)], 0.5)
    for stands_out, verdict in ((False, Verdict.REJECTED), (True, Verdict.UNDECIDED)):
        row = match(_pairs(1, region=SOME_PART, stands_out=stands_out), *sketches, GlobalConfig()).to_pylist()[0]
        assert (row["verdict"], row["stands_out"], row["orientation"]) == (verdict, stands_out, ANY_ORIENTATION)


def test_a_few_votes_do_not_turn_a_pair_that_stands_out():
    pixels = _picture("shelf")
    sketches = _described([pixels], [orient(pixels, 4)], 0.6)
    for stands_out, orientation in ((False, 0), (True, 4)):
        pairs = _pairs(1, region=SOME_PART, votes=3, stands_out=stands_out)
        assert match(pairs, *sketches, GlobalConfig()).to_pylist()[0]["orientation"] == orientation


def test_without_descriptors_none_is_told():
    assert _judged([_picture()], [_picture()])[0]["cosine"] is None


@pytest.mark.parametrize("orientation", range(COUNT))
def test_pairs_of_descriptors_alone_are_laid_as_their_corners_have_it(orientation):
    pixels = _picture("shelf")
    turned = orient(pixels[20:340, 30:450], compose_inverse(orientation))
    pairs = _pairs(2, region=SOME_PART)
    described = _described([pixels] * 2, [turned, _picture("town", 9)], 0.7)
    copy, stranger = match(pairs, *described, GlobalConfig()).to_pylist()
    assert (copy["verdict"], copy["orientation"]) == (Verdict.UNDECIDED, orientation)
    assert (stranger["verdict"], stranger["orientation"]) == (Verdict.REJECTED, ANY_ORIENTATION)
