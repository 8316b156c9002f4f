"""Whatever the bytes are, the answer is a picture or a `DecodeError`, soon and in little memory."""

from __future__ import annotations

import io
import struct
import threading
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imgsieve import imaging
from imgsieve.errors import DecodeError
from imgsieve.imaging.embedded import largest_embedded
from imgsieve.imaging.failures import decode_error
from imgsieve.imaging.jxl_header import read_jxl_header

KINDS = {
    "empty", "not-an-image", "unsupported", "malformed", "truncated", "too-many-pixels",
    "too-large-for-memory",
}  # fmt: skip


def saved(form, size=(24, 16), mode="RGB", **options):
    import pillow_jxl  # noqa: F401, PLC0415 - registers the writer

    pixels = np.random.default_rng(7).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def read(data, min_side=None, max_pixels=10**8):
    header = imaging.probe(data, max_pixels=max_pixels, min_side=min_side)
    return imaging.decode(data, header, min_side=min_side)


WHOLE = {
    form: saved(form)
    for form in ("PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JXL", "JPEG2000", "ICO", "TGA", "QOI")
}
WHOLE["TIFF-LZW"] = saved("TIFF", compression="tiff_lzw")


def kind_of(data, **options):
    with pytest.raises(DecodeError) as caught:
        read(data, **options)
    assert caught.value.kind in KINDS
    return caught.value.kind


def test_no_bytes():
    assert kind_of(b"") == "empty"


@pytest.mark.parametrize(
    "data",
    [
        b"a text of some length\n" * 50,
        b"\0" * 4096,
        b"PK\3\4" + b"\1" * 99,
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF",
    ],
)
def test_what_is_no_picture(data):
    assert kind_of(data) == "not-an-image"


def chunk(name, content):
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png_bomb(side=100_000):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def jxl_bomb():
    """Return a codestream header of 2^30 rows, as wide as high."""
    bits = "0" + "11" + f"{2**30 - 1:030b}"[::-1] + "100" + "1"
    number = int(bits[::-1], 2)
    return b"\xff\x0a" + number.to_bytes(8, "little") + b"\0" * 32


def bombs():
    bmp = b"BM" + struct.pack("<IIIIIIHHIIIIII", 100, 0, 54, 40, 90_000, 90_000, 1, 24, 0, 0, 0, 0, 0, 0)
    gif = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
    inside = png_bomb(30_000)
    icon = b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inside), 22) + inside
    return {
        "png": png_bomb(),
        "bmp": bmp,
        "gif": gif,
        "ppm": b"P6 90000 90000 255\n",
        "ico": icon,
        "jxl": jxl_bomb(),
    }


@pytest.mark.parametrize("form", ["png", "bmp", "gif", "ppm", "ico", "jxl"])
def test_a_bomb_is_refused_by_its_header(form):
    data = bombs()[form]
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError) as caught:
            imaging.probe(data, max_pixels=200_000_000, min_side=64)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.kind == "too-many-pixels"
    assert peak < 2_000_000


def test_the_limit_is_the_callers():
    data = saved("PNG", (40, 30))
    assert read(data, max_pixels=1200).pixels.shape == (30, 40, 3)
    assert kind_of(data, max_pixels=1199) == "too-many-pixels"


def test_the_limit_of_pillow_is_left_alone_and_does_not_count(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for form in ("PNG", "TIFF", "TIFF-LZW", "GIF", "BMP"):
        assert read(WHOLE[form]).pixels.shape == (16, 24, 3)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_sizes_inside_icons_are_found():
    assert largest_embedded(b"xx" + png_bomb(7)) == (7, 7)
    bitmap = struct.pack("<III", 40, 300, 600)
    icon = b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, 40, 22) + bitmap
    assert largest_embedded(icon) == (300, 300)
    assert largest_embedded(b"") == (0, 0)


def test_the_header_of_jpeg_xl():
    for size in ((24, 16), (16, 16), (257, 100), (800, 600), (1, 1)):
        header = read_jxl_header(saved("JXL", size))
        assert (header.width, header.height, header.bit_depth) == (*size, 8)
    assert read_jxl_header(saved("JXL", mode="RGBA")).extra_channels == 1


