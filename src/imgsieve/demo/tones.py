"""Edits that keep every pixel in its place: tones, colors, blur, noise and marks.

Each edit takes RGB pixels and a generator, and returns RGB pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imgsieve.demo.geometry import PixelEdit
from imgsieve.demo.shapes import random_word
from imgsieve.demo.texture import Field, Pixels

__all__ = [
    "blurred",
    "brightened",
    "captioned",
    "contrasted",
    "gamma",
    "grayed",
    "noisy",
    "saturated",
    "sepia",
    "stickered",
    "watermarked",
]

_SEPIA = np.asarray([(0.39, 0.77, 0.19), (0.35, 0.69, 0.17), (0.27, 0.53, 0.13)], np.float32)


def _bytes(values: Field) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def brightened(factor: float) -> PixelEdit:
    """Return an edit that multiplies all values by `factor`."""
    return lambda picture, _: _bytes(picture * np.float32(factor))


def contrasted(factor: float) -> PixelEdit:
    """Return an edit that multiplies the differences from the mean by `factor`."""
    return lambda picture, _: _bytes(
        (picture - picture.mean(dtype=np.float32)) * np.float32(factor) + picture.mean(dtype=np.float32)
    )


def gamma(exponent: float) -> PixelEdit:
    """Return an edit that raises all values, taken as 0..1, to `exponent`."""
    curve = _bytes(255 * np.linspace(0, 1, 256, dtype=np.float32) ** np.float32(exponent))
    return lambda picture, _: curve[picture]


def _gray(picture: Pixels) -> Pixels:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def saturated(factor: float) -> PixelEdit:
    """Return an edit that multiplies the differences from gray by `factor`."""

    def edit(picture: Pixels, _: np.random.Generator) -> Pixels:
        gray = _gray(picture).astype(np.float32)[..., None]
        return _bytes(gray + (picture - gray) * np.float32(factor))

    return edit


def grayed(picture: Pixels, _: np.random.Generator) -> Pixels:
    """Take the color away."""
    return np.repeat(_gray(picture)[..., None], 3, axis=2)


def sepia(picture: Pixels, _: np.random.Generator) -> Pixels:
    """Tone brown, as an old print."""
    return _bytes(picture.astype(np.float32) @ _SEPIA.T)


def blurred(sigma_px: float) -> PixelEdit:
    """Return an edit that blurs with a Gaussian."""
    return lambda picture, _: cv2.GaussianBlur(picture, (0, 0), sigma_px).astype(np.uint8, copy=False)


def noisy(sigma: float) -> PixelEdit:
    """Return an edit that adds Gaussian noise of `sigma` gray levels."""
    return lambda picture, rng: _bytes(picture + np.float32(sigma) * rng.standard_normal(picture.shape, np.float32))


def captioned(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Write a line of large letters across the upper or the lower part."""
    canvas = Image.fromarray(picture)
    size = max(12, picture.shape[0] // 10)
    words = " ".join(random_word(rng, 7) for _ in range(3))
    top = int(picture.shape[0] * rng.choice((0.06, 0.8)))
    ink, edge = ("white", "black") if rng.integers(2) else ("black", "white")
    ImageDraw.Draw(canvas).text(
        (picture.shape[1] // 20, top),
        words,
        ink,
        ImageFont.load_default(size),
        stroke_width=2,
        stroke_fill=edge,
    )
    return np.asarray(canvas)


def watermarked(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Lay faint slanted words over the whole picture."""
    height, width = picture.shape[:2]
    layer = np.zeros((height, width), np.uint8)
    word, step = random_word(rng, 6) + " PREVIEW", max(36, height // 6)
    for row, y in enumerate(range(0, height + width, step)):
        for x in range(-(row % 2) * 90, width, 190):
            cv2.putText(layer, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255,), 2, cv2.LINE_AA)
    slant = np.asarray([(1, 0, 0), (-0.35, 1, 0)], np.float32)
    strength = cv2.warpAffine(layer, slant, (width, height)).astype(np.float32)[..., None] / np.float32(255)
    base = picture.astype(np.float32)
    return _bytes(base + (255 - base) * (strength * np.float32(0.4)))


def stickered(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Stick a star of a quarter of the height somewhere onto the picture."""
    canvas, radius = picture.copy(), picture.shape[0] / 8
    x, y = (rng.uniform(radius, length - radius) for length in (picture.shape[1], picture.shape[0]))
    angles = np.linspace(0, 2 * np.pi, 11)[:-1]
    reach = radius * np.where(np.arange(10) % 2 == 0, 1.0, 0.55)
    star = np.stack([x + reach * np.sin(angles), y - reach * np.cos(angles)], axis=1).round().astype(np.int32)
    cv2.fillPoly(canvas, [star], (250, 210, 40), cv2.LINE_AA)
    cv2.polylines(canvas, [star], True, (150, 60, 20), 3, cv2.LINE_AA)
    return canvas
