"""The command that explains a pair."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_process import imgsieve
from PIL import Image

from imgsieve.demo import encode, render_scene


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pair") / "photo.png"
    file.write_bytes(encode(render_scene(np.random.default_rng(5), 480, 360), "png"))
    Image.open(file).save(file.with_name("small.jpg"), quality=60)
    return file


def test_the_table_names_stages_scores_and_limits(photo: Path) -> None:
    done = imgsieve("compare", photo, photo.with_name("small.jpg"))
    assert done.returncode == 0, done.stderr
    for part in ("Stage 1", "Stage 2", "Stage 3", "Stage 4", "Stage 5", "at most", "at least"):
        assert part in done.stdout
    assert "Near duplicates, decided by Stage 4" in done.stdout
    assert "A would be kept: " in done.stdout


def test_json_and_drawing(photo: Path, tmp_path: Path) -> None:
    drawing = tmp_path / "drawn.png"
    done = imgsieve("compare", photo, photo.with_name("small.jpg"), "--json", "--image", drawing)
    value = json.loads(done.stdout)
    assert (value["verdict"], value["keep"], value["image"]) == ("near duplicates", "a", str(drawing))
    assert len(value["stages"]) == 5
    with Image.open(drawing) as picture:
        assert picture.format == "PNG"
        assert picture.width == 1280


def test_unreadable_files_are_1_with_the_reason(photo: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken\x1b[31m.png"
    broken.write_bytes(photo.read_bytes()[:2000])
    for other, said in (
        (tmp_path / "missing.jpg", "missing.jpg: No such file"),
        (tmp_path, "Is a directory"),
        (broken, "B cannot be used"),
    ):
        done = imgsieve("compare", photo, other)
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr
        assert "\x1b" not in done.stderr


def test_a_drawing_that_cannot_be_written_is_1(photo: Path, tmp_path: Path) -> None:
    done = imgsieve("compare", photo, photo, "--image", tmp_path / "no" / "folder.png")
    assert done.returncode == 1
    assert "folder.png: No such file or directory" in done.stderr
