"""A scene as a stack of layers, which can be photographed from more than one viewpoint."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from imgsieve.demo.texture import Pixels, fractal_noise, shaded

__all__ = ["OVERSCAN", "Layer", "Scene", "blank_mask", "painted_width"]

OVERSCAN = 0.08
"""Share of a picture's width by which layers reach past it on either side, so that they can be shifted."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One plane of a scene, parallel to the picture."""

    color: Pixels
    """RGB of shape (height, painted width, 3)."""
    mask: Pixels | None = None
    """255 where the layer hides what lies behind it, 0 elsewhere; None where it hides everything."""
    nearness: float = 0.0
    """0 for the far distance, which stays in place, to 1 for what moves most with the viewpoint."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Layers from the farthest to the nearest, and how the camera renders them."""

    layers: tuple[Layer, ...]
    width: int
    exposure: float = 1.0
    """Factor on the brightness."""
    vignette: float = 0.2
    """Share of the light that the corners lack."""
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Factors on red, green and blue."""
    grain: float = 4.0
    """Standard deviation of the sensor noise, in gray levels."""

    def photograph(self, rng: np.random.Generator, viewpoint: float = 0.0) -> Pixels:
        """Return the scene as seen from `viewpoint`, -1 (left) to 1 (right), with fresh sensor noise."""
        return self._developed(rng, self._composed(viewpoint))

    def _composed(self, viewpoint: float) -> Pixels:
        margin = OVERSCAN * self.width
        canvas: Pixels | None = None
        for layer in self.layers:
            start = round(margin * (1 + viewpoint * layer.nearness))
            view = layer.color[:, start : start + self.width]
            if canvas is None or layer.mask is None:
                canvas = view.copy()
            else:
                cv2.copyTo(view, layer.mask[:, start : start + self.width], canvas)
        if canvas is None:
            raise ValueError("a scene needs at least one layer")
        return canvas

    def _developed(self, rng: np.random.Generator, picture: Pixels) -> Pixels:
        height, width = picture.shape[:2]
        soft = cv2.GaussianBlur(picture, (3, 3), 0.6)
        x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        light = np.float32(self.exposure) * (1 - np.float32(self.vignette / 2) * (x * x + y * y))
        lit = shaded(soft.astype(np.uint8, copy=False), light)
        noise = fractal_noise(rng, width, height, coarsest_px=3, finest_px=1)
        noise *= np.float32(6 * self.grain)
        gray = (noise + np.float32(128 - 3 * self.grain)).astype(np.uint8)
        toned = cv2.multiply(lit, np.asarray((*self.tint, 1.0)))
        return cv2.addWeighted(toned, 1, cv2.merge([gray, gray, gray]), 1, -128).astype(np.uint8, copy=False)


def painted_width(width: int) -> int:
    """Return the width that layers of a picture of `width` pixels must have."""
    return width + 2 * round(OVERSCAN * width) + 2


def blank_mask(width: int, height: int) -> Pixels:
    """Return a mask that hides nothing yet."""
    return np.zeros((height, width), np.uint8)
