"""Which of two copies of one size was made from the other, and where a picture goes on beyond its border."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps
from saved_scenes import CONFIG, pixels_of, saved, scene, view_of_file

from imgsieve.features.continuation import ends_at_its_border
from imgsieve.features.orientation import ANY_ORIENTATION
from imgsieve.features.overwriting import NEITHER, OF_FIRST, OF_SECOND, by_overlay
from imgsieve.features.placement import Placement, straightened
from imgsieve.features.provenance import weight_of
from imgsieve.stages import local


def _scene(kind="town", seed=5, width=480, height=360):
    return scene(kind, seed, width, height)


def _made(one, other):
    found = local.compare(view_of_file(one), view_of_file(other), ANY_ORIENTATION, regions=None, config=CONFIG.local)
    assert found.verdict == "accepted", found.why
    return found.made, found.how


def _made_both_ways(original, copy):
    made, how = _made(original, copy)
    assert _made(copy, original)[0] == -made
    return made, how


def _luma(picture):
    return np.asarray(ImageOps.grayscale(picture))


def _vignette(picture):
    y, x = np.mgrid[-1 : 1 : picture.height * 1j, -1 : 1 : picture.width * 1j]
    dark = 1 - 0.25 * np.clip(x * x + y * y, 0, 2)
    return Image.fromarray((np.asarray(picture) * dark[..., None]).astype(np.uint8))


def _warmer(picture):
    return Image.merge("RGB", [band.point(lambda v, k=k: min(255, round(v * k))) for band, k in zip(
        picture.split(), (1.15, 1.0, 0.85), strict=True)])  # fmt: skip


def _barred(picture):
    picture = picture.copy()
    ImageDraw.Draw(picture).rectangle((120, 90, 330, 170), fill="black")
    return picture


def _on_itself(picture):
    ground = ImageOps.fit(picture, (560, 560)).filter(ImageFilter.GaussianBlur(22))
    ground.paste(picture, ((560 - picture.width) // 2, (560 - picture.height) // 2))
    return ground


@pytest.mark.parametrize("qualities", [(75, 80), (70, 82), (75, 92), (90, 85), (75, 40)])
def test_a_file_that_was_saved_once_more_is_told_however_near_the_qualities(qualities):
    original = saved(_scene("woods"), qualities[0])
    assert _made_both_ways(original, saved(pixels_of(original), qualities[1])) == (OF_FIRST, "saved again")


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_keypoints_find_a_turned_copy_and_its_coding_is_read_all_the_same(turns):
    original = saved(_scene().crop((0, 0, 475, 357)), 75)
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(pixels_of(original)), turns)))
    assert _made_both_ways(original, saved(turned, 88)) == (OF_FIRST, "saved again")


@pytest.mark.parametrize("edit", [_vignette, _warmer, ImageOps.equalize, _barred], ids=lambda edit: edit.__name__)
def test_what_changes_tones_here_and_there_or_color_by_color_is_told(edit):
    original = saved(_scene("woods"), 80)
    made, _ = _made_both_ways(original, saved(edit(pixels_of(original)), 88))
    assert made == OF_FIRST


@pytest.mark.parametrize("kind", ["town", "woods"])
@pytest.mark.parametrize("sigma", [1, 1.5, 3])
@pytest.mark.parametrize("codecs", [(92, 88), ("PNG", 90)])
def test_an_original_is_not_taken_for_a_noisy_or_sharpened_copy_of_its_blurred_one(codecs, sigma, kind):
    original = saved(_scene(kind), codecs[0])
    blurred = pixels_of(original).filter(ImageFilter.GaussianBlur(sigma))
    made, how = _made_both_ways(original, saved(blurred, codecs[1]))
    assert made != OF_SECOND, how


@pytest.mark.parametrize("colors", [32, 64])
def test_few_colors_are_made_from_many(colors):
    original = saved(_scene("woods"), 75)
    few = pixels_of(original).quantize(colors, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB")
    assert _made_both_ways(original, saved(few, "PNG")) == (OF_FIRST, "few colors left")


def test_a_drawing_is_the_source_of_its_coded_copy_although_it_has_fewer_levels():
    picture = Image.new("RGB", (480, 360), "white")
    draw, rng = ImageDraw.Draw(picture), np.random.default_rng(3)
    for _ in range(60):
        x, y, side = rng.integers(0, 400), rng.integers(0, 300), rng.integers(20, 90)
        draw.rectangle((x, y, x + side, y + side), fill=tuple(int(v) for v in rng.integers(0, 4, 3) * 80))
    made, _ = _made_both_ways(saved(picture, "PNG"), saved(picture, 80))
    assert made == OF_FIRST


def test_what_was_laid_over_ends_at_its_border():
    original, copy = _luma(_scene()), _luma(_barred(_scene()))
    assert by_overlay(original, copy) == (OF_FIRST, "written over")
    assert by_overlay(copy, original) == (OF_SECOND, "written over")


def test_darker_corners_are_laid_over_nothing():
    assert by_overlay(_luma(_scene()), _luma(_vignette(_scene())))[0] == NEITHER


def test_a_picture_on_a_blurred_enlargement_of_itself_is_framed():
    original = saved(_scene(), 90)
    assert _made_both_ways(original, saved(_on_itself(pixels_of(original)), 88)) == (OF_FIRST, "framed")


def test_a_picture_that_is_enlarged_on_a_page_is_framed():
    original = saved(_scene(), 75)
    page = Image.new("RGB", (900, 1200), (250, 250, 252))
    page.paste(pixels_of(original).resize((840, 630), Image.Resampling.LANCZOS), (30, 250))
    ImageDraw.Draw(page).text((40, 900), "NOBODY TOLD ME", fill="black", font_size=60)
    assert _made_both_ways(original, saved(page, 92)) == (OF_FIRST, "framed")


@pytest.mark.parametrize("edit", ["cropped", "framed", "barred"])
def test_large_pictures_that_are_decoded_smaller_are_told_as_well(edit):
    original = saved(_scene("town", 5, 1600, 1200), 88)
    picture = pixels_of(original)
    copies = {
        "cropped": picture.crop((150, 100, 1450, 1150)),
        "framed": ImageOps.expand(picture, 120, "white"),
        "barred": _barred(picture.resize((800, 600))).resize(picture.size) if edit == "barred" else picture,
    }
    if edit == "barred":
        copies["barred"] = picture.copy()
        ImageDraw.Draw(copies["barred"]).rectangle((400, 300, 1100, 560), fill="black")
    assert view_of_file(original).coding.reduction > 1
    made, _ = _made_both_ways(original, saved(copies[edit], 92))
    assert made == OF_FIRST


def _corners(left, top, right, bottom):
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def test_a_scene_goes_on_around_a_cutting_and_ends_around_a_framed_picture():
    scene = _luma(_scene())
    assert ends_at_its_border(scene, _corners(60, 40, 400, 320)) is False
    page = np.full((500, 640), 240, np.uint8)
    page[70:430, 80:560] = scene
    assert ends_at_its_border(page, _corners(80, 70, 560, 430)) is True


def test_nothing_is_told_of_a_border_where_all_is_plain_or_nothing_is_around():
    assert ends_at_its_border(np.full((200, 200), 255, np.uint8), _corners(40, 40, 160, 160)) is None
    scene = _luma(_scene())
    assert ends_at_its_border(scene, _corners(0, 0, 480, 360)) is None


@pytest.mark.parametrize("turns", range(4))
def test_quarter_turns_of_a_map_are_those_of_the_orientation(turns):
    angle = np.pi / 2 * turns
    linear = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    size = np.array([30.0, 20.0])
    corners = (np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * (size - 1)) @ linear.T
    matrix = np.column_stack([linear, -corners.min(axis=0)])
    placement = Placement(matrix=matrix, map=matrix, coverage_first=1, coverage_second=1, plain_first=0, plain_second=0)
    straight, orientation = straightened(placement, 4, 30, 20)
    assert orientation == 4 + turns
    np.testing.assert_allclose(straight.matrix, np.eye(3)[:2], atol=1e-9)


def test_the_surest_verdicts_weigh_most():
    hows = ("saved more coarsely", "cropped", "saved again")
    assert [weight_of(how) for how in hows] == sorted({weight_of(how) for how in hows})


def test_brightness_alone_is_no_overlay():
    brighter = ImageEnhance.Brightness(_scene()).enhance(1.3)
    assert by_overlay(_luma(_scene()), _luma(brighter))[0] == NEITHER