@pytest.mark.parametrize("form", WHOLE)
def test_a_cut_file_is_whole_or_an_error(form):
    data = WHOLE[form]
    whole = read(data).pixels
    for end in {*range(1, len(data), max(1, len(data) // 60)), *range(max(len(data) - 12, 1), len(data))}:
        try:
            picture = read(data[:end])
        except DecodeError as error:
            assert error.kind in KINDS
        else:
            assert np.array_equal(picture.pixels, whole), end


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "WEBP", "AVIF", "JPEG2000"])
def test_half_a_file_is_truncated(form):
    data = WHOLE[form]
    assert kind_of(data[: len(data) // 2]) == "truncated"


@given(form=st.sampled_from(sorted(WHOLE)), data=st.data())
@settings(max_examples=250, deadline=None)
def test_flipped_bytes_give_a_picture_or_a_decode_error(form, data):
    whole = bytearray(WHOLE[form])
    changes = st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255))
    for at, value in data.draw(st.lists(changes, min_size=1, max_size=5)):
        whole[at] = value
    try:
        picture = read(bytes(whole), max_pixels=2_000_000)
    except DecodeError as error:
        assert error.kind in KINDS
        return
    assert picture.pixels.shape == (picture.height, picture.width, 3)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_a_picture_or_a_decode_error(data):
    try:
        read(data, max_pixels=1_000_000)
    except DecodeError as error:
        assert error.kind in KINDS


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), "too-large-for-memory"),
        (Image.DecompressionBombError("too big"), "too-many-pixels"),
        (struct.error("unpack requires 4 bytes"), "truncated"),
        (EOFError(), "truncated"),
        (OSError("image file is truncated (3 bytes not processed)"), "truncated"),
        (NotImplementedError("x"), "unsupported"),
        (OSError("Unsupported BMP compression"), "unsupported"),
        (OSError("unrecognized data stream contents when reading image file"), "malformed"),
        (RecursionError(), "malformed"),
        (zlib.error("bad"), "malformed"),
        (SyntaxError("broken PNG file"), "malformed"),
        (OverflowError(), "malformed"),
    ],
)
def test_kinds_of_foreign_errors(error, kind):
    found = decode_error("png", error)
    assert found.kind == kind
    assert found.message.startswith("png: ")
    assert len(found.message) < 300


def test_warnings_of_codecs_are_not_seen_and_filters_are_restored():
    exif = bytearray(saved("TIFF"))
    before = list(warnings.filters)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for cut in range(8, len(exif), 9):
            exif[cut] ^= 0x55
            try:
                read(bytes(exif), max_pixels=10**6)
            except DecodeError:
                continue
    assert seen == []
    assert list(warnings.filters) == before


def test_many_threads_get_the_same_pixels():
    expected = {form: read(data).pixels for form, data in WHOLE.items()}
    before, wrong = list(warnings.filters), []

    def work():
        for _ in range(5):
            for form, data in WHOLE.items():
                if not np.array_equal(read(data).pixels, expected[form]):
                    wrong.append(form)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert list(warnings.filters) == before


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_projected_bytes_hold_what_python_allocates(form, mode):
    data = saved(form, (900, 700), mode)
    header = imaging.probe(data, max_pixels=10**8, min_side=None)
    tracemalloc.start()
    try:
        picture = imaging.decode(data, header, min_side=None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert picture.pixels.nbytes <= peak <= header.decoded_bytes


def test_projected_bytes_follow_the_work():
    def projected(min_side=None, **options):
        data = saved("JPEG", (1600, 1200), **options)
        return imaging.probe(data, max_pixels=10**8, min_side=min_side).decoded_bytes

    exif = Image.Exif()
    exif[274] = 6
    assert projected(min_side=100) < projected() / 8
    assert projected(exif=exif) > projected() * 1.8
    assert projected(progressive=True) > projected() * 1.5
    assert projected(mode="CMYK") > projected() * 1.5
