"""The demonstration set: same seed, same bytes; the truth is complete; pictures differ where they should."""

import csv
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgsieve.demo import (
    BROKEN_FILE,
    EDITS,
    LOOKALIKES,
    PAINTERS,
    build_scene,
    render_quick,
    render_scene,
    write_demo,
)
from imgsieve.demo.lookalikes import two_colors, two_viewpoints
from imgsieve.errors import ConfigError


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.astype(np.float64).ravel(), second.astype(np.float64).ravel())[0, 1])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder, photos=11, edits_per_photo=3, seed=5)
    return folder


def truth(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_same_seed_writes_the_same_bytes_and_another_seed_others(demo: Path, tmp_path: Path) -> None:
    count = write_demo(tmp_path / "again", photos=11, edits_per_photo=3, seed=5)
    write_demo(tmp_path / "other", photos=11, edits_per_photo=3, seed=6)
    first, again, other = digests(demo), digests(tmp_path / "again"), digests(tmp_path / "other")
    assert first == again
    assert count == len(first) - 1  # all but truth.csv
    assert not set(first.values()) & set(other.values())


def test_truth_lists_every_file_but_the_broken_one(demo: Path) -> None:
    listed = [row["file"] for row in truth(demo)]
    found = {path.relative_to(demo / "images").as_posix() for path in (demo / "images").rglob("*.*")}
    assert len(listed) == len(set(listed))
    assert found - set(listed) == {BROKEN_FILE}
    assert not set(listed) - found


def test_truth_rows_make_sense(demo: Path) -> None:
    rows = truth(demo)
    originals = [row for row in rows if row["transform"] == "original"]
    assert len(originals) == len({row["source"] for row in originals}) == 11
    distractors = [row["source"] for row in rows if row["transform"] == "distractor"]
    assert len(distractors) == len(set(distractors)) == 2 * len(LOOKALIKES)
    lossless = {"original", "copy", "distractor"} | {name for name, edit in EDITS.items() if edit.keeps_all}
    assert all((row["keep"] == "1") == (row["transform"] in lossless) for row in rows)


def test_copies_are_byte_copies(demo: Path) -> None:
    original = {row["source"]: row["file"] for row in truth(demo) if row["transform"] == "original"}
    copies = [row for row in truth(demo) if row["transform"] == "copy"]
    assert copies
    for row in copies:
        assert (demo / "images" / row["file"]).read_bytes() == (demo / "images" / original[row["source"]]).read_bytes()


def test_every_listed_file_decodes_and_the_broken_one_does_not(demo: Path) -> None:
    for row in truth(demo):
        with Image.open(demo / "images" / row["file"]) as image:
            image.load()
    with Image.open(demo / "images" / BROKEN_FILE) as image, pytest.raises(OSError, match="truncated"):
        image.load()


def test_a_larger_set_begins_like_a_smaller_one(demo: Path, tmp_path: Path) -> None:
    write_demo(tmp_path, photos=12, edits_per_photo=3, seed=5)
    small, large = digests(demo / "images"), digests(tmp_path / "images")
    assert {file: large.get(file) for file in small if file.startswith("camera/")} == {
        file: digest for file, digest in small.items() if file.startswith("camera/")
    }


@pytest.mark.parametrize(("photos", "edits"), [(0, 1), (1, -1), (1, len(EDITS) + 1)])
def test_numbers_out_of_range_are_refused(tmp_path: Path, photos: int, edits: int) -> None:
    with pytest.raises(ConfigError, match=f"not {photos} and {edits}"):
        write_demo(tmp_path, photos=photos, edits_per_photo=edits)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", PAINTERS)
def test_scenes_are_repeatable_distinct_and_textured(kind: str) -> None:
    first, again, other = (render_scene(np.random.default_rng(k), 200, 150, kind=kind) for k in (1, 1, 2))
    assert first.shape == (150, 200, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 8
    assert first.std() > 8


@pytest.mark.parametrize("kind", PAINTERS)
@pytest.mark.parametrize("size", [(64, 64), (97, 301), (400, 80)])
def test_any_size_can_be_rendered(kind: str, size: tuple[int, int]) -> None:
    for seed in range(4):
        assert render_scene(np.random.default_rng(seed), *size, kind=kind).shape == (size[1], size[0], 3)
        assert render_quick(np.random.default_rng(seed), *size).shape == (size[1], size[0], 3)


def test_quick_pictures_all_differ() -> None:
    pictures = [render_quick(np.random.default_rng(k), 96, 72) for k in range(30)]
    assert len({picture.tobytes() for picture in pictures}) == 30


def edited(name: str) -> tuple[np.ndarray, Image.Image]:
    picture = render_scene(np.random.default_rng(3), 320, 240, kind="town")
    image = Image.open(io.BytesIO(EDITS[name].apply(picture, np.random.default_rng(4))))
    return picture, image


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resize60", (192, 144)),
        ("resize30", (96, 72)),
        ("upscale150", (480, 360)),
        ("stretch", (400, 240)),
        ("crop5", (312, 234)),
        ("crop15", (295, 221)),
        ("crop35", (258, 193)),
        ("turn90", (240, 320)),
        ("turn180", (320, 240)),
        ("mirror", (320, 240)),
        ("exif-turned", (240, 320)),
    ],
)
def test_edits_have_the_size_that_their_name_says(name: str, size: tuple[int, int]) -> None:
    assert edited(name)[1].size == size


