"""Noise, colors and ready-made surfaces from which the scenes are painted."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "Color",
    "Field",
    "Pixels",
    "fractal_noise",
    "harmony",
    "hsv",
    "marbled",
    "mix",
    "painted",
    "profile",
    "shaded",
    "stones",
    "warped",
]

Pixels: TypeAlias = npt.NDArray[np.uint8]
Field: TypeAlias = npt.NDArray[np.float32]
Color: TypeAlias = tuple[int, int, int]


def hsv(hue: float, saturation: float, value: float) -> Color:
    """Return an RGB color; `hue` is in turns and wraps, the others are clipped to 0..1."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
    return round(255 * red), round(255 * green), round(255 * blue)


def harmony(rng: np.random.Generator, steps: int = 3) -> list[Color]:
    """Return colors that go together: neighboring hues, from dark to light."""
    hue, spread = rng.random(), rng.uniform(-0.15, 0.15)
    dullness, dark, light = rng.uniform(0.2, 1.0), rng.uniform(0.05, 0.4), rng.uniform(0.75, 1.0)
    values = np.linspace(dark, light, steps)
    return [hsv(hue + spread * k, dullness * rng.uniform(0.2, 0.95), float(v)) for k, v in enumerate(values)]


def fractal_noise(
    rng: np.random.Generator,
    width: int,
    height: int,
    *,
    coarsest_px: float = 160.0,
    finest_px: float = 1.5,
    roughness: float = 0.55,
    stretch: float = 1.0,
) -> Field:
    """Sum octaves of smooth random values: noise whose spectrum falls like that of natural pictures.

    Parameters
    ----------
    rng
        Source of the random values.
    width, height
        Size of the result in pixels.
    coarsest_px, finest_px
        Largest and smallest size of a patch.
    roughness
        Amplitude of each octave relative to the next coarser one; 0.5 falls like 1/f.
    stretch
        How many times wider than high the patches are.

    Returns
    -------
    Field
        float32 of shape (height, width), scaled to 0..1.
    """
    patches = [max(coarsest_px, finest_px)]
    while patches[-1] / 2 >= finest_px:
        patches.append(patches[-1] / 2)
    field, amplitude = np.zeros((1, 1), np.float32), 1.0
    for patch in patches:
        columns = min(width, round(width / (patch * max(stretch, 1.0))) + 2)
        rows = min(height, round(height * min(stretch, 1.0) / patch) + 2)
        field = _resized(field, columns, rows)
        cv2.scaleAdd(rng.random((rows, columns), np.float32), amplitude, field, field)
        amplitude *= roughness
    field = _resized(field, width, height)
    low, high = float(field.min()), float(field.max())
    field -= np.float32(low)
    field *= np.float32(1 / max(high - low, 1e-6))
    return np.clip(field, 0, 1, out=field)


def _resized(field: Field, width: int, height: int) -> Field:
    return cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32, copy=False)


def profile(rng: np.random.Generator, width: int, *, patch_px: float, roughness: float = 0.45) -> Field:
    """Return a rough line of `width` heights within 0..1, such as a ridge or a row of tree tops."""
    line: Field = fractal_noise(rng, width, 2, coarsest_px=patch_px, finest_px=3.0, roughness=roughness)[0]
    return line


def painted(field: Field, colors: Sequence[Color]) -> Pixels:
    """Color a field of 0..1 by a ramp through `colors`."""
    steps = np.linspace(0.0, 1.0, len(colors))
    at = np.linspace(0.0, 1.0, 256)
    ramp = np.stack([np.interp(at, steps, [color[k] for color in colors]) for k in range(3)], axis=1)
    index = (255.0 * field).astype(np.uint8)
    return cv2.applyColorMap(index, ramp.astype(np.uint8).reshape(256, 1, 3)).astype(np.uint8, copy=False)


def mix(first: Pixels, second: Pixels | Color, weight: Field) -> Pixels:
    """Blend two pictures, or a picture and a color, by a weight of 0..1 for the second."""
    other = np.empty_like(first)
    other[:] = second
    return cv2.blendLinear(first, other, np.float32(1) - weight, weight).astype(np.uint8, copy=False)


def shaded(picture: Pixels, light: Field) -> Pixels:
    """Multiply a picture by a light of 0 to 2 at each pixel."""
    steps = np.clip(light * np.float32(127.5), 0, 255).astype(np.uint8)
    lit = cv2.multiply(picture, cv2.merge([steps, steps, steps]), scale=1 / 127.5)
    return lit.astype(np.uint8, copy=False)


def warped(picture: Pixels, rng: np.random.Generator, amount_px: float, *, patch_px: float = 90.0) -> Pixels:
    """Displace the pixels of a picture smoothly by up to `amount_px`."""
    height, width = picture.shape[:2]
    shifts = [
        fractal_noise(rng, width, height, coarsest_px=patch_px, finest_px=patch_px / 4) - np.float32(0.5)
        for _ in range(2)
    ]
    columns, rows = (shift * np.float32(2 * amount_px) for shift in shifts)
    columns += np.arange(width, dtype=np.float32)[None, :]
    rows += np.arange(height, dtype=np.float32)[:, None]
    moved = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return moved.astype(np.uint8, copy=False)


def marbled(
    rng: np.random.Generator, width: int, height: int, colors: Sequence[Color], *, stretch: float = 1.0
) -> Pixels:
    """Paint veins: noise folded a few times and warped by other noise."""
    field = fractal_noise(rng, width, height, coarsest_px=rng.uniform(90, 240), roughness=0.5, stretch=stretch)
    folded = np.abs(np.sin(field * np.float32(rng.uniform(5, 16)))).astype(np.float32)
    return warped(painted(folded, colors), rng, rng.uniform(5, 25))


def stones(rng: np.random.Generator, width: int, height: int, colors: Sequence[Color], *, size_px: float) -> Pixels:
    """Paint pebbles: the cells around random seeds, each with a color and darker toward its rim."""
    count = max(4, round(width * height / size_px**2))
    seeds = np.full((height, width), 255, np.uint8)
    seeds[rng.integers(0, height, count), rng.integers(0, width, count)] = 0
    distance, label = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    shade = np.clip(1.15 - np.asarray(distance, np.float32) / np.float32(size_px), 0.15, 1.0)
    cell_color = painted(rng.random((int(label.max()) + 1, 1), np.float32), colors)[:, 0]
    grain = fractal_noise(rng, width, height, coarsest_px=16) * np.float32(0.5) + np.float32(0.6)
    return shaded(np.take(cell_color, np.asarray(label, np.int32), axis=0), shade * grain)
