"""Every codec makes a picture upright exactly once."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from imgsieve import imaging
from imgsieve.imaging.boxes import Aperture
from imgsieve.imaging.orientation import exif_orientation, upright

# What each tag asks for, in terms of NumPy's own turns and mirrors.
TRANSFORMS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}


def scene(height=48, width=80):
    """Return a smooth picture without symmetry."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    red, green, blue = 255 * x, 255 * y, 255 * np.clip(1 - x - y, 0, 1)
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def encoded(array, form, orientation=None, **options):
    buffer = io.BytesIO()
    if orientation is not None:
        exif = Image.Exif()
        exif[274] = orientation
        options["exif"] = exif.tobytes()
    Image.fromarray(array).save(buffer, form, **options)
    return buffer.getvalue()


def read(data, min_side=None):
    return imaging.decode(data, imaging.probe(data, max_pixels=10**8, min_side=min_side), min_side=min_side)


def difference(a, b):
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_is_the_known_transform(orientation):
    stored = scene()
    turned = upright(stored, orientation)
    assert np.array_equal(turned, TRANSFORMS[orientation](stored))
    assert turned.flags.c_contiguous


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {"quality": 95}),
    ],
)
def test_a_file_is_made_upright_once(form, options, orientation):
    stored = scene()
    picture = read(encoded(stored, form, orientation, **options))
    expected = TRANSFORMS[orientation](stored)
    assert picture.pixels.shape == expected.shape
    assert (picture.height, picture.width) == expected.shape[:2]
    assert difference(picture.pixels, expected) < 4
    assert picture.pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heif_is_made_upright_once(orientation):
    import pillow_heif  # noqa: PLC0415 - registers the writer

    if not pillow_heif.libheif_info()["HEIF"]:
        pytest.skip("no encoder for HEIF")
    stored = scene(64, 96)
    pillow_heif.register_heif_opener()
    data = encoded(stored, "HEIF", orientation, quality=95)
    assert (b"irot" in data or b"imir" in data) == (orientation != 1)
    picture = read(data)
    assert picture.format == "heif"
    assert difference(picture.pixels, TRANSFORMS[orientation](stored)) < 6


def test_the_exif_orientation_of_jpeg_xl_is_not_applied():
    import pillow_jxl  # noqa: F401, PLC0415 - registers the writer

    stored = scene()
    picture = read(encoded(stored, "JXL", 6, lossless=True))
    assert picture.format == "jxl"
    assert np.array_equal(picture.pixels, stored)


def test_a_jpeg_inside_jpeg_xl_is_turned_as_the_jpeg_is():
    from pillow_jxl import Encoder  # noqa: PLC0415

    jpeg = encoded(scene(), "JPEG", 6, quality=95)
    wrapped = Encoder(mode="RGB", quality=100, num_threads=1)(jpeg, 80, 48, jpeg_encode=True)
    picture, plain = read(bytes(wrapped)), read(jpeg)
    assert picture.format == "jxl"
    assert np.array_equal(picture.pixels, plain.pixels)


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_in_both_byte_orders(order):
    import struct  # noqa: PLC0415

    magic = b"II*\0" if order == "<" else b"MM\0*"
    block = magic + struct.pack(order + "IH", 8, 1) + struct.pack(order + "HHIHH", 274, 3, 1, 7, 0)
    assert exif_orientation(block) == 7
    assert exif_orientation(b"Exif\0\0" + block) == 7
    assert exif_orientation(b"12345" + block, 5) == 7


@pytest.mark.parametrize("block", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\xff\1\x12"])
def test_damaged_exif_means_as_it_is(block):
    assert exif_orientation(block) == 1


def test_values_out_of_range_mean_as_it_is():
    assert np.array_equal(read(encoded(scene(), "PNG", 9)).pixels, scene())
    assert np.array_equal(read(encoded(scene(), "PNG", 0)).pixels, scene())


def test_an_aperture_is_centered_and_must_lie_inside():
    assert Aperture(10, 6, 0, 0).slices(20, 30) == (slice(7, 13), slice(10, 20))
    assert Aperture(10, 6, -10, 7).slices(20, 30) == (slice(14, 20), slice(0, 10))
    assert Aperture(40, 6, 0, 0).slices(20, 30) == (slice(None), slice(None))


def test_the_aperture_of_an_avif_file_is_cut_out():
    stored = scene(64, 96)
    data = with_aperture(encoded(stored, "AVIF", quality=95), 40, 20, 8, 4)
    picture = read(data)
    assert difference(picture.pixels, stored[26:46, 36:76]) < 4


def with_aperture(data, width, height, right, down):
    """Add a clean aperture to an AVIF file by appending a property, and naming it for the first item."""
    import struct  # noqa: PLC0415

    clap = struct.pack(">I4sIIIIiIiI", 40, b"clap", width, 1, height, 1, right, 1, down, 1)
    ipco = data.index(b"ipco") - 4
    count, at = 0, ipco + 8
    end = ipco + int.from_bytes(data[ipco : ipco + 4], "big")
    while at < end:
        at += int.from_bytes(data[at : at + 4], "big")
        count += 1
    data = data[:end] + clap + data[end:]
    entries = data.index(b"ipma") + 4 + 4 + 4 + 2
    last = entries + 1 + data[entries]
    data = data[:last] + bytes([0x80 | (count + 1)]) + data[last:]
    data = data[:entries] + bytes([data[entries] + 1]) + data[entries + 1 :]
    for name, grown in ((b"ipco", 40), (b"ipma", 1), (b"iprp", 41), (b"meta", 41)):
        data = _resized(data, name, grown)
    return _moved(data, 41)


def _resized(data, name, grown):
    at = data.index(name) - 4
    size = int.from_bytes(data[at : at + 4], "big") + grown
    return data[:at] + size.to_bytes(4, "big") + data[at + 4 :]


def _moved(data, by):
    """Move the one extent that the location box names."""
    at = data.index(b"iloc") + 4
    assert data[at] == 0
    assert data[at + 4 : at + 8] == b"\x44\x00\x00\x01"
    offset = at + 8 + 2 + 2 + 2
    value = int.from_bytes(data[offset : offset + 4], "big") + by
    return data[:offset] + value.to_bytes(4, "big") + data[offset + 4 :]
