"""Scenes with writing or print on them: shelves, pages and products.

Each painter takes a generator and the painted size in pixels, and returns layers from the farthest to the
nearest.
"""

from __future__ import annotations

import cv2
import numpy as np

from imgsieve.demo.layers import Layer, blank_mask
from imgsieve.demo.shapes import outline, write_line
from imgsieve.demo.texture import Pixels, fractal_noise, harmony, hsv, marbled, painted, shaded

__all__ = ["page", "print_pattern", "product", "shelf"]


def shelf(rng: np.random.Generator, width: int, height: int) -> list[Layer]:
    """Paint rows of labeled boxes and bottles."""
    canvas = painted(fractal_noise(rng, width, height, coarsest_px=80), [(60, 55, 50), (120, 112, 100)])
    shade = fractal_noise(rng, width, height, coarsest_px=50) * np.float32(0.5) + np.float32(0.6)
    rows = int(rng.integers(2, 5))
    for row in range(rows):
        floor, tall, x = int(height * (row + 1) / rows) - 6, height / rows, int(rng.uniform(0, 10))
        while x < width:
            broad, high = int(rng.uniform(0.05, 0.14) * width), int(tall * rng.uniform(0.5, 0.88))
            color, copies = (
                hsv(rng.random(), rng.uniform(0.2, 1), rng.uniform(0.3, 1)),
                int(rng.integers(1, 4)),
            )
            label = hsv(rng.random(), rng.uniform(0, 0.6), rng.uniform(0.6, 1))
            for _ in range(copies):
                cv2.rectangle(canvas, (x, floor - high), (x + broad - 2, floor), color, cv2.FILLED)
                cv2.rectangle(canvas, (x, floor - high), (x + broad - 2, floor), (25, 25, 25))
                cv2.rectangle(
                    canvas,
                    (x + 2, floor - int(0.7 * high)),
                    (x + broad - 5, floor - int(0.3 * high)),
                    label,
                    cv2.FILLED,
                )
                write_line(
                    canvas,
                    rng,
                    (x + 4, floor - int(0.45 * high)),
                    broad - 8,
                    size_px=broad * 0.17,
                    color=(20, 20, 30),
                )
                x += broad
        cv2.rectangle(canvas, (0, floor), (width, floor + 6), (205, 200, 190), cv2.FILLED)
    return [Layer(color=shaded(canvas, shade), nearness=0.6)]


def page(rng: np.random.Generator, width: int, height: int, *, words: np.random.Generator | None = None) -> list[Layer]:
    """Paint a printed page; `words` draws its writing and figure, so that two pages can share one layout."""
    words = words or rng
    paper = painted(fractal_noise(rng, width, height, roughness=0.8), [(222, 214, 200), (252, 250, 244)])
    ink, size = hsv(rng.random(), 0.5, rng.uniform(0.05, 0.3)), rng.uniform(0.018, 0.03) * height
    columns, margin = int(rng.integers(1, 4)), int(0.12 * width)
    broad = (width - 2 * margin) // columns
    figure = (
        int(rng.integers(columns)),
        int(rng.uniform(0.2, 0.6) * height),
        int(rng.uniform(0.15, 0.3) * height),
    )
    write_line(paper, words, (margin, int(0.11 * height)), width - 2 * margin, size_px=2.2 * size, color=ink)
    for column in range(columns):
        left, y = margin + column * broad, 0.17 * height
        while y < 0.93 * height:
            if column == figure[0] and figure[1] <= y < figure[1] + figure[2]:
                picture = marbled(words, broad - 12, figure[2], harmony(words))
                end = min(height, int(y) + figure[2])
                paper[int(y) : end, left : left + broad - 12] = picture[: end - int(y)]
                y += figure[2] + 2 * size
            write_line(paper, words, (left, int(y)), broad - 10, size_px=size, color=ink)
            y += (3.2 if words.random() < 0.12 else 1.8) * size
    return [Layer(color=paper, nearness=0.3)]


def product(rng: np.random.Generator, width: int, height: int, *, hue: float | None = None) -> list[Layer]:
    """Paint a shirt on a backdrop; a given `hue` (in turns) replaces its own and changes nothing else."""
    own_hue = rng.random()
    hue = own_hue if hue is None else hue
    backdrop = painted(
        fractal_noise(rng, width, height, coarsest_px=rng.uniform(20, 200), roughness=0.7, stretch=rng.uniform(0.3, 3)),
        harmony(rng, 2),
    )
    folds = fractal_noise(rng, width, height, coarsest_px=90, roughness=0.6, stretch=0.5)
    cloth = painted(folds, [hsv(hue, 0.9, 0.25), hsv(hue, 0.8, 0.7), hsv(hue, 0.55, 0.95)])
    print_pattern(cloth, rng)
    mask, scale, x = (
        blank_mask(width, height),
        rng.uniform(0.75, 0.95) * height,
        width * rng.uniform(0.42, 0.58),
    )
    half = [
        (0.1, 0.08),
        (0.2, 0.1),
        (0.44, 0.34),
        (0.34, 0.45),
        (0.24, 0.34),
        (0.25 + rng.uniform(-0.03, 0.05), 0.95),
    ]
    right = [(x + dx * scale, dy * scale) for dx, dy in half]
    left = [(x - dx * scale, dy * scale) for dx, dy in reversed(half)]
    outline(mask, [*right, *left, (x, rng.uniform(0.12, 0.2) * scale)])
    return [Layer(color=backdrop), Layer(color=cloth, mask=mask, nearness=0.8)]


def print_pattern(cloth: Pixels, rng: np.random.Generator) -> None:
    """Print stripes, dots or letters onto cloth, in place."""
    height, width = cloth.shape[:2]
    color, kind = hsv(rng.random(), rng.uniform(0, 0.3), rng.uniform(0.7, 1)), int(rng.integers(3))
    step = int(rng.uniform(0.03, 0.09) * height) + 4
    if kind == 0:
        for y in range(0, height, step):
            cv2.line(cloth, (0, y), (width, y + int(rng.uniform(-4, 4))), color, max(1, step // 4))
    elif kind == 1:
        for y in range(0, height, step):
            for x in range((y // step % 2) * step // 2, width, step):
                cv2.circle(cloth, (x, y), step // 5, color, cv2.FILLED)
    else:
        for y in range(height // 3, 2 * height // 3, step):
            write_line(cloth, rng, (int(0.36 * width), y), int(0.28 * width), size_px=step * 0.6, color=color)
