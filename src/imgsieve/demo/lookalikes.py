"""Pairs that look alike and are different photographs: a tool that merges them loses a picture."""

from __future__ import annotations

import numpy as np

from imgsieve.demo import printed
from imgsieve.demo.layers import painted_width
from imgsieve.demo.scenes import build_scene, framed
from imgsieve.demo.texture import Pixels

__all__ = ["LOOKALIKES", "two_colors", "two_pages", "two_viewpoints"]

_DEEP_KINDS = ("hills", "town", "woods", "meadow", "table")


def two_viewpoints(rng: np.random.Generator, width: int, height: int) -> tuple[Pixels, Pixels]:
    """Photograph one scene from the left and from the right: near things move more than far ones."""
    scene = build_scene(rng, width, height, kind=_DEEP_KINDS[int(rng.integers(len(_DEEP_KINDS)))])
    return scene.photograph(rng, -0.5), scene.photograph(rng, 0.5)


def two_colors(rng: np.random.Generator, width: int, height: int) -> tuple[Pixels, Pixels]:
    """Photograph one product in red and in blue on one backdrop."""
    seed, camera = rng.integers(2**32, size=2).tolist()
    red, blue = (
        framed(
            np.random.default_rng(camera),
            printed.product(np.random.default_rng(seed), painted_width(width), height, hue=hue),
            width,
        )
        for hue in (0.99, 0.6)
    )
    return red.photograph(rng), blue.photograph(rng)


def two_pages(rng: np.random.Generator, width: int, height: int) -> tuple[Pixels, Pixels]:
    """Scan two pages of one layout with different words."""
    seed, camera, *words = rng.integers(2**32, size=4).tolist()
    first, second = (
        framed(
            np.random.default_rng(camera),
            printed.page(np.random.default_rng(seed), painted_width(width), height, words=np.random.default_rng(text)),
            width,
        )
        for text in words
    )
    return first.photograph(rng), second.photograph(rng)


LOOKALIKES = (two_viewpoints, two_colors, two_pages)
