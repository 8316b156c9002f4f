"""Writes the demonstration set: pictures, edits of them, look-alikes, and the truth about them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from imgsieve.demo.edits import EDITS, encode, pixels_of
from imgsieve.demo.lookalikes import LOOKALIKES
from imgsieve.demo.scenes import PAINTERS, render_scene
from imgsieve.errors import ConfigError

__all__ = ["BROKEN_FILE", "write_demo"]

BROKEN_FILE = "phone/broken.jpg"
"""A JPEG cut off after a third of its bytes, within ``images``; the truth does not list it."""

_SIZES = ((640, 480), (480, 640), (720, 480), (560, 560), (512, 384), (800, 450))
_EDIT_FOLDERS = ("web", "phone/downloads", "mail", "backup/2021/old disk")
_PHOTOS_PER_LOOKALIKE = 20


@dataclass(frozen=True)
class _Set:
    """The files written so far."""

    images: Path
    rows: list[tuple[str, str, str, int]] = field(default_factory=list)

    def put(self, file: str, data: bytes, *, source: str, transform: str, keep: bool) -> None:
        target = self.images / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        self.rows.append((file, source, transform, int(keep)))

    def write_truth(self, target: Path) -> None:
        with target.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("file", "source", "transform", "keep"))
            writer.writerows(sorted(self.rows))


def write_demo(folder: Path, *, photos: int = 60, edits_per_photo: int = 3, seed: int = 1) -> int:
    """Write a set of pictures with known duplicates.

    ``folder/images`` gets, spread over several folders, `photos` pictures, `edits_per_photo` edits of each,
    a byte copy of every tenth, a few pairs of look-alikes that are no duplicates, and one broken file
    (`BROKEN_FILE`). ``folder/truth.csv`` lists every file but the broken one, with the columns

    ``file``
        The path relative to ``images``.
    ``source``
        Equal for all files made from one picture.
    ``transform``
        ``original``, ``copy`` (of its bytes), the name of an edit, or ``distractor`` (a look-alike).
    ``keep``
        1 for what a person may keep in place of the others, else 0.

    Parameters
    ----------
    folder
        Where to write; made if needed. What an earlier call with other arguments left there is not removed.
    photos
        Number of different pictures, at least 1.
    edits_per_photo
        Number of edits of each picture, 0 to the number of `EDITS`. All edits occur about equally often.
    seed
        Equal seeds write equal bytes, given equal versions of the image libraries.

    Returns
    -------
    int
        The number of files under ``images``, the broken one included.

    Raises
    ------
    ConfigError
        If a number is out of range.
    """
    if photos < 1 or not 0 <= edits_per_photo <= len(EDITS):
        raise ConfigError(
            f"a demonstration needs 1 or more photos and 0 to {len(EDITS)} edits of each, "
            f"not {photos} and {edits_per_photo}"
        )
    made = _Set(folder / "images")
    order = np.random.default_rng(seed).permutation(list(EDITS)).tolist()
    for number in range(photos):
        chosen = [order[(number * edits_per_photo + k) % len(order)] for k in range(edits_per_photo)]
        _write_photo(made, np.random.default_rng((seed, number)), number, chosen)
    for number in range(max(1, photos // _PHOTOS_PER_LOOKALIKE)):
        _write_lookalikes(made, np.random.default_rng((seed, photos, number)), number)
    _write_broken(made.images / BROKEN_FILE, np.random.default_rng((seed, photos)))
    made.write_truth(folder / "truth.csv")
    return len(made.rows) + 1


def _write_photo(made: _Set, rng: np.random.Generator, number: int, edits: list[str]) -> None:
    """Write a picture with its edits and, for every tenth, a byte copy."""
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    kind, source = list(PAINTERS)[number % len(PAINTERS)], f"photo{number:05d}"
    data = encode(render_scene(rng, width, height, kind=kind), "jpg", quality=int(rng.integers(88, 97)))
    file = f"camera/{2019 + number % 4}/IMG_{number:05d}.jpg"
    made.put(file, data, source=source, transform="original", keep=True)
    if number % 10 == 0:
        made.put(f"backup/{file}", data, source=source, transform="copy", keep=True)
    picture = pixels_of(data)
    for name in edits:
        edit, where = EDITS[name], _EDIT_FOLDERS[int(rng.integers(len(_EDIT_FOLDERS)))]
        edited = f"{where}/{rng.bytes(6).hex()}.{edit.extension}"
        made.put(edited, edit.apply(picture, rng), source=source, transform=name, keep=edit.keeps_all)


def _write_lookalikes(made: _Set, rng: np.random.Generator, number: int) -> None:
    """Write one pair of every kind of look-alikes, each picture a source of its own."""
    for render in LOOKALIKES:
        for side, picture in zip("ab", render(rng, 640, 480), strict=True):
            source = f"{render.__name__.replace('_', '-')}-{number:03d}{side}"
            made.put(f"shop/{source}.jpg", encode(picture, "jpg"), source=source, transform="distractor", keep=True)


def _write_broken(target: Path, rng: np.random.Generator) -> None:
    data = encode(render_scene(rng, 640, 480), "jpg")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data[: len(data) // 3])
