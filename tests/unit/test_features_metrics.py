"""Quality: what edits do to the metrics, what coefficients remember, and which copy scores best."""

from __future__ import annotations

import functools
import io

import cv2
import numpy as np
import pytest
from PIL import Image

from imgsieve.config import QualityConfig
from imgsieve.demo import render_scene
from imgsieve.features.compression import count_tile, empty_counts, grids_of
from imgsieve.features.describing import describe
from imgsieve.features.metrics import measure
from imgsieve.features.quality import COLUMNS, parts_of, recompressed, score_of
from imgsieve.features.tiles import TILE
from imgsieve.schema import QUALITY_PARTS


@functools.cache
def _picture(kind="woods", width=640, height=480, seed=41):
    """A picture with detail in every pixel: made at twice the size, and averaged."""
    large = render_scene(np.random.default_rng(seed), 2 * width, 2 * height, kind=kind)
    return np.asarray(cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(pixels, quality):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def _blurred(pixels, sigma):
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8) if sigma else pixels


def _noisy(pixels, sigma):
    noise = np.random.default_rng(6).normal(0, sigma, pixels.shape[:2])[..., None]
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


def _scaled(pixels, factor):
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("kind", ["woods", "town", "pebbles"])
def test_sharpness_and_detail_fall_as_blur_grows(kind):
    found = [measure(_blurred(_picture(kind), sigma)) for sigma in (0, 0.7, 1.2, 2.0, 3.5)]
    for name in ("sharpness", "detail"):
        values = [getattr(metrics, name) for metrics in found]
        assert values == sorted(values, reverse=True)
        assert values[-1] < 0.5 * values[0]


def test_an_enlarged_picture_has_a_quarter_of_its_detail():
    pixels = _picture()
    assert measure(_scaled(pixels, 2)).detail / measure(pixels).detail == pytest.approx(0.25, abs=0.1)


@pytest.mark.parametrize("sigma", [2, 5, 10, 20])
def test_noise_is_estimated_on_a_flat_picture(sigma):
    flat = np.full((300, 400, 3), 128, np.uint8)
    assert measure(_noisy(flat, sigma)).noise == pytest.approx(sigma, rel=0.1)


def test_noise_grows_with_its_deviation():
    values = [measure(_noisy(_picture("hills"), sigma)).noise for sigma in (0, 3, 6, 12, 24)]
    assert values == sorted(values)
    assert values[-1] > values[0] + 10


def test_blockiness_grows_as_quality_falls():
    values = [measure(_jpeg(_picture("hills"), quality)).blockiness for quality in (90, 50, 25, 10)]
    assert values == sorted(values)
    assert values[-1] > 0.3
    assert measure(_picture("hills")).blockiness < 0.1


def test_clipped_is_the_share_at_the_ends():
    pixels = np.full((240, 240, 3), 128, np.uint8)
    pixels[:, :120] = 255
    assert measure(pixels).clipped == pytest.approx(0.5, abs=0.06)
    assert measure(np.zeros((50, 50, 3), np.uint8)).clipped == 1


@pytest.mark.parametrize("quality", [40, 50, 60, 70, 80, 85])
@pytest.mark.parametrize("kind", ["woods", "town", "hills", "mosaic"])
def test_a_picture_remembers_its_compression(kind, quality):
    assert measure(_jpeg(_picture(kind), quality)).past_quality == pytest.approx(quality, abs=4)


@pytest.mark.parametrize("kind", ["woods", "town", "hills", "pebbles"])
def test_a_picture_that_was_never_compressed_remembers_nothing(kind):
    assert measure(_picture(kind)).past_quality == 0


@pytest.mark.parametrize("edit", [np.flipud, np.fliplr, np.rot90])
def test_compression_is_remembered_on_the_grid_of_a_turned_picture(edit):
    pixels = _jpeg(_picture("woods", 610, 453), 60)
    assert measure(np.ascontiguousarray(edit(pixels))).past_quality == pytest.approx(60, abs=4)


def test_a_finer_compression_does_not_hide_a_coarser_one():
    pixels = _jpeg(_jpeg(_picture(), 60), 90)
    assert measure(pixels).past_quality == pytest.approx(60, abs=4)


