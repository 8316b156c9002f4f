"""500 pictures that cameras do not make, all of different content, and true copies of a tenth of each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from types import MappingProxyType

from PIL import Image

from evaluation import geometry
from evaluation.documents import chart, document, screenshot
from evaluation.edits import Edit, Saving, apply, encoded
from evaluation.flat import blank_page, gradient, icon
from evaluation.templates import meme, product_shot
from evaluation.writing import DISTRACTOR, ORIGINAL, SetWriter

__all__ = ["KINDS", "kind_of", "synthetic"]

_TEMPLATES = 5
_HUES = (0.0, 0.13, 0.33, 0.6, 0.8)

KINDS: Mapping[str, tuple[int, Callable[[Random, int], Image.Image]]] = MappingProxyType(
    {
        "blank pages": (50, lambda rng, _: blank_page(rng)),
        "gradients": (60, lambda rng, _: gradient(rng)),
        "charts": (70, lambda rng, _: chart(rng)),
        "documents": (90, lambda rng, _: document(rng)),
        "screenshots": (70, lambda rng, _: screenshot(rng)),
        "icons": (60, lambda rng, _: icon(rng)),
        "memes": (50, lambda rng, n: meme(rng, n % _TEMPLATES, n // _TEMPLATES % 2)),
        "products": (50, lambda rng, n: product_shot(rng, n // len(_HUES), _HUES[n % len(_HUES)])),
    }
)
"""How many of each kind, and what makes the one of a number."""

_SAME = Edit(lambda image, _: image, Saving("JPEG", {"quality": 60}))

COPIES: Mapping[str, Edit] = MappingProxyType(
    {
        "jpeg 60": _SAME,
        "size 0.6": Edit(lambda image, _: geometry.scaled(image, 0.6)),
        "webp 70": Edit(lambda image, _: image, Saving("WEBP", {"quality": 70})),
        "crop to 94 %": Edit(lambda image, rng: geometry.cropped(image, rng, 0.94)),
        "png of jpeg": Edit(lambda image, _: geometry.scaled(image, 0.9), Saving("PNG")),
    }
)
"""How true copies are made: as mails, feeds and scans in archives make them."""


def synthetic(folder: Path, *, seed: int, scale: float = 1.0) -> Path:
    """Write the set; the sources of the truth begin with the kind, see `kind_of`.

    Parameters
    ----------
    scale
        How many of the 500 pictures; at least ten of each kind are made.
    """
    writer = SetWriter(folder, seed)
    for kind, (full, make) in KINDS.items():
        count = max(10, round(full * scale))
        for number in range(count):
            rng = Random(f"{seed}/{kind}/{number}")
            image, source = make(rng, number), f"{kind}-{number:03d}"
            copied = number % 10 == 0
            # Programs save such pictures without loss, scanners and cameras as JPEG.
            lossless = kind in ("gradients", "charts", "screenshots", "icons")
            saving = Saving("PNG") if lossless else Saving("JPEG", {"quality": 90})
            transform = ORIGINAL if copied else DISTRACTOR
            writer.put(encoded(image, saving), saving.suffix, source=source, transform=transform, keep=True)
            if copied:
                name = list(COPIES)[number // 10 % len(COPIES)]
                data, suffix = apply(COPIES[name], image, rng)
                writer.put(data, suffix, source=source, transform=name, keep=False)
    return writer.close()


def kind_of(source: str) -> str:
    """Return the kind of a source of such a set."""
    return source.rpartition("-")[0]
