"""Scenes at arm's length: tables, tiles, pebbles and abstract paintings.

Each painter takes a generator and the painted size in pixels, and returns layers from the farthest to the
nearest.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from imgsieve.demo.layers import Layer, blank_mask
from imgsieve.demo.printed import print_pattern
from imgsieve.demo.shapes import ball, leaves, outline
from imgsieve.demo.texture import (
    Pixels,
    fractal_noise,
    harmony,
    hsv,
    marbled,
    painted,
    shaded,
    stones,
    warped,
)

__all__ = ["mosaic", "painting", "pebbles", "table"]


def table(rng: np.random.Generator, width: int, height: int) -> list[Layer]:
    """Paint fruit and bowls on wood before a wall."""
    wall = painted(fractal_noise(rng, width, height, coarsest_px=rng.uniform(40, 300), roughness=0.6), harmony(rng, 2))
    if rng.random() < 0.6:
        print_pattern(wall, rng)
    layers, edge = [Layer(color=wall)], int(rng.uniform(0.3, 0.6) * height)
    hue, pale = rng.uniform(0.0, 0.15), rng.uniform(0.3, 1.0)
    wood = [hsv(hue, pale * s, v * rng.uniform(0.6, 1.1)) for s, v in ((0.8, 0.25), (0.6, 0.6), (0.4, 0.85))]
    grain = marbled(rng, width, height, wood, stretch=rng.uniform(3, 9))
    mask = blank_mask(width, height)
    mask[edge:] = 255
    layers.append(Layer(color=grain, mask=mask, nearness=0.4))
    light = rng.uniform(0, 2 * math.pi)
    for depth in np.sort(rng.random(int(rng.integers(4, 9)))):
        radius = rng.uniform(0.06, 0.17) * height * (0.6 + 0.6 * depth)
        center = rng.uniform(0.1, 0.9) * width, edge + depth * 0.75 * (height - edge)
        radii = radius * rng.uniform(0.7, 1.3), radius
        surface = _skin(rng, width, height)
        mask = blank_mask(width, height)
        cv2.ellipse(
            mask,
            (round(center[0]), round(center[1])),
            (round(radii[0]) - 1, round(radii[1]) - 1),
            0,
            0,
            360,
            (255,),
            cv2.FILLED,
        )
        ball(surface, center, radii, surface.copy(), light)
        layers.append(Layer(color=surface, mask=mask, nearness=0.4 + 0.6 * float(depth)))
    return layers


def _skin(rng: np.random.Generator, width: int, height: int) -> Pixels:
    """Return a surface for fruit and bowls: speckled, striped or plain."""
    field = fractal_noise(
        rng,
        width,
        height,
        coarsest_px=rng.uniform(8, 160),
        finest_px=3,
        roughness=0.7,
        stretch=rng.uniform(0.2, 5),
    )
    if rng.random() < 0.5:
        field = np.abs(np.sin(field * np.float32(rng.uniform(4, 20))))
    return painted(field, harmony(rng))


def mosaic(rng: np.random.Generator, width: int, height: int) -> list[Layer]:
    """Paint a floor of tiles seen at a slant, with things lying on it."""
    side, colors = int(rng.uniform(18, 60)), harmony(rng, 5)
    rows, columns = 2 * height // side + 2, 2 * width // side + 2
    choice = rng.integers(0, len(colors), (rows, columns))
    tiles = np.asarray(colors, np.uint8)[choice].repeat(side, axis=0).repeat(side, axis=1)
    tiles[::side], tiles[:, ::side] = 60, 60
    high, wide = tiles.shape[:2]
    corners = np.asarray([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    reach = np.asarray([(width, height)], np.float32)
    outward = np.asarray([(-0.1, -0.1), (1.1, -0.1), (1.1, 1.1), (-0.1, 1.1)], np.float32)
    aims = (outward + np.sign(outward - 0.5) * rng.uniform(0, 0.7, (4, 2)).astype(np.float32)) * reach
    floor = cv2.warpPerspective(tiles, cv2.getPerspectiveTransform(corners, aims.astype(np.float32)), (width, height))
    wear = fractal_noise(rng, width, height, roughness=0.7) * np.float32(0.6) + np.float32(0.55)
    layers = [Layer(color=shaded(floor.astype(np.uint8, copy=False), wear), nearness=0.2)]
    for _ in range(int(rng.integers(1, 4))):
        surface, mask = (
            painted(fractal_noise(rng, width, height, coarsest_px=60), harmony(rng)),
            blank_mask(width, height),
        )
        angles, size = (
            np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(3, 8)))),
            rng.uniform(0.1, 0.22) * height,
        )
        x, y = rng.uniform(0.15, 0.85) * width, rng.uniform(0.15, 0.85) * height
        outline(mask, [(x + size * math.cos(a), y + size * math.sin(a)) for a in angles])
        layers.append(Layer(color=surface, mask=mask, nearness=0.8))
    return layers


def pebbles(rng: np.random.Generator, width: int, height: int) -> list[Layer]:
    """Paint pebbles of one size, larger ones over them, and fallen leaves."""
    layers = [
        Layer(
            color=warped(stones(rng, width, height, harmony(rng, 4), size_px=rng.uniform(9, 30)), rng, 8),
            nearness=0.2,
        )
    ]
    large, mask = (
        stones(rng, width, height, harmony(rng, 3), size_px=rng.uniform(35, 80)),
        blank_mask(width, height),
    )
    mask[fractal_noise(rng, width, height, coarsest_px=250, finest_px=20) > rng.uniform(0.45, 0.65)] = 255
    layers.append(Layer(color=large, mask=mask, nearness=0.5))
    color, mask, count = (
        np.zeros((height, width, 3), np.uint8),
        blank_mask(width, height),
        int(rng.integers(20, 120)),
    )
    points = (rng.random((count, 2)) * (width, height)).astype(np.float32)
    leaves(
        color,
        rng,
        points,
        (3 + height * rng.uniform(0.005, 0.045, count)).astype(np.float32),
        harmony(rng, 4),
        mask=mask,
    )
    layers.append(Layer(color=color, mask=mask, nearness=0.9))
    return layers


def painting(rng: np.random.Generator, width: int, height: int) -> list[Layer]:
    """Paint an abstract picture: marbled fields, strokes and splashes."""
    canvas = marbled(rng, width, height, harmony(rng, int(rng.integers(3, 6))))
    for _ in range(int(rng.integers(4, 14))):
        start, end = (rng.random((2, 2)) * (width, height)).astype(int).tolist()
        cv2.line(
            canvas,
            start,
            end,
            hsv(rng.random(), rng.random(), rng.random()),
            int(rng.integers(2, 26)),
            cv2.LINE_AA,
        )
    points = (rng.random((250, 2)) * (width, height)).astype(np.float32)
    leaves(
        canvas,
        rng,
        points,
        rng.exponential(0.01 * height, 250).astype(np.float32) + 1,
        harmony(rng, 4),
        slender=1.5,
    )
    return [Layer(color=warped(canvas, rng, rng.uniform(2, 18), patch_px=40), nearness=0.5)]