@pytest.mark.parametrize("name", ["border", "screenshot"])
def test_framing_edits_add_around_the_picture(name: str) -> None:
    assert min(edited(name)[1].size) > 240


def test_tilt_cuts_no_more_than_it_must() -> None:
    width, height = edited("tilt3")[1].size
    assert 290 < width < 320
    assert 210 < height < 240


def test_png_is_lossless() -> None:
    picture, image = edited("png")
    assert np.array_equal(np.asarray(image), picture)


@pytest.mark.parametrize(
    ("name", "turn_back"),
    [
        ("turn90", Image.Transpose.ROTATE_270),
        ("turn180", Image.Transpose.ROTATE_180),
        ("turn270", Image.Transpose.ROTATE_90),
        ("mirror", Image.Transpose.FLIP_LEFT_RIGHT),
    ],
)
def test_turns_can_be_undone(name: str, turn_back: Image.Transpose) -> None:
    picture, image = edited(name)
    assert correlation(np.asarray(image.transpose(turn_back)), picture) > 0.98


def test_exif_tag_says_how_to_turn_back() -> None:
    picture, image = edited("exif-turned")
    assert image.getexif()[0x0112] == 6
    assert correlation(np.asarray(image.transpose(Image.Transpose.ROTATE_270)), picture) > 0.98


def test_gray_has_no_color_and_sepia_is_brown() -> None:
    gray = np.asarray(edited("gray")[1].convert("RGB")).astype(int)
    assert np.ptp(gray, axis=2).max() <= 3
    red, _, blue = np.asarray(edited("sepia")[1]).reshape(-1, 3).mean(axis=0)
    assert red > blue + 10


def test_stronger_edits_leave_the_picture_further_behind() -> None:
    def loss(name: str) -> float:
        picture, image = edited(name)
        return float(np.abs(np.asarray(image).astype(int) - picture).mean())

    assert loss("jpeg80") < loss("jpeg45") < loss("jpeg15")
    assert loss("blur") < loss("blur-strong")


@pytest.mark.parametrize("make_pair", LOOKALIKES)
def test_lookalikes_are_a_pair_of_different_pictures(make_pair: object) -> None:
    first, second = make_pair(np.random.default_rng(1), 320, 240)  # type: ignore[operator]
    assert first.shape == second.shape == (240, 320, 3)
    assert np.abs(first.astype(int) - second).mean() > 2


def test_colorways_share_everything_but_the_hue() -> None:
    red, blue = two_colors(np.random.default_rng(2), 320, 240)
    assert np.abs(red[:, :20].astype(int) - blue[:, :20]).mean() < 8  # the backdrop; only noise differs
    torso = np.s_[90:140, 140:180]
    assert red[torso][..., 0].mean() > red[torso][..., 2].mean()
    assert blue[torso][..., 2].mean() > blue[torso][..., 0].mean()


def test_near_layers_move_more_than_far_ones() -> None:
    scene = build_scene(np.random.default_rng(4), 320, 240, kind="hills")
    left, right = (scene.photograph(np.random.default_rng(1), viewpoint) for viewpoint in (-1.0, 1.0))
    assert np.abs(left[:10].astype(int) - right[:10]).mean() < 2  # sky
    assert np.abs(left[-30:].astype(int) - right[-30:]).mean() > 4  # foreground


def test_viewpoints_differ_for_every_generator() -> None:
    for seed in range(6):
        left, right = two_viewpoints(np.random.default_rng(seed), 320, 240)
        assert np.abs(left.astype(int) - right).mean() > 3
