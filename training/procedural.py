"""Pictures drawn by program: shapes, textures, gradients, charts, pages, screens and icons.

They teach the net that two flat or written pictures are two, and what is on them; photographs alone do not.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pictures import Bank, bank_of

__all__ = ["KINDS", "procedural"]

Canvas = NDArray[np.uint8]
Color = tuple[int, int, int]

_LETTERS = list("abcdefghijklmnoprstuvwyABCDEFGHKLMNPRSTUVW0123456789")


def _color(rng: np.random.Generator, low: float = 0.0, high: float = 1.0) -> Color:
    """Draw a color of a brightness between two limits."""
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.random() ** 0.7, rng.uniform(low, high))
    return round(255 * red), round(255 * green), round(255 * blue)


def _blank(rng: np.random.Generator, color: Color) -> Canvas:
    """Make a plain canvas of one of the usual formats, 128 pixels long."""
    aspect = float(rng.choice((1.0, 1.33, 0.75, 1.78, 0.56, 0.71)))
    width, height = (128, round(128 / aspect)) if aspect >= 1 else (round(128 * aspect), 128)
    return np.full((height, width, 3), color, np.uint8)


def _word(rng: np.random.Generator, longest: int = 10) -> str:
    return "".join(rng.choice(_LETTERS, int(rng.integers(2, longest))))


def _put(canvas: Canvas, word: str, at: tuple[int, int], scale: float, color: Color) -> None:
    cv2.putText(canvas, word, at, cv2.FONT_HERSHEY_SIMPLEX, scale, color, 1, cv2.LINE_AA)


def _spot(rng: np.random.Generator, canvas: Canvas) -> tuple[int, int]:
    return int(rng.integers(canvas.shape[1])), int(rng.integers(canvas.shape[0]))


def shapes(rng: np.random.Generator) -> Canvas:
    """Draw 2 to 14 disks, boxes, lines and polygons."""
    canvas = _blank(rng, _color(rng))
    for _ in range(int(rng.integers(2, 15))):
        kind, color = int(rng.integers(4)), _color(rng)
        thick = -1 if rng.random() < 0.7 else int(rng.integers(1, 5))
        one, two = _spot(rng, canvas), _spot(rng, canvas)
        if kind == 0:
            cv2.circle(canvas, one, int(rng.integers(4, 45)), color, thick, cv2.LINE_AA)
        elif kind == 1:
            cv2.rectangle(canvas, one, two, color, thick)
        elif kind == 2:
            cv2.line(canvas, one, two, color, int(rng.integers(1, 8)), cv2.LINE_AA)
        else:
            corners = np.array([_spot(rng, canvas) for _ in range(int(rng.integers(3, 7)))], np.int32)
            cv2.fillPoly(canvas, [corners], color, cv2.LINE_AA)
    return canvas


def texture(rng: np.random.Generator) -> Canvas:
    """Blend two colors by noise of several scales, by waves, or by tiles."""
    canvas = _blank(rng, (0, 0, 0))
    h, w = canvas.shape[:2]
    kind = int(rng.integers(3))
    if kind == 0:
        field = np.zeros((h, w), np.float32)
        for cells in (3, 6, 12, 24, 48):
            coarse = rng.normal(size=(cells, cells)).astype(np.float32)
            field += cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC) * float(rng.random() ** 2)
    elif kind == 1:
        y, x = np.mgrid[:h, :w].astype(np.float32)
        field = np.zeros((h, w), np.float32)
        for _ in range(int(rng.integers(1, 4))):
            u, v = rng.normal(0, 0.25, 2)
            field += np.sin(u * x + v * y + rng.uniform(0, 6)).astype(np.float32)
    else:
        count = int(rng.integers(2, 7))
        tile = rng.random((count, count)).astype(np.float32)
        size = int(rng.integers(4, 24))
        field = np.repeat(np.repeat(np.tile(tile, (32, 32)), size, 0), size, 1)[:h, :w]
    share = np.clip((field - field.mean()) / (2 * field.std() + 1e-6) + 0.5, 0, 1)[..., None]
    one, two = (np.array(_color(rng), np.float32) for _ in range(2))
    canvas[:] = one * share + two * (1 - share)
    return canvas


def gradient(rng: np.random.Generator) -> Canvas:
    """Let one color pass into another, straight or about a middle, often with a few things on it."""
    canvas = _blank(rng, (0, 0, 0))
    h, w = canvas.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        field = x / w * np.cos(angle) + y / h * np.sin(angle)
    else:
        field = np.hypot(x / w - rng.random(), y / h - rng.random())
    field = ((field - field.min()) / np.ptp(field))[..., None] ** rng.uniform(0.6, 1.6)
    one, two = (np.array(_color(rng), np.float32) for _ in range(2))
    canvas[:] = one * field + two * (1 - field)
    for _ in range(int(rng.integers(0, 4))):
        cv2.circle(canvas, _spot(rng, canvas), int(rng.integers(3, 25)), _color(rng), -1, cv2.LINE_AA)
    return canvas


def _bars(canvas: Canvas, rng: np.random.Generator) -> None:
    h, w = canvas.shape[:2]
    count, color = int(rng.integers(3, 13)), _color(rng, 0.3, 0.9)
    step = (w - 20) / count
    for k in range(count):
        top = int(rng.integers(12, h - 12))
        one_color = color if rng.random() < 0.8 else _color(rng, 0.3, 0.9)
        left = round(14 + k * step)
        cv2.rectangle(canvas, (left, top), (round(left + step * 0.7), h - 12), one_color, -1)


def _curves(canvas: Canvas, rng: np.random.Generator) -> None:
    h, w = canvas.shape[:2]
    for _ in range(int(rng.integers(1, 5))):
        count = int(rng.integers(5, 25))
        level = np.cumsum(rng.normal(size=count))
        y = 12 + (h - 26) * (level - level.min()) / (np.ptp(level) + 1e-6)
        dots = np.stack((np.linspace(14, w - 8, count), y), 1).astype(np.int32)
        cv2.polylines(canvas, [dots], False, _color(rng, 0.2, 0.8), int(rng.integers(1, 3)), cv2.LINE_AA)


def _pie(canvas: Canvas, rng: np.random.Generator) -> None:
    h, w = canvas.shape[:2]
    ends = np.sort(rng.uniform(0, 360, int(rng.integers(2, 8))))
    for start, stop in zip(ends, [*ends[1:], ends[0] + 360], strict=True):
        reach = (min(h, w) // 3, min(h, w) // 3)
        cv2.ellipse(canvas, (w // 2, h // 2), reach, 0, start, stop, _color(rng, 0.3, 1), -1, cv2.LINE_AA)


def _dots(canvas: Canvas, rng: np.random.Generator) -> None:
    h, w = canvas.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        middle, color = rng.uniform(0.2, 0.8, 2), _color(rng, 0.2, 0.9)
        for x, y in rng.normal(middle, rng.uniform(0.04, 0.2), (int(rng.integers(8, 50)), 2)):
            cv2.circle(canvas, (int(x * w), int(y * h)), 2, color, -1, cv2.LINE_AA)


def chart(rng: np.random.Generator) -> Canvas:
    """Draw bars, curves, a pie or dots, with a title, axes and a grid."""
    dark = rng.random() < 0.2
    canvas = _blank(rng, (28, 28, 34) if dark else (255, 255, 255))
    h, w = canvas.shape[:2]
    ink: Color = (200, 200, 200) if dark else (40, 40, 40)
    for y in range(14, h - 12, int(rng.integers(10, 30))) if rng.random() < 0.6 else ():
        cv2.line(canvas, (12, y), (w - 4, y), (128, 128, 128), 1)
    (_bars, _curves, _pie, _dots)[int(rng.integers(4))](canvas, rng)
    if rng.random() < 0.7:
        cv2.line(canvas, (12, h - 12), (w - 4, h - 12), ink, 1)
        cv2.line(canvas, (12, 8), (12, h - 12), ink, 1)
    _put(canvas, _word(rng, 18), (int(rng.integers(4, 40)), 9), 0.3, ink)
    return canvas


def _paragraphs(canvas: Canvas, rng: np.random.Generator, box: tuple[int, int, int, int], ink: Color) -> None:
    """Fill a box (left, top, right, bottom) with lines of writing, seen from afar as strokes."""
    left, y, right, bottom = box
    step = int(rng.integers(4, 10))
    while y < bottom:
        end = right if rng.random() < 0.75 else left + int((right - left) * rng.uniform(0.1, 0.9))
        x = left
        while x < end:
            long = int(rng.integers(2, 3 * step))
            cv2.line(canvas, (x, y), (min(x + long, end), y), ink, max(1, step // 3))
            x += long + max(2, step // 2)
        y += step * (1 if rng.random() < 0.88 else 3)


def page(rng: np.random.Generator) -> Canvas:
    """Draw a page of one to three columns, often with a title, a picture or a table."""
    canvas = _blank(rng, (255, 255, 255) if rng.random() < 0.7 else _color(rng, 0.85, 1))
    h, w = canvas.shape[:2]
    ink = _color(rng, 0, 0.4)
    top = 8
    if rng.random() < 0.6:
        _put(canvas, _word(rng, 14), (int(rng.integers(4, 40)), 16), rng.uniform(0.3, 0.6), ink)
        top = 24
    count = int(rng.integers(1, 4))
    for k in range(count):
        left, right = round(6 + k * (w - 6) / count), round((k + 1) * (w - 6) / count)
        _paragraphs(canvas, rng, (left, top, right, h - int(rng.integers(4, 40))), ink)
    if rng.random() < 0.5:
        x, y = _spot(rng, canvas)
        inset = shapes(rng) if rng.random() < 0.5 else texture(rng)
        small = cv2.resize(inset, (int(rng.integers(20, 60)), int(rng.integers(20, 50))))[: h - y, : w - x]
        canvas[y : y + small.shape[0], x : x + small.shape[1]] = small
    return canvas


def screen(rng: np.random.Generator) -> Canvas:
    """Draw a window: a bar, a side panel, cards with writing, buttons."""
    dark = rng.random() < 0.35
    canvas = _blank(rng, _color(rng, 0, 0.2) if dark else _color(rng, 0.88, 1))
    h, w = canvas.shape[:2]
    ink: Color = (190, 190, 190) if dark else (70, 70, 70)
    bar = int(rng.integers(6, 16))
    cv2.rectangle(canvas, (0, 0), (w, bar), _color(rng, 0.2, 0.9), -1)
    side = int(rng.integers(0, w // 3)) * int(rng.random() < 0.6)
    cv2.rectangle(canvas, (0, bar), (side, h), _color(rng, 0.1, 0.95), -1)
    across, down = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    for k in range(across * down):
        wide, high = (w - side) / across, (h - bar) / down
        left, top = round(side + k % across * wide + 3), round(bar + k // across * high + 3)
        right, bottom = round(left + wide - 6), round(top + high - 6)
        if rng.random() < 0.6:
            cv2.rectangle(canvas, (left, top), (right, bottom), _color(rng, 0.1, 1), -1)
        if rng.random() < 0.6:
            _paragraphs(canvas, rng, (left + 3, top + 4, max(left + 6, right - 3), bottom - 2), ink)
    return canvas


def icon(rng: np.random.Generator) -> Canvas:
    """Draw one sign or a few letters on a plain ground."""
    canvas = np.full((128, 128, 3), (255, 255, 255) if rng.random() < 0.5 else _color(rng), np.uint8)
    color = _color(rng, 0, 0.9)
    if rng.random() < 0.6:
        cv2.circle(canvas, (64, 64), int(rng.integers(38, 62)), color, -1 if rng.random() < 0.6 else 5, cv2.LINE_AA)
    if rng.random() < 0.5:
        _put_large(canvas, _word(rng, 4), rng)
        return canvas
    count = int(rng.integers(3, 10))
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(0, 6)
    reach = rng.uniform(15, 55, count)
    corners = np.stack((64 + reach * np.cos(angle), 64 + reach * np.sin(angle)), 1).astype(np.int32)
    cv2.fillPoly(canvas, [corners], _color(rng), cv2.LINE_AA)
    return canvas


def _put_large(canvas: Canvas, word: str, rng: np.random.Generator) -> None:
    scale = rng.uniform(1.2, 3) / max(1, len(word) - 1)
    at = (int(rng.integers(4, 30)), int(rng.integers(60, 110)))
    font, color, thick = int(rng.choice((0, 2, 3, 4))), _color(rng), int(rng.integers(2, 7))
    cv2.putText(canvas, word, at, font, scale, color, thick, cv2.LINE_AA)


KINDS: tuple[Callable[[np.random.Generator], Canvas], ...] = (
    shapes,
    texture,
    gradient,
    chart,
    page,
    screen,
    icon,
)
"""The kinds of pictures, in turn."""


def procedural(count: int, seed: int) -> Bank:
    """Draw pictures of all kinds, the same ones for the same seed."""
    rng = np.random.default_rng(seed)
    return bank_of([KINDS[k % len(KINDS)](rng) for k in range(count)])
