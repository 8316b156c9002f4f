"""Names and contents as strange as a disk allows: each file is told of once, and none ends the run."""

from __future__ import annotations

import csv
import os
import socket
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest
from run_checks import config, groups_bytes, picture, put, rows_of, run, saved, summary_of, write_pictures

from imgsieve.config import SourceConfig
from imgsieve.demo import encode

NAMES = [
    b"line\nbreak.jpg",
    b"carriage\rreturn.jpg",
    b'quote".jpg',
    b"comma,and;semicolon.jpg",
    b"<script>alert(1)</script>.jpg",
    b"=1+2.jpg",
    b"not-utf8-\xff\xfe.jpg",
    b"back\\slash.jpg",
    b" leading and trailing .jpg",
    b"percent%41.jpg",
    b"question?mark#hash.jpg",
    "日本語-é.jpg".encode(),
    "right\u202eleft.jpg".encode(),
    b"-rf",
    b"tab\tbell\x07.jpg",
    b"no-extension",
    b".hidden.jpg",
    b"part.partial",
    b"x" * 251 + b".jpg",
]


def put_bytes(folder, name, data):
    put(folder, os.fsdecode(name), data)


def test_names(tmp_path):
    for number, name in enumerate(NAMES):
        put_bytes(tmp_path / "in", name, encode(picture(number), "jpg"))
        put_bytes(tmp_path / "in/copies" / os.fsdecode(name), b"copy-of-" + name[:200], encode(picture(number), "jpg"))
    rows = run(tmp_path / "in", tmp_path / "out") and rows_of(tmp_path / "out")
    told = {unquote_to_bytes(row["uri"].removeprefix(tmp_path.as_uri() + "/in/")) for row in rows.values()}
    assert told >= set(NAMES)
    assert len(rows) == 2 * len(NAMES)
    assert {row["status"] for row in rows.values()} == {"kept", "duplicate"}


def test_names_in_the_table_for_people(tmp_path):
    for number, name in enumerate(NAMES):
        put_bytes(tmp_path / "in", name, encode(picture(number), "jpg"))
    run(tmp_path / "in", tmp_path / "out")
    with (tmp_path / "out/groups.csv").open(encoding="utf-8", newline="") as stream:
        files = [row["file"] for row in csv.DictReader(stream)]
    assert sorted(files) == sorted(name.decode("utf-8", "backslashreplace") for name in NAMES)


