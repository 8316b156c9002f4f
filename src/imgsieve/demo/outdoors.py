"""Scenes under the sky: hills, shores, meadows, woods and towns.

Each painter takes a generator and the painted size in pixels, and returns layers from the farthest to the
nearest.
"""

from __future__ import annotations

import cv2
import numpy as np

from imgsieve.demo.layers import Layer, blank_mask
from imgsieve.demo.shapes import leaves, outline, windows
from imgsieve.demo.texture import Color, Field, Pixels, fractal_noise, hsv, mix, painted, profile

__all__ = ["hills", "meadow", "shore", "sky", "town", "woods"]

_SKIES: tuple[tuple[Color, Color, Color], ...] = (
    # zenith, horizon, clouds
    ((58, 110, 190), (190, 215, 235), (250, 250, 250)),
    ((40, 50, 100), (250, 150, 80), (255, 190, 150)),
    ((120, 130, 145), (200, 200, 200), (90, 95, 105)),
    ((14, 18, 45), (70, 60, 100), (50, 50, 80)),
    ((90, 160, 190), (240, 225, 190), (255, 245, 225)),
    ((150, 90, 130), (250, 200, 170), (120, 80, 120)),
)


def sky(rng: np.random.Generator, width: int, height: int) -> Pixels:
    """Paint a gradient from the zenith to the horizon with clouds and, at times, a sun."""
    zenith, horizon, cloud = _SKIES[int(rng.integers(len(_SKIES)))]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    gradient = painted(np.repeat(down ** np.float32(rng.uniform(0.6, 1.6)), width, axis=1), (zenith, horizon))
    if rng.random() < 0.4:
        radius = int(rng.uniform(0.03, 0.08) * height)
        center = int(rng.uniform(0.1, 0.9) * width), int(rng.uniform(0.08, 0.45) * height)
        cv2.circle(gradient, center, radius, (255, 244, 214), cv2.FILLED, cv2.LINE_AA)
    field = fractal_noise(rng, width, height, coarsest_px=rng.uniform(100, 320), stretch=rng.uniform(1.2, 4.0))
    cover = np.float32(rng.uniform(0.35, 0.65))
    return mix(gradient, cloud, np.clip((field - cover) * np.float32(rng.uniform(1.5, 4.0)), 0, 0.95))


def _ground_mask(line: Field, height: int) -> Pixels:
    below = np.arange(height, dtype=np.float32)[:, None] >= line[None, :]
    return below.astype(np.uint8) * np.uint8(255)


def _scatter(rng: np.random.Generator, count: int, line: Field, height: int, power: float = 1.0) -> Field:
    """Return `count` points below `line`; a power above 1 crowds them toward it."""
    x = rng.random(count, np.float32) * (len(line) - 1)
    top = line[x.astype(np.int64)]
    return np.stack([x, top + (height - top) * rng.random(count, np.float32) ** np.float32(power)], axis=1)


