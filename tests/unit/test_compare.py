"""Two pictures explained: the accounts agree with the cascade, and the drawing shows what it should."""

import dataclasses
import io
import json

import numpy as np
import pytest
from PIL import Image

from imgsieve.compare import Explanation, compare_pictures, draw_comparison
from imgsieve.compare.explanation import DIFFERENT, EXACT, NEAR
from imgsieve.compare.matching import joined_points
from imgsieve.config import ColorConfig, GlobalConfig, LocalConfig, RunConfig, VotingConfig, WaveletConfig
from imgsieve.demo import EDITS, encode, render_scene
from imgsieve.demo.lookalikes import two_viewpoints
from imgsieve.errors import DecodeError
from imgsieve.features.orientation import orient
from imgsieve.imaging import decode, probe

CONFIG = RunConfig()
NAMES = ["wavelet", "color", "global", "local", "quality"]


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return render_scene(np.random.default_rng(7), 480, 360)


@pytest.fixture(scope="module")
def photo(scene: np.ndarray) -> bytes:
    return encode(scene, "jpg", quality=94)


def edited(photo: bytes, name: str) -> bytes:
    pixels = decode(photo, probe(photo, max_pixels=10**8, min_side=None), min_side=None).pixels
    return EDITS[name].apply(pixels, np.random.default_rng(1))


def scores(explanation: Explanation, stage: int) -> dict[str, object]:
    return {score.name: score.value for score in explanation.stages[stage].scores}


def test_equal_bytes_and_equal_pixels_are_exact(scene: np.ndarray, photo: bytes) -> None:
    same = compare_pictures(photo, photo, CONFIG)
    assert (same.verdict, same.decided_by, same.keep) == (EXACT, "Stage 1: Wavelet codes", "a")
    png, bmp = encode(scene, "png"), io.BytesIO()
    Image.open(io.BytesIO(png)).save(bmp, "BMP")
    pixels = compare_pictures(png, bmp.getvalue(), CONFIG)
    assert pixels.verdict == EXACT
    assert "pixels" in pixels.why
    assert [stage.name for stage in pixels.stages] == NAMES


@pytest.mark.parametrize("name", ["gray", "bright", "turn180", "caption"])
def test_edits_are_near(photo: bytes, name: str) -> None:
    assert compare_pictures(edited(photo, name), photo, CONFIG).verdict == NEAR


@pytest.mark.parametrize("name", ["jpeg45", "resize60", "mirror", "crop5"])
def test_edits_are_near_and_the_original_is_kept(photo: bytes, name: str) -> None:
    found = compare_pictures(edited(photo, name), photo, CONFIG)
    assert (found.verdict, found.keep) == (NEAR, "b")
    assert found.decided_by == "Stage 4: Local features"
    assert found.keep_why


def test_the_order_does_not_change_the_verdict(photo: bytes) -> None:
    other = edited(photo, "turn90")
    one, two = compare_pictures(photo, other, CONFIG), compare_pictures(other, photo, CONFIG)
    assert (one.verdict, one.keep) == (two.verdict, {"a": "b", "b": "a"}[str(two.keep)])
    upright = "bits apart, B upright"
    assert scores(one, 0)[upright] == scores(two, 0)[upright]


def test_every_orientation_is_named_right(scene: np.ndarray) -> None:
    for turn in range(8):
        found = compare_pictures(encode(np.ascontiguousarray(orient(scene, turn)), "png"), encode(scene, "png"), CONFIG)
        distances = [value for name, value in scores(found, 0).items() if name.startswith("bits apart, B")]
        assert distances[turn] == min(distances) <= 4


def test_two_viewpoints_are_different_and_both_stay() -> None:
    pair = two_viewpoints(np.random.default_rng(2), 480, 360)
    found = compare_pictures(*(encode(picture, "jpg") for picture in pair), CONFIG)
    assert (found.verdict, found.keep) == (DIFFERENT, None)


def test_all_stages_speak_even_when_the_first_rejects(photo: bytes) -> None:
    codes = WaveletConfig(max_distance_bits=0, max_trimmed_distance_bits=0)
    alone = {"voting": VotingConfig(tables=0), "refine": GlobalConfig(trained=False)}
    strict = dataclasses.replace(CONFIG, wavelet=codes, **alone)
    found = compare_pictures(photo, edited(photo, "crop35"), strict)
    assert (found.verdict, found.decided_by) == (DIFFERENT, "Stage 1: Wavelet codes")
    assert [stage.name for stage in found.stages] == NAMES
    assert all(stage.scores for stage in found.stages)


def test_a_crop_is_proposed_by_its_corners(photo: bytes) -> None:
    small = dataclasses.replace(CONFIG, wavelet=WaveletConfig(max_distance_bits=0, max_trimmed_distance_bits=0))
    found = compare_pictures(photo, edited(photo, "crop35"), small)
    assert found.stages[0].verdict == "proposed"
    assert "corners of both lie alike" in found.stages[0].why
    assert scores(found, 0)["corners that lie alike"] >= VotingConfig().min_votes


