"""Detailed pictures, saved and read again as a run reads them."""

from __future__ import annotations

import functools
import io

import numpy as np
from PIL import Image

from imgsieve.config import RunConfig
from imgsieve.demo import render_scene
from imgsieve.imaging import decode, probe
from imgsieve.stages.views import View, view_of_decoded

CONFIG = RunConfig()


@functools.cache
def scene(kind: str, seed: int = 5, width: int = 480, height: int = 360) -> Image.Image:
    """Return a picture with detail in every pixel: made at twice the size, and averaged."""
    large = Image.fromarray(render_scene(np.random.default_rng(seed), 2 * width, 2 * height, kind=kind))
    return large.resize((width, height), Image.Resampling.BOX)


def saved(picture: Image.Image, codec: int | str = 90) -> bytes:
    """Save by a JPEG quality, or as PNG or WebP."""
    stream = io.BytesIO()
    if isinstance(codec, int):
        picture.save(stream, "JPEG", quality=codec)
    else:
        picture.save(stream, codec, quality=80)
    return stream.getvalue()


def pixels_of(data: bytes) -> Image.Image:
    """Read a picture as RGB."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def view_of_file(data: bytes) -> View:
    """Read a picture as stage 4 does."""
    header = probe(data, max_pixels=10**8, min_side=CONFIG.decode.min_side)
    return view_of_decoded(decode(data, header, min_side=CONFIG.decode.min_side), CONFIG.local)
