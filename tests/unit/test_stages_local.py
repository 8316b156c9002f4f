"""Stage 4 as a whole: what people call a copy is accepted; other content in the same layout is not; doubt is said."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import pytest

from imgsieve.config import LocalConfig
from imgsieve.demo import build_scene, render_scene
from imgsieve.features.regions import WHOLE
from imgsieve.schema import Verdict
from imgsieve.stages.local import compare
from imgsieve.stages.views import view_of

_CONFIG = LocalConfig()


@functools.cache
def _picture(kind="town", seed=51):
    return render_scene(np.random.default_rng(seed), 512, 384, kind=kind)


def _compare(one, other, *, whole=True):
    regions = (WHOLE, WHOLE) if whole else None
    return compare(view_of(one, _CONFIG), view_of(other, _CONFIG), 0, regions=regions, config=_CONFIG)


def _leaning(pixels, share):
    """Photograph a picture at an angle: its corners move inwards by shares of a side."""
    h, w = pixels.shape[:2]
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    moved = corners + np.array([[share * w, share * h], [-share * w / 3, 0], [0, -share * h], [0, -share * h / 2]])
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return np.asarray(cv2.warpPerspective(pixels, matrix, (w, h), borderValue=(255, 255, 255)), np.uint8)


def _watermarked(pixels):
    """Write half-transparent words all over."""
    words = np.zeros(pixels.shape[:2], np.uint8)
    for y in range(40, pixels.shape[0], 60):
        cv2.putText(words, "SAMPLE SAMPLE SAMPLE", (y % 50, y), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 255, 3)
    share = 0.45 * (words[..., None] / 255)
    return (pixels * (1 - share) + 255 * share).astype(np.uint8)


def _locally_mapped(pixels):
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(3.0, (8, 8)).apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def _faded(pixels):
    return (0.4 * pixels + 75).astype(np.uint8)


def _vignetted(pixels):
    y, x = np.mgrid[-1 : 1 : pixels.shape[0] * 1j, -1 : 1 : pixels.shape[1] * 1j]
    return (pixels * (1 - 0.35 * (x**2 + y**2))[..., None]).astype(np.uint8)


def _captioned(pixels, words):
    bar = np.full((90, pixels.shape[1], 3), 255, np.uint8)
    for line, text in enumerate(words):
        cv2.putText(bar, text, (10, 38 + 40 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2)
    return np.vstack([bar, pixels])


def _lettered(pixels, words):
    """Write large outlined letters at the top and at the bottom."""
    out = pixels.copy()
    for text, y in zip(words, (50, pixels.shape[0] - 16), strict=True):
        for color, width in (((0, 0, 0), 9), ((255, 255, 255), 3)):
            cv2.putText(out, text, (14, y), cv2.FONT_HERSHEY_SIMPLEX, 1.6, color, width)
    return out


def _tiny(pixels, side=72):
    scale = side / max(pixels.shape)
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("kind", ["town", "shelf"])
@pytest.mark.parametrize("edit", [_watermarked, _locally_mapped, _faded, _vignetted, _tiny])
def test_edits_of_a_whole_picture_are_accepted(kind, edit):
    pixels = _picture(kind)
    found = _compare(pixels, edit(pixels))
    assert found.verdict == Verdict.ACCEPTED, found.why


@pytest.mark.parametrize("kind", ["town", "shelf", "table"])
@pytest.mark.parametrize("share", [0.03, 0.08])
def test_a_picture_seen_at_an_angle_is_accepted(kind, share):
    pixels = _picture(kind)
    found = _compare(pixels, _leaning(pixels, share), whole=False)
    assert found.verdict == Verdict.ACCEPTED, found.why


@pytest.mark.parametrize("kind", ["town", "shelf"])
@pytest.mark.parametrize("share", [0.3, 0.4, 0.6])
def test_a_crop_is_accepted_without_a_hint_of_its_place(kind, share):
    pixels = _picture(kind)
    h, w = (round(side * share**0.5) for side in pixels.shape[:2])
    found = _compare(pixels, np.ascontiguousarray(pixels[30 : 30 + h, 50 : 50 + w]), whole=False)
    assert found.verdict == Verdict.ACCEPTED, found.why
    assert found.coverage_a == pytest.approx(share, abs=0.03)
    assert found.coverage_b == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("blur", [1.5, 3, 5])
def test_letters_that_draw_all_corners_to_themselves_are_no_hindrance(blur):
    soft = cv2.GaussianBlur(render_scene(np.random.default_rng(9), 400, 533, kind="pebbles"), (0, 0), blur)
    soft = np.clip(128 + 0.6 * (soft - 128.0), 0, 255).astype(np.uint8)
    written = cv2.resize(soft[20:513, 16:384], (230, 307), interpolation=cv2.INTER_AREA)
    for y, words in ((90, "WX7QK2TM"), (140, "X7QK2TMH"), (190, "7QK2TMHN")):
        cv2.putText(written, words, (5, y), cv2.FONT_HERSHEY_DUPLEX, 1.3, (0, 0, 0), 2, cv2.LINE_AA)
    found = _compare(soft, written, whole=False)
    assert found.verdict == Verdict.ACCEPTED, found.why


@pytest.mark.parametrize("kind", ["town", "woods", "meadow"])
@pytest.mark.parametrize("shrink", [_tiny, lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 4)])
def test_another_viewpoint_is_refused_however_small_or_blurred(kind, shrink):
    rng = np.random.default_rng(7)
    scene = build_scene(rng, 512, 384, kind=kind)
    left, right = scene.photograph(rng, -0.5), scene.photograph(rng, 0.5)
    assert _compare(left, np.asarray(shrink(right), np.uint8)).verdict == Verdict.REJECTED
    assert _compare(left, np.asarray(shrink(left), np.uint8)).verdict == Verdict.ACCEPTED


@pytest.mark.parametrize("write", [_captioned, _lettered])
def test_two_captions_keep_pictures_apart_and_one_does_not(write):
    pixels = _picture("meadow")
    first, second = (
        write(pixels, ("WHEN THE BUS COMES", "FIVE MINUTES LATE")),
        write(pixels, ("NOBODY EVER ASKED ME", "ABOUT THAT GARDEN")),
    )
    apart = _compare(first, second)
    assert apart.verdict == Verdict.REJECTED
    assert "writing" in apart.why
    together = _compare(pixels, first, whole=False)
    assert together.verdict == Verdict.ACCEPTED, together.why


def _page(name):
    """Fill in a form."""
    page = np.full((640, 900, 3), 255, np.uint8)
    cv2.rectangle(page, (20, 20), (880, 620), (150, 100, 0), 8)
    for y, text, size in ((110, "Certificate of Merit", 2.0), (200, "This is to certify that on this day", 1.0)):
        cv2.putText(page, text, (110, y), cv2.FONT_HERSHEY_SIMPLEX, size, (40, 40, 40), 3)
    cv2.putText(page, name, (130, 360), cv2.FONT_HERSHEY_SIMPLEX, 2.2, (0, 0, 0), 4)
    for y in (450, 500, 550):
        cv2.putText(page, "has passed the examination of this school", (110, y), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2)
    return page


def test_a_form_with_another_name_is_another_page():
    one, other = _page("ANNA LINDQVIST"), _page("BORIS KUZMIN")
    assert _compare(one, other).verdict == Verdict.REJECTED
    smaller = np.asarray(cv2.resize(one, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), np.uint8)
    assert _compare(one, smaller).verdict == Verdict.ACCEPTED


def test_a_small_thing_of_another_color_is_another_picture():
    one, other = _picture("table").copy(), _picture("table").copy()
    for pixels, color in ((one, (200, 40, 40)), (other, (40, 70, 200))):
        cv2.rectangle(pixels, (200, 150), (290, 240), color, -1)
        cv2.rectangle(pixels, (200, 150), (290, 240), (20, 20, 20), 3)
    found = _compare(one, other)
    assert found.verdict == Verdict.REJECTED
    assert "color" in found.why


def _gradient(left, right):
    ramp = np.linspace(0, 1, 480)[None, :, None]
    return np.tile(np.array(left) * (1 - ramp) + np.array(right) * ramp, (320, 1, 1)).astype(np.uint8)


def test_smooth_pictures_are_told_by_their_colors_or_not_at_all():
    one = _gradient((20, 40, 160), (240, 180, 60))
    smaller = np.asarray(cv2.resize(one, (240, 160), interpolation=cv2.INTER_AREA), np.uint8)
    assert _compare(one, smaller).verdict == Verdict.ACCEPTED
    other = _compare(one, _gradient((20, 130, 60), (240, 220, 180)))
    assert other.verdict == Verdict.UNDECIDED
    blank = np.full((320, 480, 3), 250, np.uint8)
    blank[:, 240:] = 248
    doubtful = _compare(blank, blank.copy())
    assert doubtful.verdict == Verdict.UNDECIDED
    assert "undecided" in doubtful.why


def test_two_windows_of_one_view_must_agree_the_better():
    pixels = render_scene(np.random.default_rng(3), 768, 384, kind="shelf")
    found = _compare(np.ascontiguousarray(pixels[:, :420]), np.ascontiguousarray(pixels[:, 330:]), whole=False)
    assert found.verdict == Verdict.REJECTED


def _printed(pixels, words, *, top, side=0.035):
    """Write small letters without an outline over a picture."""
    out, scale = pixels.copy(), side * pixels.shape[0] / 21
    for text, down in zip(words, (top, top + 1.7 * side), strict=True):
        place = 40, round(down * pixels.shape[0])
        cv2.putText(out, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (20, 20, 20), 6)
        cv2.putText(out, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (250, 250, 250), 2)
    return out


_SAID = (
    ("when all of them had come", "there was nobody at home"),
    ("best price of the week for", "what you never needed"),
)


@functools.cache
def _large(kind="town"):
    return render_scene(np.random.default_rng(51), 900, 675, kind=kind)


@pytest.mark.parametrize("kind", ["town", "meadow", "table"])
def test_small_captions_that_differ_are_no_copies(kind):
    one, other = (_printed(_large(kind), words, top=0.1) for words in _SAID)
    found = _compare(one, other)
    assert found.verdict == Verdict.REJECTED
    assert "other writing" in found.why


def test_copies_that_are_numbered_by_a_digit_stay_copies():
    numbered = []
    for digit in "38":
        pixels = _large().copy()
        cv2.putText(pixels, digit, (400, 330), cv2.FONT_HERSHEY_SIMPLEX, 3.0, (255, 255, 255), 8)
        numbered.append(pixels)
    assert _compare(*numbered).verdict == Verdict.ACCEPTED


@pytest.mark.parametrize("kind", ["town", "meadow", "table"])
@pytest.mark.parametrize("edit", [_faded, _vignetted, _tiny, lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 2)])
def test_one_small_caption_is_no_hindrance(kind, edit):
    captioned = _printed(_large(kind), _SAID[0], top=0.1)
    for other in (captioned, _large(kind)):
        found = _compare(captioned, np.asarray(edit(other), np.uint8))
        assert found.verdict == Verdict.ACCEPTED, found.why


@pytest.mark.parametrize("kind", ["town", "meadow"])
def test_a_strip_with_words_above_and_other_words_over_the_picture_are_no_copies(kind):
    above = _captioned(_large(kind), _SAID[0])
    over = _printed(_large(kind), _SAID[1], top=0.1, side=0.06)
    assert _compare(above, over, whole=False).verdict == Verdict.REJECTED
    for captioned in (above, over):
        found = _compare(captioned, _large(kind), whole=False)
        assert found.verdict == Verdict.ACCEPTED, found.why


def _saved(pixels, quality):
    return cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


@pytest.mark.parametrize("quality", [60, 85])
@pytest.mark.parametrize("ends", [((20, 40, 160), (240, 180, 60)), ((245, 210, 170), (60, 40, 240))])
def test_a_gradient_is_found_again_though_its_coding_has_noise(ends, quality):
    one = _gradient(*ends)
    other = _saved(one, quality)
    assert _compare(one, other).verdict == _compare(other, one).verdict == Verdict.ACCEPTED


def test_the_noise_of_two_smooth_pictures_is_no_reason_to_refuse_or_to_accept():
    one, other = _gradient((20, 40, 160), (240, 180, 60)), _gradient((20, 60, 160), (200, 180, 100))
    assert _compare(_saved(one, 60), _saved(other, 60)).verdict == Verdict.UNDECIDED
