"""The sets that accuracy is measured on: what the truth says, and what edits do to pixels."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageOps

from evaluation import geometry, sets
from evaluation.edits import EDITS, LOSE_NOTHING, apply
from evaluation.photographs import photographs
from evaluation.synthetic import KINDS, kind_of, synthetic
from imgsieve.demo import render_quick


def picture(seed: int, width: int = 240, height: int = 200) -> Image.Image:
    return Image.fromarray(render_quick(np.random.default_rng(seed), width, height))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(12):
        picture(seed).save(folder / f"{seed}.jpg", quality=90)
    return folder


def truth_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def files_of(folder: Path) -> dict[str, bytes]:
    images = folder / "images"
    return {path.relative_to(images).as_posix(): path.read_bytes() for path in images.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_gives_a_picture(name: str) -> None:
    data, suffix = apply(EDITS[name], picture(1), Random(3))
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        assert opened.format == {"jpg": "JPEG"}.get(suffix, suffix.upper())
        assert min(opened.size) >= 24


def test_edits_that_lose_nothing_show_the_same_picture() -> None:
    original = np.asarray(picture(1), np.int16)
    for name in LOSE_NOTHING:
        data, _ = apply(EDITS[name], picture(1), Random(3))
        shown = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        assert shown.size == (240, 200)
        assert np.abs(np.asarray(shown, np.int16) - original).mean() < 4


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.85, 0.95])
def test_a_crop_keeps_the_share_that_it_says(share: float) -> None:
    whole = picture(2, 400, 300)
    for seed in range(20):
        part = geometry.cropped(whole, Random(seed), share)
        assert part.width * part.height / (400 * 300) == pytest.approx(share, abs=0.01)


def test_what_is_cut_after_a_turn_has_no_empty_corners() -> None:
    white = Image.new("RGB", (300, 220), "white")
    for seed in range(10):
        rng = Random(seed)
        made = [
            geometry.straightened(white, geometry.signed(rng, 1, 15)),
            geometry.sheared(white, rng),
            geometry.perspective(white, rng, 0.1),
        ]
        for edited in made:
            # The outermost pixels may mix with what lies beyond.
            assert np.asarray(edited)[2:-2, 2:-2].min() > 250


def test_a_mixed_set_tells_what_it_holds(photos: Path, tmp_path: Path) -> None:
    folder = sets.mixed(tmp_path / "set", [photos], sources=4, per=5, distractors=8, collages=2, seed=1)
    rows, files = truth_of(folder), files_of(folder)
    assert {row["file"] for row in rows} == set(files)
    kinds = Counter(row["transform"] for row in rows)
    assert kinds["original"] == 4
    assert kinds["distractor"] == 10
    assert sum(count for kind, count in kinds.items() if kind in EDITS) == 20
    collages = [row["source"] for row in rows if row["source"].startswith("collage-")]
    assert len(collages) == len(set(collages)) == 2
    originals = {row["source"] for row in rows if row["transform"] == "original"}
    assert {row["source"] for row in rows if row["transform"] in EDITS} == originals
    assert all(row["keep"] == ("1" if row["transform"] in ("original", "distractor") else "0") for row in rows
               if row["transform"] not in LOSE_NOTHING)  # fmt: skip


def test_a_seed_makes_the_same_files_and_another_one_others(photos: Path, tmp_path: Path) -> None:
    made = [
        files_of(sets.tenth(tmp_path / name, [photos], files=10, seed=seed))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert made[0] == made[1]
    assert not made[0].keys() & made[2].keys()


def test_a_tenth_of_the_files_are_copies(photos: Path, tmp_path: Path) -> None:
    rows = truth_of(sets.tenth(tmp_path / "set", [photos], files=10, seed=1))
    assert Counter(row["transform"] in EDITS for row in rows) == {False: 9, True: 1}


def test_equal_and_small_pictures_are_left_out(photos: Path) -> None:
    (photos / "again.jpg").write_bytes((photos / "3.jpg").read_bytes())
    picture(99, 120, 150).save(photos / "small.png")
    found = list(photographs([photos], 1))
    assert len(found) == 12
    assert len({photo.name for photo in found}) == 12


def test_generated_pictures_are_all_different_and_copied_by_tenths(tmp_path: Path) -> None:
    folder = synthetic(tmp_path / "set", seed=1, scale=0.1)
    rows, files = truth_of(folder), files_of(folder)
    assert len(set(files.values())) == len(files)
    for kind in KINDS:
        of_kind = [row for row in rows if kind_of(row["source"]) == kind]
        copies = [row for row in of_kind if row["transform"] not in ("original", "distractor")]
        assert len({row["source"] for row in of_kind}) == 10
        assert len(copies) == 1