def test_very_long_paths(tmp_path):
    """Some of these can be listed and not be opened: the system refuses paths of 4,096 bytes."""
    data = encode(picture(1), "jpg")
    folder = os.open(put(tmp_path, "in/first.jpg", data).parent, os.O_RDONLY)
    depth = 0
    while depth < 20:
        os.mkdir("d" * 250, dir_fd=folder)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder, depth = below, depth + 1
        with os.fdopen(os.open("deep.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=folder), "wb") as stream:
            stream.write(data)
    os.close(folder)
    run(tmp_path / "in", tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    summary = summary_of(tmp_path / "out")
    assert 14 < len(rows) <= depth + 1
    assert len(rows) == depth + 1 or "too long" in summary["folders_not_read"][0]
    assert {row["status"] for row in rows.values()} <= {"kept", "duplicate", "failed"}
    assert {row["error_kind"] for row in rows.values()} <= {None, "unreadable"}
    remove_deep(tmp_path / "in")


def remove_deep(folder):
    """Remove a tree whose paths are too long for the usual ways, by bringing its folders up one by one."""
    while (folder / ("d" * 250)).exists():
        deeper = folder / ("d" * 250)
        (deeper / "deep.jpg").unlink()
        if (deeper / ("d" * 250)).exists():
            (deeper / ("d" * 250)).rename(folder / "next")
            deeper.rmdir()
            (folder / "next").rename(deeper)
        else:
            deeper.rmdir()


def test_links_and_special_files_are_passed_over_and_counted(tmp_path):
    source = write_pictures(tmp_path / "in", 4)
    images = len([path for path in source.rglob("*") if path.is_file()])
    (source / "up").symlink_to(source)
    (source / "camera/loop").symlink_to(source / "camera/loop")
    (source / "same.jpg").symlink_to("camera/0000.jpg")
    (source / "nothing.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(source / "fifo.jpg")
    bound = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(source)
    try:
        bound.bind("socket.jpg")
    finally:
        os.chdir(here)
    summary = run(source, tmp_path / "out").summary
    bound.close()
    assert summary["images"] == images
    assert summary["links_not_followed"] == 6


def test_hard_links_are_files_of_their_own(tmp_path):
    source = write_pictures(tmp_path / "in", 2, broken=False)
    os.link(source / "camera/0001.jpg", source / "hard.jpg")
    run(source, tmp_path / "out")
    statuses = {rows_of(tmp_path / "out")[file]["status"] for file in ("hard.jpg", "camera/0001.jpg")}
    assert statuses == {"kept", "duplicate"}


def png_claiming(width, height):
    """Return a small PNG whose header claims a size."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


def odd_contents():
    jpeg, png = encode(picture(1), "jpg"), saved(picture(2), "PNG")
    rng = np.random.default_rng(3)
    flipped = bytearray(jpeg)
    for place in rng.integers(300, len(jpeg), 40):
        flipped[place] ^= 255
    return {
        "empty.jpg": b"",
        "one-byte.png": b"\x89",
        "zeros.jpg": bytes(5000),
        "noise.jpg": rng.bytes(5000),
        "only-magic.jpg": jpeg[:3],
        "half.jpg": jpeg[: len(jpeg) // 2],
        "half.png": png[: len(png) // 2],
        "flipped.jpg": bytes(flipped),
        "text.png": b"hello, world\n" * 50,
        "page.jpg": b"<!doctype html><html><body>404</body></html>",
        "vector.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "archive.jpg": b"PK\x03\x04" + bytes(500),
        "film.mp4": b"\0\0\0\x18ftypmp42" + bytes(500),
        "bomb.png": png_claiming(60_000, 60_000),
        "bomb-long.png": png_claiming(2**31 - 1, 1),
        "no-size.png": png_claiming(0, 0),
        "trailing.jpg": jpeg + b"trailing bytes" * 100,
        "two-in-one.jpg": jpeg + jpeg,
    }


def test_odd_contents_are_told_of(tmp_path):
    contents = odd_contents()
    for file, data in contents.items():
        put(tmp_path / "in", file, data)
    summary = run(tmp_path / "in", tmp_path / "out").summary
    rows = rows_of(tmp_path / "out")
    assert set(rows) == set(contents)
    told = {file: row["error_kind"] for file, row in rows.items()}
    assert told["empty.jpg"] == "empty"
    assert told["half.jpg"] == told["half.png"] == "truncated"
    assert told["bomb.png"] == told["bomb-long.png"] == "too-many-pixels"
    assert {told[f] for f in ("text.png", "page.jpg", "archive.jpg", "film.mp4", "zeros.jpg")} == {"not-an-image"}
    assert told["trailing.jpg"] is told["two-in-one.jpg"] is None
    assert summary["failed"] >= 13


def test_extensions_are_not_believed(tmp_path):
    pixels = picture(4)
    put(tmp_path / "in", "really-png.jpg", saved(pixels, "PNG"))
    put(tmp_path / "in", "really-jpeg.png", encode(pixels, "jpg", quality=95))
    put(tmp_path / "in", "really-bmp.txt", saved(pixels, "BMP"))
    run(tmp_path / "in", tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert [rows[f]["format"] for f in ("really-bmp.txt", "really-jpeg.png", "really-png.jpg")] == [
        "bmp",
        "jpeg",
        "png",
    ]
    assert len({row["group"] for row in rows.values()}) == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (3, 3), (1, 5000), (5000, 1), (7, 900), (15, 16), (64, 1)])
def test_tiny_and_slender_pictures(tmp_path, size):
    rng = np.random.default_rng(sum(size))
    for number in range(3):
        pixels = rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        put(tmp_path / "in", f"{number}.png", saved(pixels, "PNG"))
        put(tmp_path / "in", f"{number}.bmp", saved(pixels, "BMP"))
        put(tmp_path / "in", f"{number}.jpg", encode(pixels, "jpg", quality=90))
    rows = run(tmp_path / "in", tmp_path / "out") and rows_of(tmp_path / "out")
    assert {row["status"] for row in rows.values()} <= {"kept", "duplicate"}
    for number in range(3):
        assert rows[f"{number}.png"]["group"] == rows[f"{number}.bmp"]["group"] is not None
    assert len({row["group"] for row in rows.values() if row["relation"] == "exact"}) == 3


def test_a_huge_file_that_is_no_picture(tmp_path):
    """A sparse film of 100 GB takes neither memory nor time, and is not said to want more memory."""
    source = write_pictures(tmp_path / "in", 2)
    film = put(source, "film.mp4", b"\0\0\0\x18ftypmp42")
    os.truncate(film, 100 * 2**30)
    run(source, tmp_path / "out")
    assert rows_of(tmp_path / "out")["film.mp4"]["error_kind"] == "not-an-image"


def test_globs(tmp_path):

    source = write_pictures(tmp_path / "in", 4)
    options = replace(config(), source=SourceConfig(include=("*.jpg",), exclude=("broken/", "**/0001.jpg")))
    run(source, tmp_path / "out", config=options)
    files = set(rows_of(tmp_path / "out"))
    assert files == {
        "backup/0000.jpg", "camera/0000.jpg", "camera/0002.jpg", "camera/0003.jpg", "crops/0000.jpg",
        "web/0000-small.jpg", "web/0002-small.jpg",
    }  # fmt: skip
    assert groups_bytes(tmp_path / "out")
