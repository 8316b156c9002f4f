"""The look at a glance before all else of stage 4, and the search for the place of a block."""

from __future__ import annotations

import numpy as np
import pytest

from imgsieve.config import LocalConfig
from imgsieve.demo import EDITS, render_scene
from imgsieve.demo.edits import pixels_of
from imgsieve.features.glance import GRID, agreeing_share
from imgsieve.features.orientation import COUNT, compose_inverse, orient
from imgsieve.features.placing import PLACES, REACH, cut_block, find_place, vertex
from imgsieve.features.regions import TRIMMED, WHOLE
from imgsieve.schema import Verdict
from imgsieve.stages.local import compare
from imgsieve.stages.views import view_of

_CONFIG = LocalConfig()


def _picture(kind, seed=3):
    return render_scene(np.random.default_rng(seed), 400, 300, kind=kind)


def _share(one, other, regions=(WHOLE, WHOLE), orientation=0):
    first, second = view_of(one, _CONFIG), view_of(other, _CONFIG)
    return agreeing_share(first.glimpse(regions[0], 0), second.glimpse(regions[1], orientation))


@pytest.mark.parametrize("edit", ["jpeg15", "resize30", "stretch", "dark", "sepia", "blur", "caption", "sticker"])
@pytest.mark.parametrize("kind", ["town", "shelf"])
def test_copies_lie_alike_at_a_glance(kind, edit):
    pixels = _picture(kind)
    assert _share(pixels, pixels_of(EDITS[edit].apply(pixels, np.random.default_rng(2)))) > 0.6


def test_a_small_crop_and_a_small_tilt_move_all_blocks_together():
    pixels = _picture("town")
    for edit in ("crop5", "tilt3"):
        assert _share(pixels, pixels_of(EDITS[edit].apply(pixels, np.random.default_rng(2)))) > 0.5


@pytest.mark.parametrize("orientation", range(COUNT))
def test_copies_are_seen_in_the_orientation_of_the_hint(orientation):
    pixels = _picture("town")
    turned = np.ascontiguousarray(orient(pixels, compose_inverse(orientation)))
    assert _share(pixels, turned, orientation=orientation) > 0.9


def test_a_framed_copy_is_seen_within_its_margins():
    pixels = _picture("town")
    framed = np.pad(pixels, ((70, 70), (70, 70), (0, 0)), constant_values=255)
    assert _share(pixels, framed, regions=(WHOLE, TRIMMED)) > 0.8
    assert _share(pixels, framed) < 0.5


def test_too_little_texture_says_nothing():
    flat = np.full((300, 400, 3), 120, np.uint8)
    assert _share(flat, _picture("town")) == 1.0


def test_strangers_are_rejected_at_a_glance_and_copies_are_not():
    one, other = view_of(_picture("town"), _CONFIG), view_of(_picture("shelf"), _CONFIG)
    found = compare(one, other, 0, regions=(WHOLE, WHOLE), config=_CONFIG)
    assert (found.verdict, found.matrix) == (Verdict.REJECTED, None)
    assert "at a glance" in found.why
    assert compare(one, one, 0, regions=(WHOLE, WHOLE), config=_CONFIG).verdict == Verdict.ACCEPTED


@pytest.mark.parametrize("side", [10, 16, 24])
def test_all_places_of_a_block_are_correlated(side):
    rng = np.random.default_rng(side)
    one, other = (rng.random((60, 70), np.float32) * 255 for _ in range(2))
    top, left, span = 12, 17, side + 2 * REACH
    other[top + 3 : top + 3 + side, left - 2 : left - 2 + side] = one[top : top + side, left : left + side] * 0.5 + 9
    block, area, surface = (np.zeros(shape, np.float32) for shape in ((side, span), (span, span), (PLACES, PLACES)))
    energy = cut_block(one, top, left, side, block)
    best, row, column = find_place(block, energy, other, top, left, area, surface)
    assert (row - REACH, column - REACH) == (3, -2)
    assert best == pytest.approx(1, abs=1e-3)
    cut = one[top : top + side, left : left + side].ravel()
    for y in range(PLACES):
        for x in range(PLACES):
            place = other[top - REACH + y : top - REACH + y + side, left - REACH + x : left - REACH + x + side]
            assert surface[y, x] == pytest.approx(np.corrcoef(cut, place.ravel())[0, 1], abs=2e-3)


def test_the_vertex_of_a_parabola_is_found():
    line = np.array([1 - (x - 2.3) ** 2 for x in range(5)], np.float32)
    assert vertex(line, 2) == pytest.approx(0.3, abs=1e-4)
    assert vertex(line, 0) == 0.0


def test_the_grid_leaves_room_for_the_search():
    noise = np.random.default_rng(1).random((GRID, GRID), np.float32) * 255
    moved = np.roll(noise, (REACH, -REACH), (0, 1))
    assert agreeing_share(noise, moved) > 0.9
