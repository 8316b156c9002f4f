"""Provenance: a copy is told from its original by what was done to it, whatever both were saved by."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps
from saved_scenes import CONFIG, pixels_of, saved, scene, view_of_file

from imgsieve.compare import compare_pictures
from imgsieve.features.coding import Coding, by_coding, steps_of
from imgsieve.features.orientation import ANY_ORIENTATION
from imgsieve.features.placement import plainness
from imgsieve.features.prediction import forecast
from imgsieve.features.provenance import NEITHER, OF_FIRST, OF_SECOND
from imgsieve.features.regions import WHOLE
from imgsieve.stages import local

_LOSSLESS = Coding(quality=0, fidelity=101)


def _scene(kind="woods", seed=5):
    return scene(kind, seed)


def _made(one, other, orientation=0, *, whole=True):
    regions = (WHOLE, WHOLE) if whole else None
    hint = orientation if whole else ANY_ORIENTATION
    found = local.compare(view_of_file(one), view_of_file(other), hint, regions=regions, config=CONFIG.local)
    assert found.verdict == "accepted", found.why
    return found.made, found.how


def _made_both_ways(original, copy, **options):
    """What is said of a pair must not depend on which comes first."""
    made, how = _made(original, copy, **options)
    swapped, _ = _made(copy, original, **options)
    assert swapped == -made
    return made, how


def _lettered(picture):
    picture = picture.copy()
    ImageDraw.Draw(picture).text((40, 150), "SOLD OUT", fill="white", font_size=60)
    return picture


def _noisy(picture, sigma):
    noise = np.random.default_rng(4).normal(0, sigma, (picture.height, picture.width, 3))
    return Image.fromarray(np.clip(np.rint(np.asarray(picture) + noise), 0, 255).astype(np.uint8))


def _perspective(picture):
    w, h = picture.size
    corners = np.array([[16, 12], [w - 20, 14], [w - 15, h - 12], [18, h - 13]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32), corners)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return Image.fromarray(cv2.warpPerspective(np.asarray(picture), matrix, (w, h), flags=flags))


def _page(picture):
    """Show a picture on a page, a little smaller than it was."""
    small = picture.resize((picture.width * 7 // 10, picture.height * 7 // 10), Image.Resampling.LANCZOS)
    page = Image.new("RGB", (560, 520), (24, 26, 30))
    ImageDraw.Draw(page).rectangle((0, 0, 560, 44), fill=(60, 90, 160))
    page.paste(small, (60, 110))
    return page


_TONES = {
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.75),
    "flatter": lambda picture: ImageEnhance.Contrast(picture).enhance(0.65),
    "faded": lambda picture: Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.35),
    "lettered": _lettered,
    "saved again": lambda picture: picture,
}


@pytest.mark.parametrize(("before", "after"), [(75, 92), (92, 75), (95, 80), (80, 95), ("PNG", 85)])
@pytest.mark.parametrize("edit", sorted(_TONES))
def test_a_copy_of_one_size_is_told_whatever_both_were_saved_by(edit, before, after):
    original = saved(_scene(), before)
    made, _ = _made_both_ways(original, saved(_TONES[edit](pixels_of(original)), after))
    assert made == OF_FIRST


@pytest.mark.parametrize("sigma", [6, 12])
@pytest.mark.parametrize("codecs", [(85, 88), (92, 92), (90, "PNG")])
def test_a_noisy_copy_is_told(sigma, codecs):
    original = saved(_scene("town"), codecs[0])
    assert _made_both_ways(original, saved(_noisy(pixels_of(original), sigma), codecs[1])) == (
        OF_FIRST,
        "covered with noise",
    )


@pytest.mark.parametrize("quality", [8, 20])
def test_nothing_is_made_from_a_wreck(quality):
    original = saved(_scene("pebbles"), 90)
    made, _ = _made_both_ways(original, saved(pixels_of(original), quality))
    assert made != OF_SECOND


@pytest.mark.parametrize("factor", [1.1, 1.3, 1.6, 2.0])
@pytest.mark.parametrize("sharpening", [0, 100, 200])
@pytest.mark.parametrize("codec", [80, 97, "PNG", "WEBP"])
def test_an_enlarged_copy_never_beats_its_source(factor, sharpening, codec):
    source = saved(_scene("town", 8), 88)
    picture = pixels_of(source)
    large = picture.resize((round(480 * factor), round(360 * factor)), Image.Resampling.BICUBIC)
    large = large.filter(ImageFilter.UnsharpMask(2, sharpening)) if sharpening else large
    explanation = compare_pictures(saved(large, codec), source, CONFIG)
    assert explanation.verdict == "near duplicates"
    assert explanation.keep == "b"


@pytest.mark.parametrize("codec", [80, 95])
def test_a_picture_on_a_page_is_framed_at_any_scale(codec):
    original = saved(_scene(), 90)
    assert _made_both_ways(original, saved(_page(pixels_of(original)), codec), whole=False) == (OF_FIRST, "framed")


def test_what_shows_a_part_in_perspective_was_cut_out():
    original = saved(_scene(), 90)
    assert _made_both_ways(original, saved(_perspective(pixels_of(original)), 88)) == (OF_FIRST, "cropped")


def test_a_picture_turned_within_its_frame_is_told_by_its_empty_corners():
    original = saved(_scene(), 90)
    turned = pixels_of(original).rotate(9, Image.Resampling.BICUBIC)
    made, how = _made_both_ways(original, saved(turned, 90), whole=False)
    assert (made, how) == (OF_FIRST, "turned within its frame")


@pytest.mark.parametrize("orientation", range(8))
def test_files_that_were_turned_are_compared_on_their_own_grids(orientation):
    original = saved(_scene().crop((0, 0, 475, 357)), 92)
    # From the original to the copy and back again.
    turn = {1: 3, 3: 1}.get(orientation, orientation)
    pixels = np.asarray(pixels_of(original))
    mirrored = pixels[:, ::-1] if turn >= 4 else pixels
    copy = saved(Image.fromarray(np.ascontiguousarray(np.rot90(mirrored, turn % 4))), 70)
    assert _made(original, copy, orientation)[0] == OF_FIRST


def test_two_equal_saves_tell_nothing():
    luma = np.asarray(ImageOps.grayscale(pixels_of(saved(_scene(), 85))))
    found = forecast(luma, luma)
    coding = Coding(quality=85, fidelity=85)
    assert by_coding(found, found, coding, coding, transposed=False).made == NEITHER


@pytest.mark.parametrize("power", [0.6, 1.5])
def test_a_curve_of_tones_is_foretold(power):
    source = np.asarray(ImageOps.grayscale(_scene()))
    copy = np.rint(255 * (source / 255) ** power).astype(np.uint8)
    found = forecast(copy, source)
    assert np.abs(found.copy - found.predicted).mean() < 0.8


def test_a_covered_part_does_not_bend_the_forecast():
    source = np.asarray(ImageOps.grayscale(_scene()))
    copy = np.rint(0.7 * source + 30).astype(np.uint8)
    copy[120:180, 140:260] = 255
    found = forecast(copy, source)
    # Blocks that are not covered.
    assert np.median(np.abs(found.copy - found.predicted)) < 0.8


def test_steps_are_finer_the_better_the_quality():
    totals = [float(steps_of(Coding(quality=quality, fidelity=quality)).sum()) for quality in (10, 40, 70, 90, 98)]
    assert totals == sorted(totals, reverse=True)
    assert steps_of(_LOSSLESS).max() == 1


def test_a_frame_is_plain_and_a_photograph_is_not():
    luma = np.full((120, 160), 30, np.uint8)
    seen = np.zeros(luma.shape, bool)
    seen[20:100, 20:140] = True
    assert plainness(luma, seen) == 1
    busy = np.asarray(ImageOps.grayscale(_scene()))[:120, :160]
    assert plainness(busy, seen) < 0.6