def test_a_crop_is_proposed_by_its_descriptor_where_nothing_else_meets(photo: bytes) -> None:
    codes = WaveletConfig(max_distance_bits=0, max_trimmed_distance_bits=0)
    strict = dataclasses.replace(CONFIG, wavelet=codes, voting=VotingConfig(tables=0))
    found = compare_pictures(photo, edited(photo, "crop35"), strict)
    assert found.verdict == NEAR
    assert found.stages[0].why == "their descriptors are near"
    assert scores(found, 0)["cosine of descriptors"] >= GlobalConfig().propose_similarity
    assert scores(found, 2)["cosine of descriptors"] == scores(found, 0)["cosine of descriptors"]


def test_a_rejection_is_told_by_the_stage_that_made_it(photo: bytes) -> None:
    other = edited(photo, "jpeg45")
    local = dataclasses.replace(CONFIG, local=LocalConfig(min_block_share=1.1, min_inliers=10**6))
    assert compare_pictures(photo, other, local).decided_by == "Stage 4: Local features"
    # Color is no reason where corners of both lie alike.
    toned = dataclasses.replace(CONFIG, color=ColorConfig(max_hue_shift=0.0))
    assert compare_pictures(photo, other, toned).stages[1].verdict == "undecided"
    toned = dataclasses.replace(toned, voting=VotingConfig(tables=0))
    found = compare_pictures(photo, other, toned)
    assert found.stages[1].verdict == "rejected"
    assert found.decided_by == "Stage 2: Color"


def test_flat_pictures_are_compared_by_bytes_and_pixels_only() -> None:
    gray, white = (encode(np.full((64, 64, 3), level, np.uint8), "png") for level in (128, 255))
    assert compare_pictures(gray, gray, CONFIG).verdict == EXACT
    found = compare_pictures(gray, white, CONFIG)
    assert found.verdict == DIFFERENT
    assert "flat" in found.why
    assert draw_comparison(found).shape[1] == 1280


def test_two_smooth_pictures_are_undecided_and_both_are_kept() -> None:
    ramp = np.linspace(60, 190, 512)[None, :, None] + np.zeros((384, 1, 3))
    other = np.broadcast_to(ramp[:, :1] + 130 * np.linspace(0, 1, 512)[None, :, None] ** 1.6, ramp.shape)
    one, two = (encode(np.rint(picture).astype(np.uint8), "png") for picture in (ramp, other))
    found = compare_pictures(one, two, CONFIG)
    assert found.verdict == DIFFERENT
    assert found.stages[3].verdict == "undecided"
    assert "too little texture" in found.stages[3].why


def test_what_cannot_be_decoded_is_named(photo: bytes) -> None:
    with pytest.raises(DecodeError, match=r"^B cannot be used") as caught:
        compare_pictures(photo, photo[: len(photo) // 2], CONFIG)
    assert caught.value.kind == "truncated"
    with pytest.raises(DecodeError, match=r"^A cannot be used"):
        compare_pictures(b"", photo, CONFIG)


def test_the_explanation_is_plain_json(photo: bytes) -> None:
    value = compare_pictures(photo, edited(photo, "sepia"), CONFIG).as_dict()
    assert json.loads(json.dumps(value)) == value
    assert [stage["name"] for stage in value["stages"]] == NAMES


@pytest.mark.parametrize("name", ["crop15", "turn90", "mirror"])
def test_joined_points_show_the_same_place(scene: np.ndarray, photo: bytes, name: str) -> None:
    explanation = compare_pictures(photo, edited(photo, name), CONFIG)
    assert explanation.verdict == NEAR
    a, b, count = joined_points(explanation.overlaying)
    assert 8 <= len(a) == len(b) <= 60
    assert count >= len(a)
    one, other = explanation.overlaying.pictures
    light = [_light(picture, points) for picture, points in ((one, a), (other, b))]
    assert np.corrcoef(light)[0, 1] > 0.8


def _light(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the mean light around points given in shares of width and height."""
    height, width = picture.shape[:2]
    around = []
    for x, y in points:
        column, row = int(x * width), int(y * height)
        around.append(picture[max(row - 3, 0) : row + 4, max(column - 3, 0) : column + 4].mean())
    return np.array(around)


def test_the_drawing_is_dark_where_the_pictures_agree(photo: bytes) -> None:
    same = draw_comparison(compare_pictures(photo, edited(photo, "jpeg80"), CONFIG))
    other = encode(render_scene(np.random.default_rng(99), 480, 360), "jpg")
    different = draw_comparison(compare_pictures(photo, other, CONFIG), names=("one.jpg", "n" * 300))
    for drawing in (same, different):
        assert drawing.dtype == np.uint8
        assert drawing.shape[1:] == (1280, 3)
    panel = (slice(-300, -120), slice(900, 1200))
    assert same[panel].mean() < different[panel].mean()