def hills(rng: np.random.Generator, width: int, height: int) -> list[Layer]:
    """Paint ridges that turn paler with distance, with trees on the nearer ones."""
    layers = [Layer(color=sky(rng, width, height))]
    count, hue, dull = int(rng.integers(2, 5)), rng.uniform(0.05, 0.6), rng.uniform(0.15, 0.6)
    haze = layers[0].color[height // 2, width // 2].tolist()
    for k in range(count):
        near = (k + 1) / count
        line = height * (
            0.28 + 0.45 * near - rng.uniform(0.15, 0.35) * profile(rng, width, patch_px=width / rng.uniform(1, 4))
        )
        tone = hue + rng.uniform(-0.06, 0.06)
        ramp = [hsv(tone, dull, v * (0.5 + 0.5 * near)) for v in (0.15, 0.45, 0.8)]
        field = fractal_noise(
            rng, width, height, coarsest_px=40 + 60 * near, roughness=0.7, stretch=rng.uniform(1, 2.5)
        )
        color, mask = painted(field, ramp), _ground_mask(line, height)
        color = cv2.addWeighted(color, 0.4 + 0.6 * near, np.full_like(color, haze), 0.6 - 0.6 * near, 0).astype(
            np.uint8
        )
        if rng.random() < 0.7:
            points = _scatter(rng, 250, line, height, 2.0)
            sizes = (rng.uniform(0.003, 0.012, 250) * (0.4 + near) * height).astype(np.float32)
            leaves(
                color,
                rng,
                points,
                sizes,
                [hsv(tone + 0.05, 0.6, 0.5), hsv(tone, 0.5, 0.3)],
                mask=mask,
                slender=1.3,
            )
        layers.append(Layer(color=color, mask=mask, nearness=near))
    return layers


def shore(rng: np.random.Generator, width: int, height: int) -> list[Layer]:
    """Paint a sea with waves and boats, and a beach with pebbles."""
    horizon, layers = rng.uniform(0.3, 0.55) * height, [Layer(color=sky(rng, width, height))]
    hue = rng.uniform(0.45, 0.65)
    waves = fractal_noise(
        rng, width, height, coarsest_px=rng.uniform(12, 40), roughness=0.75, stretch=rng.uniform(4, 9)
    )
    water = painted(waves, [hsv(hue, 0.8, 0.2), hsv(hue, 0.55, 0.6), hsv(hue, 0.1, 0.97)])
    layers.append(Layer(color=water, mask=_ground_mask(np.full(width, horizon, np.float32), height), nearness=0.15))
    for _ in range(int(rng.integers(1, 5))):
        x, y, size = (
            rng.uniform(0.1, 0.9) * width,
            horizon + rng.uniform(0, 0.1) * height,
            rng.uniform(0.04, 0.13) * width,
        )
        boat, mask = np.empty((height, width, 3), np.uint8), blank_mask(width, height)
        boat[:] = hsv(rng.random(), rng.uniform(0, 0.9), rng.uniform(0.3, 1))
        outline(
            mask,
            [
                (x - size, y),
                (x + size, y),
                (x + 0.6 * size, y + 0.35 * size),
                (x - 0.7 * size, y + 0.35 * size),
            ],
        )
        outline(mask, [(x, y - 1.6 * size), (x, y - 3), (x + rng.uniform(0.4, 0.9) * size, y - 3)])
        layers.append(Layer(color=boat, mask=mask, nearness=0.35))
    line = height * (0.9 - rng.uniform(0.1, 0.3) * profile(rng, width, patch_px=width))
    sand_hue = rng.uniform(0.06, 0.13)
    sand = painted(
        fractal_noise(rng, width, height, coarsest_px=60, roughness=0.8),
        [hsv(sand_hue, 0.5, 0.4), hsv(sand_hue, 0.25, 0.95)],
    )
    points = _scatter(rng, 350, line, height)
    leaves(
        sand,
        rng,
        points,
        (1 + height * rng.uniform(0, 0.014, 350)).astype(np.float32),
        [(120, 110, 100), (220, 210, 190)],
        slender=1.4,
    )
    layers.append(Layer(color=sand, mask=_ground_mask(line, height), nearness=0.9))
    return layers


def meadow(rng: np.random.Generator, width: int, height: int) -> list[Layer]:
    """Paint grass and flowers that grow larger toward the viewer."""
    layers, top = [Layer(color=sky(rng, width, height))], rng.uniform(0.0, 0.4)
    green, flowers = rng.uniform(0.14, 0.4), [hsv(rng.random(), rng.uniform(0.3, 1), 0.95) for _ in range(3)]
    for near in (0.35, 0.65, 1.0):
        line = height * (top + (1 - top) * (near - 0.35) + 0.12 * profile(rng, width, patch_px=width / 3))
        field = fractal_noise(rng, width, height, coarsest_px=90 * near, roughness=0.75, stretch=0.6)
        color = painted(field, [hsv(green, 0.8, 0.12), hsv(green, 0.65, 0.45), hsv(green - 0.03, 0.5, 0.8)])
        mask, count = _ground_mask(line, height), 450
        points = _scatter(rng, count, line, height)
        sizes = (rng.uniform(0.008, 0.03, count) * near * height).astype(np.float32)
        leaves(
            color,
            rng,
            points,
            sizes,
            [hsv(green, 0.7, 0.5), hsv(green + 0.03, 0.6, 0.35)],
            mask=mask,
            slender=5.0,
        )
        leaves(color, rng, points[:130], sizes[:130] * np.float32(0.6), flowers, slender=1.2)
        layers.append(Layer(color=color, mask=mask, nearness=near))
    return layers


def woods(rng: np.random.Generator, width: int, height: int) -> list[Layer]:
    """Paint tree trunks at several distances before a thicket."""
    hue, bark_hue = rng.uniform(0.08, 0.45), rng.uniform(0.03, 0.12)
    thicket = painted(
        fractal_noise(rng, width, height, roughness=0.75),
        [hsv(hue, 0.7, 0.1), hsv(hue, 0.5, 0.5), hsv(hue, 0.2, 0.95)],
    )
    layers = [Layer(color=thicket)]
    for near in (0.3, 0.6, 1.0):
        bark = fractal_noise(rng, width, height, coarsest_px=50 * near, roughness=0.8, stretch=0.15)
        color = painted(bark, [hsv(bark_hue, 0.5, 0.1), hsv(bark_hue, 0.35, 0.35 + 0.3 * near)])
        mask = blank_mask(width, height)
        for _ in range(int(rng.integers(2, 6))):
            x, half, lean = (
                rng.uniform(0, width),
                rng.uniform(0.008, 0.03) * near * width,
                rng.uniform(-0.06, 0.06) * width,
            )
            foot = height * (0.6 + 0.4 * near)
            outline(
                mask,
                [(x - half, 0), (x + half, 0), (x + lean + 1.5 * half, foot), (x + lean - 1.5 * half, foot)],
            )
        points = (rng.random((350, 2)) * (width, height * (0.25 + 0.2 * near))).astype(np.float32)
        sizes = (rng.uniform(0.006, 0.02, 350) * near * height).astype(np.float32)
        leaves(
            color,
            rng,
            points,
            sizes,
            [hsv(hue + rng.uniform(-0.08, 0.08), 0.75, 0.6), hsv(hue, 0.6, 0.4)],
            mask=mask,
        )
        layers.append(Layer(color=color, mask=mask, nearness=near))
    return layers


def town(rng: np.random.Generator, width: int, height: int) -> list[Layer]:
    """Paint rows of houses with windows behind a street."""
    layers, night = [Layer(color=sky(rng, width, height))], rng.random() < 0.3
    panes = [(250, 220, 140), (40, 40, 55), (30, 32, 40)] if night else [(60, 75, 95), (110, 135, 160), (200, 205, 205)]
    for near in (0.25, 0.6, 1.0):
        color = painted(
            fractal_noise(rng, width, height, coarsest_px=20, roughness=0.85),
            [(140, 140, 140), (255, 255, 255)],
        )
        mask, x = blank_mask(width, height), -int(rng.uniform(0, 0.1) * width)
        while x < width:
            broad = int(rng.uniform(0.1, 0.22) * width * (0.5 + 0.6 * near))
            top = int(height * (rng.uniform(0.1, 0.45) + 0.3 * near))
            wall = np.asarray(
                hsv(rng.random(), rng.uniform(0.05, 0.5), rng.uniform(0.35, 0.95) * (0.45 if night else 1)),
                np.float32,
            )
            left, right = max(0, x), max(0, min(width, x + broad))
            color[top:, left:right] = (color[top:, left:right] * (wall / 255)).astype(np.uint8)
            mask[top:, left:right] = 255
            pane = max(7, int(broad / rng.integers(3, 8))), max(9, int(height * rng.uniform(0.035, 0.09)))
            windows(color, rng, (left, top + 2, right, height), pane, panes)
            x += broad + int(rng.uniform(-0.01, 0.06) * width)
        layers.append(Layer(color=color, mask=mask, nearness=near))
    street = painted(
        fractal_noise(rng, width, height, coarsest_px=30, roughness=0.8, stretch=3),
        [(50, 50, 52), (130, 125, 120)],
    )
    line = np.full(width, height * rng.uniform(0.86, 0.95), np.float32)
    layers.append(Layer(color=street, mask=_ground_mask(line, height), nearness=1.0))
    return layers
