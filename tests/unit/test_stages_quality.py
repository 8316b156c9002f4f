"""Ranks have no ties, scores fall the more is done to a picture, and originals are kept."""

from __future__ import annotations

import functools
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from imgsieve.compare import compare_pictures
from imgsieve.compare.subjects import describe_both
from imgsieve.config import RunConfig
from imgsieve.demo import render_scene
from imgsieve.stages.quality import measure, rank_of

_IMAGE = st.tuples(st.sampled_from([float("nan"), 0.0, 50.0, 50.04, 50.06, 99.9]), st.integers(0, 2), st.integers(0, 2))


@given(st.lists(_IMAGE, max_size=30))
def test_ranks_follow_score_pixels_size_and_place(images):
    score, pixels, size = (np.array([image[k] for image in images], kind) for k, kind in enumerate(("f4", "i8", "i8")))
    rank = rank_of(score, pixels, size)
    expected = sorted(
        range(len(images)),
        key=lambda i: (-1 * (-1.0 if np.isnan(score[i]) else round(float(score[i]) * 10)), -pixels[i], -size[i], i),
    )
    assert np.argsort(rank).tolist() == expected
    assert sorted(rank.tolist()) == list(range(len(images)))


@functools.cache
def _scene(kind):
    """A picture with detail in every pixel: made at twice the size, and averaged."""
    large = Image.fromarray(render_scene(np.random.default_rng(17), 960, 720, kind=kind))
    return large.resize((480, 360), Image.Resampling.BOX)


def _file(picture, quality=90):
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def _noisy(picture, sigma):
    noise = np.random.default_rng(3).normal(0, sigma, (picture.height, picture.width, 3))
    return Image.fromarray(np.clip(np.rint(np.asarray(picture) + noise), 0, 255).astype(np.uint8))


def _sized(picture, factor):
    return picture.resize((round(480 * factor), round(360 * factor)), Image.Resampling.LANCZOS)


def _cut(picture, share):
    side = (1 - share) ** 0.5
    return picture.crop((0, 0, round(480 * side), round(360 * side)))


def _captioned(picture):
    page = Image.new("RGB", (480, 420), "white")
    page.paste(picture, (0, 60))
    ImageDraw.Draw(page).text((40, 10), "WHEN YOU SEE IT", fill="black", font_size=36)
    return page


def _lettered(picture):
    picture = picture.copy()
    ImageDraw.Draw(picture).text((30, 200), "BEST PRICE", fill="yellow", font_size=70)
    return picture


_STRONGER = {
    "blur": lambda p: [_file(p.filter(ImageFilter.GaussianBlur(sigma))) for sigma in (0, 1, 2, 4)],
    "noise": lambda p: [_file(_noisy(p, sigma)) for sigma in (0, 6, 14, 30)],
    "compression": lambda p: [_file(p, quality) for quality in (90, 60, 30, 10)],
    "size": lambda p: [_file(_sized(p, factor)) for factor in (1, 0.75, 0.5, 0.25)],
    "crop": lambda p: [_file(_cut(p, share)) for share in (0, 0.3, 0.6, 0.8)],
}


@pytest.mark.parametrize("kind", ["woods", "town"])
@pytest.mark.parametrize("edit", sorted(_STRONGER))
def test_the_more_is_done_the_lower_the_score(edit, kind):
    config = RunConfig()
    files = _STRONGER[edit](_scene(kind))
    features = [describe_both(files[0], data, config).features for data in files]
    scores = [float(measure(table, config.quality)[1][1]) for table in features]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


_EDITS = {
    "captioned": _captioned,
    "bordered": lambda p: ImageOps.expand(p, 20, "black"),
    "letterboxed": lambda p: ImageOps.expand(p, (0, 40), "black"),
    "cropped": lambda p: p.crop((20, 15, 450, 350)),
    "gray": lambda p: ImageOps.grayscale(p).convert("RGB"),
    "enlarged": lambda p: _sized(p, 1.5),
    "stretched": lambda p: p.resize((576, 360)),
    "reduced": lambda p: _sized(p, 0.6),
    "blurred": lambda p: p.filter(ImageFilter.GaussianBlur(2)),
    "noisy": lambda p: _noisy(p, 12),
    "lettered": _lettered,
}


@pytest.mark.parametrize("quality", [75, 97])
@pytest.mark.parametrize("edit", sorted(_EDITS))
def test_the_original_is_kept_and_said_to_be_the_source(edit, quality):
    original = _file(_scene("town"), 88)
    copy = _file(_EDITS[edit](Image.open(io.BytesIO(original))), quality)
    explanation = compare_pictures(copy, original, RunConfig())
    assert explanation.keep == "b"
    assert explanation.keep_why.startswith("A was made from it (")


_KEPT = {
    "posterized": lambda p: ImageOps.posterize(p, 4),
    "64 colors": lambda p: p.quantize(64).convert("RGB"),
    "denoised": lambda p: p.filter(ImageFilter.MedianFilter(5)),
    "coarser": lambda p: Image.open(io.BytesIO(_file(p, 30))),
}


@pytest.mark.parametrize("edit", sorted(_KEPT))
def test_the_original_is_kept_whether_or_not_it_is_known_to_be_the_source(edit):
    original = _file(_scene("woods"), 88)
    copy = _file(_KEPT[edit](Image.open(io.BytesIO(original))), 85)
    assert compare_pictures(copy, original, RunConfig()).keep == "b"
