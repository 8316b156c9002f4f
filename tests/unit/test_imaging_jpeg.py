"""JPEG: scales, qualities, metadata, inks, and files that are not whole."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imgsieve import imaging
from imgsieve.errors import DecodeError
from imgsieve.imaging.jpeg_segments import all_scans_present, read_segments

RNG = np.random.default_rng(5)


def photo(height=150, width=200):
    noise = RNG.integers(0, 255, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def jpeg(image=None, **options):
    buffer = io.BytesIO()
    (image or photo()).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def read(data, min_side=None):
    return imaging.decode(data, imaging.probe(data, max_pixels=10**8, min_side=min_side), min_side=min_side)


WHOLE = {
    "baseline": jpeg(quality=85),
    "progressive": jpeg(quality=85, progressive=True),
    "restarts": jpeg(quality=85, restart_marker_rows=1),
    "gray": jpeg(photo().convert("L"), quality=85),
}


@pytest.mark.parametrize(
    ("min_side", "reduction", "shape"),
    [
        (None, 1, (303, 401)),
        (303, 1, (303, 401)),
        (153, 1, (303, 401)),
        (152, 2, (152, 201)),
        (76, 4, (76, 101)),
        (77, 2, (152, 201)),
        (38, 8, (38, 51)),
        (1, 8, (38, 51)),
        (1000, 1, (303, 401)),
    ],
)
def test_the_strongest_sufficient_scale_is_used(min_side, reduction, shape):
    picture = read(jpeg(photo(303, 401)), min_side)
    assert (picture.reduction, picture.pixels.shape) == (reduction, (*shape, 3))
    assert (picture.width, picture.height) == (401, 303)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 40), (8, 8)])
def test_tiny_pictures_at_every_scale(size):
    data = jpeg(photo(*size))
    for min_side in (None, 1, 2, 4, 100):
        assert min(read(data, min_side).pixels.shape[:2]) >= 1


def test_reduced_pixels_resemble_the_full_ones():
    data = jpeg(photo(320, 480), quality=95)
    small = read(data, 80).pixels
    expected = np.asarray(Image.fromarray(read(data).pixels).resize(small.shape[1::-1], Image.Resampling.BOX))
    assert np.abs(small.astype(int) - expected).mean() < 3


@pytest.mark.parametrize("quality", range(10, 101, 5))
def test_quality_is_estimated(quality):
    estimate = read(jpeg(quality=quality)).jpeg_quality
    assert estimate is not None
    assert abs(estimate - quality) <= 2


def test_quality_of_gray_and_of_the_extremes():
    assert read(WHOLE["gray"]).jpeg_quality == pytest.approx(85, abs=2)
    assert read(jpeg(quality=1)).jpeg_quality == 1
    assert read(jpeg(qtables=[[1] * 64] * 2)).jpeg_quality == 100
    assert read(jpeg(qtables=[[9] * 64] * 2)).jpeg_quality in range(80, 95)


def test_metadata_is_counted():
    exif = Image.Exif()
    exif[271] = "x" * 500
    plain, carried = read(jpeg()), read(jpeg(exif=exif, icc_profile=b"p" * 70_000, xmp=b"<x/>" * 100))
    assert plain.metadata_bytes == 0
    parts = len(exif.tobytes()) + 70_000 + 2 * 14 + 400 + len(b"http://ns.adobe.com/xap/1.0/\0")
    assert carried.metadata_bytes == pytest.approx(parts, abs=16)


def test_inks_become_light():
    colors = {"white": (0, 0, 0, 0), "black": (0, 0, 0, 255), "cyan": (255, 0, 0, 0), "gray": (0, 0, 0, 128)}
    expected = {"white": (255,) * 3, "black": (0,) * 3, "cyan": (0, 255, 255), "gray": (127,) * 3}
    for name, inks in colors.items():
        pixels = read(jpeg(Image.new("CMYK", (32, 32), inks), quality=100)).pixels
        assert np.abs(pixels.astype(int) - expected[name]).max() <= 3, name


def test_inks_at_a_reduced_scale():
    assert read(jpeg(Image.new("CMYK", (160, 96), (0, 255, 255, 0))), 24).pixels.shape == (24, 40, 3)


@pytest.mark.parametrize("kind", WHOLE)
def test_without_its_end_marker_a_whole_picture_is_read(kind):
    whole = read(WHOLE[kind])
    for cut in (1, 2):
        assert np.array_equal(read(WHOLE[kind][:-cut]).pixels, whole.pixels)


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("tail", [b"", b"\xff\xd9"])
@pytest.mark.parametrize("min_side", [None, 32])
def test_missing_data_is_never_a_picture(kind, tail, min_side):
    data = WHOLE[kind]
    for end in [*range(3, len(data) - 6, 37), len(data) - 6]:
        with pytest.raises(DecodeError) as caught:
            read(data[:end] + tail, min_side)
        assert caught.value.kind in ("truncated", "malformed")


def test_cut_between_scans_a_progressive_file_is_truncated():
    data = WHOLE["progressive"]
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    for at in scans[1:]:
        start = data.rindex(b"\xff\xc4", 0, at)
        for tail in (b"", b"\xff\xd9"):
            with pytest.raises(DecodeError, match="last scans") as caught:
                read(data[:start] + tail)
            assert caught.value.kind == "truncated"
    assert all_scans_present(data, read_segments(data))


def test_countless_scans_are_refused():
    data = WHOLE["progressive"]
    at = data.index(b"\xff\xda")
    scan = data[at : data.index(b"\xff\xc4", at)]
    with pytest.raises(DecodeError, match="scans") as caught:
        read(data[:at] + scan * 501 + data[at:])
    assert caught.value.kind == "malformed"


@given(kind=st.sampled_from(sorted(WHOLE)), data=st.data())
@settings(max_examples=150, deadline=None)
def test_flipped_bytes_give_a_picture_or_a_decode_error(kind, data):
    whole = bytearray(WHOLE[kind])
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=6)):
        whole[at] = value
    try:
        picture = read(bytes(whole), data.draw(st.sampled_from([None, 32])))
    except DecodeError:
        return
    assert picture.pixels.dtype == np.uint8


def test_stray_bytes_are_forgiven():
    whole = read(WHOLE["baseline"])
    data = WHOLE["baseline"]
    assert np.array_equal(read(data[:-2] + b"stray bytes" + data[-2:]).pixels, whole.pixels)
    assert np.array_equal(read(data + b"behind the end" * 1000).pixels, whole.pixels)
    assert np.array_equal(read(data[:20] + b"\0\0\0" + data[20:]).pixels, whole.pixels)


def test_damage_within_the_scan_is_not_forgiven():
    data = WHOLE["restarts"]
    first, second = (data.index(b"\xff" + bytes([0xD0 + n])) for n in (0, 1))
    with pytest.raises(DecodeError) as caught:
        read(data[:first] + data[second:])
    assert caught.value.kind in ("malformed", "truncated")


def test_unusual_sampling_is_read():
    data = bytearray(jpeg(photo(48, 48), subsampling=0))
    frame = data.index(b"\xff\xc0")
    for at in range(frame + 11, frame + 20, 3):
        data[at] = 0x13
    assert read(bytes(data)).pixels.shape == (48, 48, 3)


def test_headers_without_a_picture():
    for data, kind in (
        (b"\xff\xd8\xff", "truncated"),
        (b"\xff\xd8\xff\xd9", "truncated"),
        (b"\xff\xd8\xff\xda\0\x08\1\1\0\0\x3f\0", "malformed"),
        (b"\xff\xd8\xff\xc0\0\x03\x08\xff\xda\0\x08\1\1\0\0\x3f\0", "malformed"),
    ):
        with pytest.raises(DecodeError) as caught:
            imaging.probe(data, max_pixels=10**8, min_side=None)
        assert caught.value.kind == kind


def test_twelve_bits_are_unsupported():
    data = bytearray(WHOLE["gray"])
    data[data.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(DecodeError) as caught:
        read(bytes(data))
    assert caught.value.kind == "unsupported"


def test_the_probe_refuses_a_huge_claim():
    data = bytearray(WHOLE["gray"])
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(DecodeError) as caught:
        imaging.probe(bytes(data), max_pixels=10**9, min_side=8)
    assert caught.value.kind == "too-many-pixels"
