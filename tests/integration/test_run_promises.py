"""What must never be merged, and what must not make a chain."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from run_checks import picture, put, rows_of, run, saved

from imgsieve.demo import EDITS, LOOKALIKES, encode, render_scene


def run_over(tmp_path, files):
    for file, data in files.items():
        put(tmp_path / "in", file, data)
    run(tmp_path / "in", tmp_path / "out")
    return rows_of(tmp_path / "out")


def test_windows_along_a_panorama_make_no_chain(tmp_path):
    """Each window overlaps the next by nine tenths; the first and the last share nothing."""
    wide = render_scene(np.random.default_rng(3), 1600, 360, kind="town")
    files = {f"{left:04d}.png": saved(wide[:, left : left + 400], "PNG") for left in range(0, 1201, 40)}
    rows = run_over(tmp_path, files)
    for file, row in rows.items():
        if row["status"] == "duplicate":
            assert abs(int(file[:4]) - int(row["keeper"][:4])) <= 200, "they share less than half"
    assert sum(row["keep"] for row in rows.values()) > 2


def test_crops_of_crops_are_each_verified_with_their_keeper(tmp_path):
    whole = render_scene(np.random.default_rng(4), 900, 700, kind="pebbles")
    files = {"0.png": saved(whole, "PNG")}
    for step in range(1, 8):
        margin_y, margin_x = step * 40, step * 52
        files[f"{step}.png"] = saved(whole[margin_y:-margin_y, margin_x:-margin_x], "PNG")
    rows = run_over(tmp_path, files)
    pairs = pq.read_table(tmp_path / "out/pairs/local.parquet").to_pylist()
    accepted = {(pair["a"], pair["b"]) for pair in pairs if pair["verdict"] == "accepted"}
    for row in rows.values():
        if row["status"] == "duplicate":
            ids = row["image_id"], row["keeper_id"]
            assert (min(ids), max(ids)) in accepted
    assert rows["1.png"]["group"] is not None


def test_flat_pictures_of_other_colors_stay_apart(tmp_path):
    colors = [(0, 0, 0), (255, 255, 255), (250, 255, 255), (200, 30, 30), (30, 30, 200), (31, 30, 200), (128, 128, 128)]
    files = {}
    for number, color in enumerate(colors):
        flat = np.full((120, 160, 3), color, np.uint8)
        files |= {f"{number}.png": saved(flat, "PNG"), f"{number}.bmp": saved(flat, "BMP")}
        files[f"{number}.jpg"] = encode(flat, "jpg")
    rows = run_over(tmp_path, files)
    for file, row in rows.items():
        if row["status"] == "duplicate":
            assert file[0] == row["keeper"][0]
    assert all(rows[f"{n}.png"]["group"] == rows[f"{n}.bmp"]["group"] is not None for n in range(len(colors)))


def test_smooth_gradients_stay_apart(tmp_path):
    y, x = np.mgrid[0:120, 0:160]
    files = {}
    for number, ramp in enumerate((x, y, 160 - x, x + y, np.hypot(x - 80, y - 60))):
        gray = (60 + ramp * 120 / ramp.max()).astype(np.uint8)
        files[f"{number}.png"] = saved(np.dstack([gray] * 3), "PNG")
    assert not any(row["status"] == "duplicate" for row in run_over(tmp_path, files).values())


@pytest.mark.parametrize("render", LOOKALIKES)
def test_look_alikes_stay_apart_and_their_copies_are_found(tmp_path, render):
    files = {}
    for number in range(3):
        for side, pixels in zip("ab", render(np.random.default_rng(100 + number), 480, 360), strict=True):
            files[f"{number}{side}.jpg"] = encode(pixels, "jpg")
            files[f"{number}{side}-copy.jpg"] = encode(pixels, "jpg", quality=55)
    rows = run_over(tmp_path, files)
    for file, row in rows.items():
        if row["status"] == "duplicate":
            assert file[:2] == row["keeper"][:2]
    assert sum(row["status"] == "duplicate" for row in rows.values()) == 6


def test_a_gray_copy_is_found_and_the_other_color_is_not(tmp_path):
    two_colors = next(render for render in LOOKALIKES if render.__name__ == "two_colors")
    rng = np.random.default_rng(5)
    red, blue = two_colors(rng, 480, 360)
    gray = EDITS["gray"].apply(red, rng)
    rows = run_over(tmp_path, {"red.jpg": encode(red, "jpg"), "blue.jpg": encode(blue, "jpg"), "gray.jpg": gray})
    assert rows["red.jpg"]["group"] == rows["gray.jpg"]["group"] is not None
    assert rows["blue.jpg"]["group"] is None


def test_keepers_are_the_better_files(tmp_path):
    files = {}
    for number in range(4):
        pixels = render_scene(np.random.default_rng(number), 480, 360)
        half = np.asarray(Image.fromarray(pixels).resize((240, 180), Image.Resampling.LANCZOS))
        files[f"{number}-a-half.jpg"] = encode(half, "jpg", quality=90)
        files[f"{number}-b-worn.jpg"] = encode(pixels, "jpg", quality=20)
        files[f"{number}-c-good.jpg"] = encode(pixels, "jpg", quality=93)
    rows = run_over(tmp_path, files)
    kept = {file for file, row in rows.items() if row["keep"]}
    assert kept == {f"{number}-c-good.jpg" for number in range(4)}


def test_nothing_is_said_of_an_image_alone(tmp_path):
    rows = run_over(tmp_path, {f"{n}.jpg": encode(picture(n), "jpg") for n in range(30)})
    assert {row["group"] for row in rows.values()} == {None}
    assert {row["reason"] for row in rows.values()} == {None}
