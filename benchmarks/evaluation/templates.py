"""Pictures that share all but one thing: memes with other captions, products in another color."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image, ImageDraw

from evaluation.overlays import font, words
from imgsieve.demo import render_scene
from imgsieve.demo.layers import painted_width
from imgsieve.demo.printed import product
from imgsieve.demo.scenes import framed

__all__ = ["meme", "product_shot"]

_WIDTH, _HEIGHT = 560, 420
_SIDE = 480
_SCENES = ("hills", "table", "town", "meadow", "painting")


def meme(rng: Random, template: int, form: int) -> Image.Image:
    """Return one of several pictures with a caption of its own.

    Parameters
    ----------
    template
        Which picture.
    form
        0 for large letters over its upper and lower edge; 1 for a white strip with writing above it.
    """
    drawn = np.random.default_rng((71, template))
    picture = Image.fromarray(render_scene(drawn, _WIDTH, _HEIGHT, kind=_SCENES[template % len(_SCENES)]))
    if form == 1:
        out = Image.new("RGB", (_WIDTH, _HEIGHT + 110), (255, 255, 255))
        out.paste(picture, (0, 110))
        draw = ImageDraw.Draw(out)
        for line in range(3):
            draw.text((20, 12 + 31 * line), words(rng, 6), font=font(25), fill=(10, 10, 10))
        return out
    draw = ImageDraw.Draw(picture)
    for y in (0.10, 0.88):
        draw.text(
            (_WIDTH / 2, y * _HEIGHT), words(rng, 4).upper(), font=font(34), fill="white", anchor="mm",
            stroke_width=3, stroke_fill="black",
        )  # fmt: skip
    return picture


def product_shot(rng: Random, model: int, hue: float) -> Image.Image:
    """Return a shirt on a backdrop, in a color; all else is told by the model, but for the grain of the camera."""
    drawn = np.random.default_rng((72, model))
    layers = product(drawn, painted_width(_SIDE), 600, hue=hue)
    scene = framed(drawn, layers, _SIDE)
    return Image.fromarray(scene.photograph(np.random.default_rng(rng.getrandbits(32))))
