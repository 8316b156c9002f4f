"""One picture in every format and mode that Pillow writes: all that can hold it are found to be one."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401 - registers the writer
import pytest
from PIL import Image
from run_checks import put, rows_of, run

from imgsieve.demo import render_scene

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "F")
NOT_PICTURES = {"PDF", "HDF5", "GRIB", "BUFR", "WMF", "MPO", "PALM", "EPS"}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """A folder with one picture in all formats and modes, and the rows of a run over it."""
    folder = tmp_path_factory.mktemp("zoo")
    pillow_heif.register_heif_opener()
    Image.init()
    base = Image.fromarray(render_scene(np.random.default_rng(8), 256, 192, kind="table"))
    for form in sorted(set(Image.SAVE) - NOT_PICTURES):
        for mode in MODES:
            data = written(base, form, mode)
            if data:
                put(folder / "in", f"{form}-{mode.replace(';', '_')}", data)
    run(folder / "in", folder / "out")
    return rows_of(folder / "out")


def written(base, form, mode):
    """Return a file, or nothing where Pillow cannot write this one."""
    buffer = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = base.convert("L").convert("I").point(lambda v: v * 256) if mode in ("I", "I;16") else base
            image.convert(mode).save(buffer, form)
    except (OSError, ValueError, KeyError, TypeError, SystemError, RuntimeError, AttributeError):
        return b""
    return buffer.getvalue()


def test_many_formats_are_written_and_all_are_told_of(zoo):
    assert len({file.split("-")[0] for file in zoo}) > 15
    assert len(zoo) > 60


def test_ordinary_formats_are_read(zoo):
    for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "JPEG2000", "AVIF", "HEIF", "JXL", "QOI"):
        told = [row["status"] for file, row in zoo.items() if file.startswith(f"{form}-")]
        assert told, form
        assert set(told) <= {"kept", "duplicate"}, form


def test_they_are_one_picture(zoo):
    """In all modes that show the picture as it is; one bit, and signed or floating pixels, are another matter."""
    told = {
        file: row["group"]
        for file, row in zoo.items()
        if file.endswith(("-L", "-LA", "-RGB", "-RGBA", "-CMYK", "-YCbCr", "-P"))
        and row["status"] != "failed"
        and row["width"] == 256
    }
    groups = list(told.values())
    most = max(set(groups), key=groups.count)
    assert most is not None
    assert {file for file, group in told.items() if group != most} == set()


def test_one_of_the_best_is_kept(zoo):
    """Neither one that was compressed with losses nor one of few colors."""
    rgb = zoo["PNG-RGB"]
    kept = [file for file, row in zoo.items() if row["keep"] and row["group"] == rgb["group"] is not None]
    assert len(kept) == 1
    assert kept[0].split("-")[0] in {"PNG", "BMP", "TIFF", "PPM", "TGA", "QOI", "PCX", "SGI", "JXL"}