@pytest.mark.parametrize("size", [(480, 640), (483, 640), (480, 645), (481, 647)])
def test_magnitudes_are_counted_as_by_the_transform_itself(size):
    memory = np.random.default_rng(8).integers(0, 256, TILE * TILE + 8).astype(np.float32)
    tile, grids = memory[: TILE * TILE].reshape(TILE, TILE), grids_of(*size)
    counts = empty_counts(grids)
    count_tile(memory, grids, counts)
    for (top, left), found in zip(grids, counts, strict=True):
        blocks = [tile[y : y + 8, x : x + 8] for y in range(top, 57, 8) for x in range(left, 57, 8)]
        waves = np.abs([cv2.dct(block) for block in blocks])
        for (row, column), heard in zip([(0, 1), (0, 2), (1, 0), (1, 1), (2, 0)], found, strict=True):
            bins = np.minimum(waves[:, row, column] * 4 + 0.5, 320).astype(int)
            # A magnitude between two bins may fall into either.
            assert np.abs(np.bincount(bins, minlength=321) - heard).sum() <= 2


def test_recompressed_copies_are_told():
    columns = {
        "format": np.array(["jpeg", "jpeg", "jpeg", "webp", "png"]),
        "jpeg_quality": np.array([90, 90, 90, 0, 0]),
        "past_quality": np.array([0, 60, 89, 60, 60]),
    }
    assert recompressed(columns).tolist() == [False, True, False, True, False]


def _columns(copies):
    """Columns of copies: pixels, format and JPEG quality of each."""
    rows = []
    for pixels, form, quality in copies:
        d = describe(np.ascontiguousarray(pixels), thumbnail=False)
        metrics = {name: getattr(d.metrics, name) for name in COLUMNS if hasattr(d.metrics, name)}
        size = {"width": pixels.shape[1], "height": pixels.shape[0], "bit_depth": 8, "metadata_bytes": 0}
        tone = {"brightness": d.brightness, "contrast": d.contrast, "trimmed": d.trimmed}
        rows.append({"format": form, "jpeg_quality": quality, **size, **tone, **metrics})
    return {name: np.array([row[name] for row in rows]) for name in COLUMNS}


def _scores(*copies):
    parts = parts_of(_columns(copies))
    assert tuple(parts) == QUALITY_PARTS
    assert all(((part >= 0) & (part <= 100)).all() for part in parts.values())
    return score_of(parts, QualityConfig())


@pytest.mark.parametrize("kind", ["woods", "town"])
def test_the_original_beats_its_edits(kind):
    original = _jpeg(_picture(kind), 88)
    edits = {
        "enlarged": _jpeg(_scaled(original, 1.6), 92),
        "shrunk": _jpeg(_scaled(original, 0.5), 92),
        "blurred": _jpeg(_blurred(original, 1.5), 92),
        "noisy": _jpeg(_noisy(original, 14), 92),
    }
    scores = _scores((original, "jpeg", 88), *((pixels, "jpeg", 92) for pixels in edits.values()))
    lost = {name: float(score) for name, score in zip(edits, scores[1:], strict=True) if score >= scores[0]}
    assert not lost, (float(scores[0]), lost)


@pytest.mark.parametrize("kind", ["woods", "town"])
def test_sharpening_gains_next_to_nothing(kind):
    original = _jpeg(_picture(kind), 88)
    sharpened = np.clip(2.0 * original - _blurred(original, 1.5), 0, 255).astype(np.uint8)
    scores = _scores((original, "jpeg", 88), (_jpeg(sharpened, 92), "jpeg", 92))
    assert scores[1] - scores[0] < 2


@pytest.mark.parametrize("again", [30, 60, 75])
def test_a_recompressed_copy_loses(again):
    original = _jpeg(_picture(), 88)
    scores = _scores((original, "jpeg", 88), (_jpeg(original, again), "jpeg", again))
    assert scores[0] > scores[1]


def test_a_copy_saved_finer_does_not_win():
    original = _jpeg(_picture(), 60)
    scores = _scores((original, "jpeg", 60), (_jpeg(original, 95), "jpeg", 95))
    assert scores[0] > scores[1]


def test_weights_choose():
    parts = {name: np.full(2, 50, np.float32) for name in QUALITY_PARTS}
    parts["sharpness"] = np.array([0, 100], np.float32)
    none = dict.fromkeys(QUALITY_PARTS, 0.0)
    np.testing.assert_allclose(score_of(parts, QualityConfig(**{**none, "sharpness": 2.0})), [0, 100])
    np.testing.assert_allclose(score_of(parts, QualityConfig(**{**none, "noise": 0.1})), [50, 50])
