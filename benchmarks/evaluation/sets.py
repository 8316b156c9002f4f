"""Sets of photographs with edited copies, each for one of the figures that are measured."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

from evaluation import geometry, screens, tones
from evaluation.edits import EDITS, LOSE_NOTHING, Edit, Pictured, Saving, apply, encoded
from evaluation.photographs import Photograph, alike, photographs
from evaluation.writing import DISTRACTOR, ORIGINAL, SetWriter

__all__ = ["crops", "mixed", "squashed", "tenth"]

_MOST_SOURCES = 0.6
_JPEG = Saving("JPEG", {"quality": 90})


def mixed(
    folder: Path, photos: Sequence[Path], *, sources: int, per: int, distractors: int, collages: int, seed: int
) -> Path:
    """Write some photographs with edits of all kinds, others without, and collages of the latter.

    Parameters
    ----------
    sources, per
        Photographs with edits, at most 0.6 of what there is, and edits of each: all kinds occur about equally often, in
        an order drawn by the seed.
    distractors
        Photographs without edits.
    collages
        Pictures made of four distractors each: a copy of none of them, for what is kept would not replace them.
    """
    writer, rng = SetWriter(folder, seed), Random(seed)
    found = list(itertools.islice(photographs(photos, seed), sources + distractors))
    sources = min(sources, round(_MOST_SOURCES * len(found)))
    dealt = _dealt(list(EDITS), rng)
    for photo in found[:sources]:
        _put(writer, photo, ORIGINAL)
        for name in itertools.islice(dealt, per):
            _put_edited(writer, photo, name, EDITS[name], rng)
    others = found[sources:]
    for photo in others:
        _put(writer, photo, DISTRACTOR)
    for number in range(min(collages, len(others) // 4)):
        parts = [photo.image() for photo in rng.sample(others, 4)]
        data = encoded(screens.collage(parts, rng), _JPEG)
        writer.put(data, "jpg", source=f"collage-{number}", transform=DISTRACTOR, keep=True)
    return writer.close()


def crops(folder: Path, photos: Sequence[Path], *, pictures: int, cropped: int, seed: int) -> Path:
    """Write pictures that look alike, and crops of some of them to 30 to 60 % of the area."""
    writer, rng = SetWriter(folder, seed), Random(seed)
    found = alike(list(photographs(photos, seed)), pictures)
    rng.shuffle(found)
    shares = (0.30, 0.40, 0.50, 0.60)
    for number, photo in enumerate(found):
        _put(writer, photo, ORIGINAL if number < cropped else DISTRACTOR)
        if number < cropped:
            share = shares[number % len(shares)]
            edit = Edit(_cropping(share))
            _put_edited(writer, photo, f"crop to {share:.0%}", edit, rng)
    return writer.close()


def squashed(folder: Path, photos: Sequence[Path], *, pictures: int, seed: int) -> Path:
    """Write photographs, and of each a copy squashed to 128 x 128 pixels and blurred."""
    writer, rng = SetWriter(folder, seed), Random(seed)
    sigmas = (1.0, 1.5, 2.0)
    for number, photo in enumerate(itertools.islice(photographs(photos, seed), pictures)):
        sigma = sigmas[number % len(sigmas)]
        edit = Edit(_squashing(sigma))
        _put(writer, photo, ORIGINAL)
        _put_edited(writer, photo, f"squashed 128, blur {sigma}", edit, rng)
    return writer.close()


def tenth(folder: Path, photos: Sequence[Path], *, files: int, seed: int) -> Path:
    """Write a set of which every tenth file is an edited copy of another one, edits of all kinds."""
    writer, rng = SetWriter(folder, seed), Random(seed)
    found = list(itertools.islice(photographs(photos, seed), round(0.9 * files)))
    dealt = _dealt(list(EDITS), rng)
    copies = len(found) // 9
    for number, photo in enumerate(found):
        _put(writer, photo, ORIGINAL if number < copies else DISTRACTOR)
        if number < copies:
            name = next(dealt)
            _put_edited(writer, photo, name, EDITS[name], rng)
    return writer.close()


def _cropping(share: float) -> Pictured:
    return lambda image, rng: geometry.cropped(image, rng, share)


def _squashing(sigma: float) -> Pictured:
    return lambda image, _: tones.blurred(geometry.squashed(image, 128), sigma)


def _dealt(names: Iterable[str], rng: Random) -> Iterator[str]:
    """Yield names for ever, shuffled, each as often as any other."""
    while True:
        order = list(names)
        rng.shuffle(order)
        yield from order


def _put(writer: SetWriter, photo: Photograph, transform: str) -> None:
    writer.put(photo.data, photo.suffix, source=photo.name, transform=transform, keep=True)


def _put_edited(writer: SetWriter, photo: Photograph, name: str, edit: Edit, rng: Random) -> None:
    data, suffix = apply(edit, photo.image(), rng)
    writer.put(data, suffix, source=photo.name, transform=name, keep=name in LOSE_NOTHING)
