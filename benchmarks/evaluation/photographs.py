"""Photographs from folders, each once, in an order that a seed draws; and those that look alike."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageOps

__all__ = ["Photograph", "alike", "photographs"]

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
_LEAST_SIDE = 160
"""Smaller pictures are left out: an edit of them leaves nothing to find."""


@dataclass(frozen=True)
class Photograph:
    """One file, as it is."""

    data: bytes
    suffix: str
    name: str
    """The beginning of its digest: names the source in the truth."""

    def image(self) -> Image.Image:
        """Return the upright pixels, RGB, transparency laid over white."""
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(self.data)))
        if not upright.has_transparency_data:
            return upright.convert("RGB")
        colors = upright.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", colors.size, "white"), colors).convert("RGB")


def photographs(folders: Sequence[Path], seed: int) -> Iterator[Photograph]:
    """Yield the pictures below some folders, equal files once, in an order drawn by a seed."""
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    Random(seed).shuffle(files)
    seen = set()
    for file in files:
        data = file.read_bytes()
        name = hashlib.sha256(data).hexdigest()[:12]
        if name in seen or not _usable(data):
            continue
        seen.add(name)
        yield Photograph(data, file.suffix.lower().lstrip("."), name)


def _usable(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)) as opened:
            return min(opened.size) >= _LEAST_SIDE
    except OSError:
        return False


def alike(found: Sequence[Photograph], count: int) -> list[Photograph]:
    """Return the ``count`` photographs that one of them resembles most: those around the middle of the densest crowd.

    Resemblance is the distance of 8 x 8 pixels, of whatever shape the pictures are.
    """
    small = np.stack([np.asarray(p.image().resize((8, 8), Image.Resampling.BOX), np.float32).ravel() for p in found])
    squares = (small**2).sum(axis=1)
    distances = squares[:, None] + squares[None] - 2 * small @ small.T
    nearest = np.sort(distances, axis=1)[:, : min(count, len(found))]
    middle = int(nearest.mean(axis=1).argmin())
    return [found[k] for k in np.argsort(distances[middle], kind="stable")[:count]]
