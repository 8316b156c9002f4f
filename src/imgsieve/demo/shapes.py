"""Things drawn onto a picture in place: leaves, balls, boxes, windows and lines of writing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from imgsieve.demo.texture import Color, Field, Pixels

__all__ = ["ball", "leaves", "outline", "random_word", "windows", "write_line"]

_LETTERS = "ABCDEFGHIKLMNOPRSTUVWXYZabcdeghiklmnoprstuvwyz0123456789"
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
)


def leaves(
    canvas: Pixels,
    rng: np.random.Generator,
    centers: Field,
    sizes_px: Field,
    colors: Sequence[Color],
    *,
    mask: Pixels | None = None,
    slender: float = 2.0,
) -> None:
    """Draw a small turned leaf at each center, each a little lighter or darker than its color.

    Parameters
    ----------
    canvas
        Picture to draw on, in place.
    rng
        Source of turns, colors and shades.
    centers
        float32 of shape (n, 2): x and y in pixels.
    sizes_px
        float32 of shape (n,): half the length of each leaf.
    colors
        Colors to choose from.
    mask
        Where given, the leaves are drawn into it too, as 255.
    slender
        Length over width.
    """
    turns = rng.uniform(0, 2 * math.pi, len(centers)).astype(np.float32)
    around = np.linspace(0, 2 * math.pi, 9, dtype=np.float32)[:-1]
    along = np.cos(around) * sizes_px[:, None]
    across = np.sin(around) * sizes_px[:, None] / np.float32(slender)
    cosine, sine = np.cos(turns)[:, None], np.sin(turns)[:, None]
    x = centers[:, :1] + along * cosine - across * sine
    y = centers[:, 1:] + along * sine + across * cosine
    outlines = np.round(16 * np.stack([x, y], axis=2)).astype(np.int32)
    chosen = np.asarray(colors, np.float32)[rng.integers(0, len(colors), len(centers))]
    shaded = np.clip(chosen * rng.uniform(0.55, 1.35, (len(centers), 1)), 0, 255).tolist()
    for shape, color in zip(outlines, shaded, strict=True):
        cv2.fillConvexPoly(canvas, shape, color, shift=4)
        if mask is not None:
            cv2.fillConvexPoly(mask, shape, (255,), shift=4)


def ball(
    canvas: Pixels, center: tuple[float, float], radii: tuple[float, float], surface: Pixels, light: float
) -> None:
    """Paint a shaded ellipsoid with the colors of `surface`, lit from the direction `light` (radians)."""
    height, width = canvas.shape[:2]
    left, right = max(0, int(center[0] - radii[0])), min(width, int(center[0] + radii[0]) + 1)
    top, bottom = max(0, int(center[1] - radii[1])), min(height, int(center[1] + radii[1]) + 1)
    if left >= right or top >= bottom:
        return
    x = ((np.arange(left, right) - center[0]) / radii[0]).astype(np.float32)[None, :]
    y = ((np.arange(top, bottom) - center[1]) / radii[1]).astype(np.float32)[:, None]
    inside = x * x + y * y
    facing = np.sqrt(np.clip(1 - inside, 0, 1))
    lit = np.clip(0.6 * facing + 0.55 * (math.cos(light) * x + math.sin(light) * y), 0, 1)
    shade = (0.3 + 0.8 * lit + 0.5 * lit**12).astype(np.float32)
    patch = np.clip(surface[top:bottom, left:right] * shade[..., None], 0, 255).astype(np.uint8)
    region = canvas[top:bottom, left:right]
    region[inside <= 1] = patch[inside <= 1]


def outline(mask: Pixels, corners: Sequence[tuple[float, float]]) -> None:
    """Fill the polygon through `corners` (x, y in pixels) with 255."""
    cv2.fillPoly(mask, [np.round(np.asarray(corners)).astype(np.int32)], (255,))


def windows(
    canvas: Pixels,
    rng: np.random.Generator,
    box: tuple[int, int, int, int],
    pane: tuple[int, int],
    colors: Sequence[Color],
) -> None:
    """Fill a box (left, top, right, bottom) with a grid of windows whose cells have the size `pane`."""
    left, top, right, bottom = box
    inset_x, inset_y = (
        max(1, round(pane[0] * rng.uniform(0.12, 0.3))),
        max(1, round(pane[1] * rng.uniform(0.12, 0.3))),
    )
    for y in range(top + inset_y, bottom - pane[1], pane[1]):
        for x in range(left + inset_x, right - pane[0] + inset_x, pane[0]):
            color = colors[int(rng.integers(len(colors)))]
            corner = (x + pane[0] - 2 * inset_x, y + pane[1] - 2 * inset_y)
            cv2.rectangle(canvas, (x, y), corner, color, cv2.FILLED)
            if rng.random() < 0.5:
                cv2.line(canvas, (x, y), (corner[0], y), tuple(int(v * 0.6) for v in color))


def random_word(rng: np.random.Generator, longest: int = 9) -> str:
    """Return 2 to `longest` random letters and digits."""
    return "".join(_LETTERS[k] for k in rng.integers(0, len(_LETTERS), int(rng.integers(2, longest + 1))))


def write_line(
    canvas: Pixels,
    rng: np.random.Generator,
    start: tuple[int, int],
    width_px: int,
    *,
    size_px: float,
    color: Color,
) -> None:
    """Write random words, `size_px` high, from `start` (left, baseline) until `width_px` is full."""
    font, scale = _FONTS[int(rng.integers(len(_FONTS)))], size_px / 22.0
    thickness = max(1, round(size_px / 12))
    x, end = start[0], start[0] + width_px
    while True:
        word = random_word(rng)
        length = cv2.getTextSize(word, font, scale, thickness)[0][0]
        if x + length > end:
            return
        cv2.putText(canvas, word, (x, start[1]), font, scale, color, thickness, cv2.LINE_AA)
        x += length + max(3, round(size_px * 0.7))
