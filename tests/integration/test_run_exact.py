"""Exact duplicates: equal bytes, or equal upright pixels in whatever file."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from run_checks import picture, put, rows_of, run, saved

from imgsieve.demo import encode


def relations(rows):
    return sorted((row["status"], row["relation"]) for row in rows.values())


def run_over(tmp_path, files):
    for file, data in files.items():
        put(tmp_path / "in", file, data)
    run(tmp_path / "in", tmp_path / "out")
    return rows_of(tmp_path / "out")


def test_equal_bytes(tmp_path):
    data = encode(picture(1), "jpg")
    rows = run_over(tmp_path, {"a.jpg": data, "deep/b.jpg": data, "other.jpg": encode(picture(2), "jpg")})
    assert relations(rows) == [("duplicate", "exact"), ("kept", None), ("kept", None)]
    assert "bytes" in next(row["reason"] for row in rows.values() if row["relation"])


def test_equal_pixels_in_other_formats(tmp_path):
    pixels = picture(3)
    files = {f"a.{form.lower()}": saved(pixels, form) for form in ("PNG", "BMP", "TIFF", "PPM", "QOI")}
    files["lossless.webp"] = saved(pixels, "WEBP", lossless=True)
    files["packed.png"] = saved(pixels, "PNG", compress_level=9, optimize=True)
    rows = run_over(tmp_path, files)
    assert relations(rows) == [*[("duplicate", "exact")] * 6, ("kept", None)]
    assert {row["stage"] for row in rows.values() if row["relation"]} == {"wavelet"}


def test_upright_pixels_count(tmp_path):
    """A picture stored lying, with a tag that sets it upright, equals the upright one."""
    pixels = picture(4)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(pixels))).save(buffer, "PNG", exif=exif)
    rows = run_over(tmp_path, {"upright.png": saved(pixels, "PNG"), "lying.png": buffer.getvalue()})
    assert relations(rows) == [("duplicate", "exact"), ("kept", None)]


def test_jpeg_with_other_metadata(tmp_path):
    data = encode(picture(5), "jpg")
    comment = data[:2] + b"\xff\xfe\x00\x0ahello,yo" + data[2:]
    rows = run_over(tmp_path, {"plain.jpg": data, "commented.jpg": comment})
    assert relations(rows) == [("duplicate", "exact"), ("kept", None)]


@pytest.mark.parametrize("flat", [False, True])
def test_five_hundred_equal_files_make_one_star_with_linear_work(tmp_path, flat):
    pixels = np.full((80, 90, 3), 200, np.uint8) if flat else picture(6)
    data = encode(pixels, "jpg")
    rows = run_over(tmp_path, {f"{number:03d}.jpg": data for number in range(500)})
    assert relations(rows) == [*[("duplicate", "exact")] * 499, ("kept", None)]
    assert {row["keeper"] for row in rows.values()} == {None, "000.jpg"}
    pairs = pq.read_table(tmp_path / "out/pairs/wavelet.parquet")
    assert pairs["exact"].to_pylist() == ["bytes"] * 499
    assert len(pq.read_table(tmp_path / "out/pairs/local.parquet")) == 0


def test_equal_copies_of_a_near_duplicate_are_verified_once(tmp_path):
    """One comparison speaks for all files with equal bytes."""
    pixels = picture(7)
    original, copy = encode(pixels, "jpg", quality=95), encode(pixels, "jpg", quality=40)
    files = {f"original-{n}.jpg": original for n in range(20)} | {f"copy-{n}.jpg": copy for n in range(20)}
    rows = run_over(tmp_path, files)
    assert [row["status"] for row in rows.values()].count("kept") == 1
    assert [row["relation"] for row in rows.values()].count("near") == 20
    assert len(pq.read_table(tmp_path / "out/pairs/local.parquet")) == 1


def test_one_pixel_of_difference_is_not_exact(tmp_path):
    pixels = picture(8)
    changed = pixels.copy()
    changed[70, 90] ^= 64
    rows = run_over(tmp_path, {"a.png": saved(pixels, "PNG"), "b.png": saved(changed, "PNG")})
    assert "exact" not in {row["relation"] for row in rows.values()}


def test_equal_pixels_of_another_shape_are_not_equal(tmp_path):
    """The same bytes of pixels as 40 x 60 and as 60 x 40 are two pictures."""
    noise = np.random.default_rng(9).integers(0, 255, 7200, dtype=np.uint8)
    files = {"a.png": saved(noise.reshape(40, 60, 3), "PNG"), "b.png": saved(noise.reshape(60, 40, 3), "PNG")}
    assert relations(run_over(tmp_path, files)) == [("kept", None)] * 2
