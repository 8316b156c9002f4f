"""Formats and pixel modes all end as 8-bit RGB."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from imgsieve import imaging

RNG = np.random.default_rng(6)
RAMP = np.tile(np.arange(256, dtype=np.uint8), (16, 1))


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def read(data):
    return imaging.decode(data, imaging.probe(data, max_pixels=10**8, min_side=None), min_side=None)


def color():
    return Image.fromarray(RNG.integers(0, 255, (20, 30, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("form", "name", "options"),
    [
        ("PNG", "png", {}),
        ("WEBP", "webp", {"lossless": True}),
        ("BMP", "bmp", {}),
        ("TIFF", "tiff", {}),
        ("TIFF", "tiff", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", "tiff", {"big_tiff": True}),
        ("PPM", "ppm", {}),
        ("TGA", "tga", {}),
        ("QOI", "qoi", {}),
        ("SGI", "sgi", {}),
        ("PCX", "pcx", {}),
        ("JPEG2000", "jpeg2000", {"irreversible": False}),
        ("DDS", "dds", {}),
        ("JXL", "jxl", {"lossless": True}),
    ],
)
def test_lossless_formats_keep_every_pixel(form, name, options):
    import pillow_jxl  # noqa: F401, PLC0415 - registers the writer

    image = color()
    picture = read(saved(image, form, **options))
    assert picture.format == name
    assert np.array_equal(picture.pixels, np.asarray(image))
    assert (picture.bit_depth, picture.has_alpha, picture.jpeg_quality) == (8, False, None)


def test_the_format_is_told_by_content():
    assert read(saved(color(), "PNG")).format == "png"
    header = imaging.probe(saved(color(), "WEBP"), max_pixels=10**8, min_side=None)
    assert (header.format, header.width, header.height) == ("webp", 30, 20)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "TGA"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_over_white(form, mode):
    value = {"RGBA": (200, 100, 0), "LA": (100,)}[mode]
    image = Image.new(mode, (3, 1), (*value, 255))
    image.putpixel((1, 0), (*value, 0))
    image.putpixel((2, 0), (*value, 51))
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    picture = read(saved(image, form, **options))
    solid = np.array(value * (3 // len(value)))
    expected = [solid, [255] * 3, np.rint(0.2 * solid + 0.8 * 255)]
    assert picture.has_alpha
    assert np.abs(picture.pixels[0].astype(int) - expected).max() <= 1


def test_a_transparent_palette_entry_becomes_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    for form in ("PNG", "GIF"):
        picture = read(saved(image, form, transparency=0))
        assert picture.pixels[0].tolist() == [[255, 255, 255], [200, 100, 50]]
        assert picture.has_alpha
        assert read(saved(image, form)).pixels[0, 0].tolist() == [10, 20, 30]


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_gray_is_scaled(form):
    picture = read(saved(Image.fromarray(RAMP.astype(np.uint16) * 257), form))
    assert picture.bit_depth == 16
    assert np.array_equal(picture.pixels[..., 1], RAMP)


def test_sixteen_bit_color_is_scaled():
    rows = b"".join(b"\0" + (row.astype(">u2") * 257).repeat(3).tobytes() for row in RAMP)
    picture = read(png(256, 16, 16, 2, rows))
    assert picture.bit_depth == 16
    assert np.abs(picture.pixels[..., 0].astype(int) - RAMP).max() <= 1


def png(width, height, depth, kind, rows):
    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (RAMP / 255, RAMP),
        (RAMP * 100.0 - 5000, RAMP),
        (np.where(RAMP == 0, np.nan, RAMP / 255), RAMP),
        (np.full_like(RAMP, 7) * 1.0, np.zeros_like(RAMP)),
    ],
)
def test_floats_are_scaled_by_their_range(values, expected):
    picture = read(saved(Image.fromarray(values.astype(np.float32)), "TIFF"))
    assert picture.bit_depth == 32
    assert np.abs(picture.pixels[..., 0].astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (RAMP, RAMP),
        (RAMP.astype(int) * 257, RAMP),
        (RAMP.astype(int) * 8_000_000, RAMP),
        (RAMP - 128.0, RAMP),
    ],
)
def test_wide_integers_are_scaled_by_their_range(values, expected):
    picture = read(saved(Image.fromarray(values.astype(np.int32)), "TIFF"))
    assert np.abs(picture.pixels[..., 0].astype(int) - expected).max() <= 1


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM", "BMP", "XBM", "MSP"])
def test_one_bit_is_black_and_white(form):
    bits = RNG.integers(0, 2, (16, 24)).astype(bool)
    picture = read(saved(Image.fromarray(bits), form))
    assert sorted(np.unique(picture.pixels)) == [0, 255]
    if form in ("PNG", "TIFF", "PPM", "BMP"):
        assert np.array_equal(picture.pixels[..., 0], bits * 255)


def test_inks_of_tiff_become_light():
    picture = read(saved(Image.new("CMYK", (4, 4), (255, 0, 0, 0)), "TIFF"))
    assert picture.pixels[0, 0].tolist() == [0, 255, 255]


def test_lab_and_ycbcr_of_tiff():
    lab = read(saved(Image.new("LAB", (4, 4), (128, 128, 128)), "TIFF"))
    assert np.ptp(lab.pixels[0, 0].astype(int)) <= 6
    ycbcr = read(saved(Image.new("RGB", (4, 4), (200, 30, 30)).convert("YCbCr"), "TIFF"))
    assert np.abs(ycbcr.pixels[0, 0].astype(int) - (200, 30, 30)).max() <= 4


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_only_the_first_frame_is_read(form):
    frames = [Image.new("RGB", (16, 12), color) for color in ("red", "lime", "blue")]
    data = saved(frames[0], form, save_all=True, append_images=frames[1:])
    pixels = read(data).pixels
    assert pixels.shape == (12, 16, 3)
    assert np.abs(pixels.astype(int) - (255, 0, 0)).max() <= 6


def test_an_icon_gives_its_largest_picture():
    picture = read(saved(Image.new("RGBA", (64, 64), (0, 0, 255, 255)), "ICO", sizes=[(16, 16), (64, 64)]))
    assert picture.pixels.shape == (64, 64, 3)
    assert picture.pixels[5, 5].tolist() == [0, 0, 255]


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_metadata_is_counted(form):
    options = {"icc_profile": b"p" * 4000} if form != "AVIF" else {"xmp": b"<x/>" * 1000}
    assert read(saved(color(), form)).metadata_bytes == 0
    assert read(saved(color(), form, **options)).metadata_bytes == pytest.approx(4000, abs=64)


def test_depth_of_avif_and_heif():
    assert read(saved(color(), "AVIF")).bit_depth == 8
