"""Edits that move pixels: sizes, crops, turns, borders and screenshots.

Each edit takes RGB pixels and a generator, and returns RGB pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from imgsieve.demo.texture import Pixels

__all__ = ["bordered", "cropped", "mirrored", "resized", "screenshot", "stretched", "tilted", "turned"]

PixelEdit = Callable[[Pixels, np.random.Generator], Pixels]


def _scaled(picture: Pixels, width: float, height: float) -> Pixels:
    size = max(16, round(width)), max(16, round(height))
    shrinks = size[0] < picture.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(picture, size, interpolation=way).astype(np.uint8, copy=False)


def resized(factor: float) -> PixelEdit:
    """Return an edit that multiplies both sides by `factor`."""
    return lambda picture, _: _scaled(picture, factor * picture.shape[1], factor * picture.shape[0])


def stretched(factor: float) -> PixelEdit:
    """Return an edit that multiplies the width alone by `factor`."""
    return lambda picture, _: _scaled(picture, factor * picture.shape[1], picture.shape[0])


def cropped(share: float) -> PixelEdit:
    """Return an edit that cuts away `share` of the area, of a window that lies anywhere in the picture."""

    def edit(picture: Pixels, rng: np.random.Generator) -> Pixels:
        side = math.sqrt(1 - share)
        height, width = (round(side * length) for length in picture.shape[:2])
        top = int(rng.integers(0, picture.shape[0] - height + 1))
        left = int(rng.integers(0, picture.shape[1] - width + 1))
        return picture[top : top + height, left : left + width]

    return edit


def turned(quarters: int) -> PixelEdit:
    """Return an edit that turns counterclockwise by quarter turns."""
    return lambda picture, _: np.rot90(picture, quarters)


def mirrored(picture: Pixels, _: np.random.Generator) -> Pixels:
    """Swap left and right."""
    return picture[:, ::-1]


def tilted(degrees: float) -> PixelEdit:
    """Return an edit that turns by a few degrees and cuts to a window without empty corners."""

    def edit(picture: Pixels, _: np.random.Generator) -> Pixels:
        height, width = picture.shape[:2]
        sine, cosine = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))
        shrink = min(
            width / (width * cosine + height * sine),
            height / (width * sine + height * cosine),
        )
        inner = int(shrink * width), int(shrink * height)
        motion = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        motion[:, 2] -= (width - inner[0]) / 2, (height - inner[1]) / 2
        tilted_picture = cv2.warpAffine(picture, motion, inner, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        return tilted_picture.astype(np.uint8, copy=False)

    return edit


def bordered(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Put a plain frame of 3 to 7 % of the shorter side around the picture."""
    thickness = max(2, round(rng.uniform(0.03, 0.07) * min(picture.shape[:2])))
    shade = int(rng.choice((0, 90, 255)))
    framed = np.full((picture.shape[0] + 2 * thickness, picture.shape[1] + 2 * thickness, 3), shade, np.uint8)
    framed[thickness:-thickness, thickness:-thickness] = picture
    return framed


def screenshot(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Show the picture in the window of a viewer, with a title bar, a tool column and a status line."""
    height, width = picture.shape[:2]
    bar, column, foot = height // 8, width // 7, height // 14
    light = bool(rng.integers(2))
    page, ink = ((236, 238, 240), (120, 120, 125)) if light else ((34, 36, 40), (140, 142, 150))
    window = np.empty((bar + height + foot + 20, column + width + 20, 3), np.uint8)
    window[:] = page
    window[:bar] = rng.integers(30, 200, 3)
    for k, color in enumerate(((230, 90, 80), (235, 190, 70), (90, 190, 90))):
        cv2.circle(window, (bar // 2 + k * bar // 2, bar // 2), bar // 6, color, cv2.FILLED, cv2.LINE_AA)
    for k in range(7):
        side, y = column // 3, bar + (k + 1) * height // 9
        cv2.rectangle(window, (side, y), (2 * side, y + side), ink, 2)
    cv2.putText(window, "100 %  1 / 24", (column, bar + height + 14 + foot // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.4, ink)
    window[bar + 10 : bar + 10 + height, column + 10 : column + 10 + width] = picture
    return window
