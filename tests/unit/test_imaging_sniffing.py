"""A glance at the first bytes and the name."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from imgsieve.imaging import looks_like_image
from imgsieve.imaging.sniffing import format_of


def saved(form):
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(buffer, form)
    return buffer.getvalue()[:64]


@pytest.mark.parametrize(
    "form",
    [
        "JPEG",
        "PNG",
        "WEBP",
        "GIF",
        "BMP",
        "TIFF",
        "PPM",
        "AVIF",
        "JPEG2000",
        "ICO",
        "QOI",
        "SGI",
        "DDS",
        "PCX",
    ],
)
@pytest.mark.parametrize("name", ["photo.jpg", "notes.txt", "film.mp4", "no_suffix"])
def test_pictures_are_known_by_their_bytes(form, name):
    assert looks_like_image(saved(form), name)


@pytest.mark.parametrize(
    "first_bytes",
    [
        b"PK\3\4\x14\0\0\0", b"%PDF-1.7\n", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2mp41", b"\x1aE\xdf\xa3\x01",
        b"ID3\4\0",
        b"RIFF\0\0\0\0AVI LIST", b"RIFF\0\0\0\0WAVEfmt ", b"\x1f\x8b\x08\0", b"<!DOCTYPE html>",
        b"<?xml version='1.0'?>",
        b"SQLite format 3\0", b"\0\0\0\x14ftypqt  ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.jpg", "a.bin", "a"])
def test_other_files_are_known_by_their_bytes(first_bytes, name):
    assert not looks_like_image(first_bytes, name)


def test_the_name_decides_where_the_bytes_do_not():
    assert looks_like_image(b"\1\2\3\4", "scan.TGA")
    assert looks_like_image(b"plain words", "odd.jpg")
    assert not looks_like_image(b"plain words", "notes.txt")
    assert not looks_like_image(b"\1\2\3\4", "weights.bin")


def test_in_doubt_yes():
    assert looks_like_image(b"\1\2\3\4\0\xfe", "unknown.xyz")
    assert looks_like_image(b"\1\2\3\4\0\xfe", "")
    assert looks_like_image(b"", "empty.jpg")
    assert looks_like_image(b"", "empty")


def test_text_without_a_name_is_no_picture():
    assert not looks_like_image(b"only words\nand lines\n", "README")
    assert looks_like_image(b"#define icon_width 16\n", "icon")
    assert looks_like_image(b"P3 2 2 255\n", "picture")


def test_brands_tell_the_family():
    assert format_of(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif") == "avif"
    assert format_of(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic") == "heif"
    assert format_of(b"\0\0\0\x14ftypmp42\0\0\0\0isom") is None
    assert format_of(b"II+\0") == "tiff"
    assert format_of(b"Perl") is None
