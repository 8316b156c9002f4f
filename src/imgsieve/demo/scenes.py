"""Photo-like pictures out of nothing but a random generator, for the demonstration, tests and benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from imgsieve.demo import indoors, outdoors, printed
from imgsieve.demo.layers import Layer, Scene, painted_width
from imgsieve.demo.shapes import leaves
from imgsieve.demo.texture import Pixels, fractal_noise, hsv, painted

__all__ = ["PAINTERS", "build_scene", "framed", "render_quick", "render_scene"]

Painter = Callable[[np.random.Generator, int, int], list[Layer]]

PAINTERS: Mapping[str, Painter] = MappingProxyType(
    {
        "hills": outdoors.hills,
        "table": indoors.table,
        "town": outdoors.town,
        "pebbles": indoors.pebbles,
        "meadow": outdoors.meadow,
        "shelf": printed.shelf,
        "shore": outdoors.shore,
        "painting": indoors.painting,
        "woods": outdoors.woods,
        "mosaic": indoors.mosaic,
        "page": printed.page,
        "product": printed.product,
    }
)


def framed(rng: np.random.Generator, layers: list[Layer], width: int) -> Scene:
    """Give layers a camera: exposure, tint, vignette and grain of its own."""
    return Scene(
        layers=tuple(layers),
        width=width,
        exposure=rng.uniform(0.8, 1.2),
        vignette=rng.uniform(0.0, 0.45),
        tint=(rng.uniform(0.9, 1.08), rng.uniform(0.94, 1.04), rng.uniform(0.88, 1.08)),
        grain=rng.uniform(1.0, 6.0),
    )


def build_scene(rng: np.random.Generator, width: int, height: int, *, kind: str | None = None) -> Scene:
    """Return a scene that can be photographed from several viewpoints; `kind` is a key of `PAINTERS`."""
    drawn = list(PAINTERS)[int(rng.integers(len(PAINTERS)))]
    return framed(rng, PAINTERS[kind or drawn](rng, painted_width(width), height), width)


def render_scene(rng: np.random.Generator, width: int, height: int, *, kind: str | None = None) -> Pixels:
    """Return a picture that no other state of `rng` gives.

    Parameters
    ----------
    rng
        The only source of randomness: equal states give equal pixels.
    width, height
        Size in pixels, at least 64 each.
    kind
        What to show, a key of `PAINTERS`; drawn at random by default.

    Returns
    -------
    Pixels
        uint8 RGB of shape (height, width, 3).

    Examples
    --------
    >>> render_scene(np.random.default_rng(7), 640, 480).shape
    (480, 640, 3)
    """
    return build_scene(rng, width, height, kind=kind).photograph(rng)


def render_quick(rng: np.random.Generator, width: int, height: int) -> Pixels:
    """Return a plainer picture in a tenth of the time: colored noise under leaves of all sizes.

    Meant for sets of thousands; parameters and result are those of `render_scene`.
    """
    hue, spread = rng.random(), rng.uniform(-0.4, 0.4)
    field = fractal_noise(
        rng,
        width,
        height,
        coarsest_px=width / rng.uniform(1, 5),
        finest_px=3,
        roughness=rng.uniform(0.4, 0.7),
    )
    canvas = painted(field, [hsv(hue + k * spread, rng.uniform(0.2, 0.9), 0.15 + 0.4 * k) for k in range(3)])
    centers = (rng.random((60, 2)) * (width, height)).astype(np.float32)
    sizes = (rng.exponential(0.04, 60) * height).astype(np.float32) + np.float32(2)
    colors = [hsv(rng.random(), rng.uniform(0.2, 1), rng.uniform(0.2, 1)) for _ in range(6)]
    leaves(canvas, rng, centers, sizes, colors, slender=rng.uniform(1, 3))
    return canvas
