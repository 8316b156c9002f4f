"""Edits that move pixels: sizes, crops, turns, perspective."""

from __future__ import annotations

import math
from random import Random

import cv2
import numpy as np
from PIL import Image

_LEAST_SIDE = 24


def scaled(image: Image.Image, factor: float) -> Image.Image:
    """Change the size by a factor."""
    size = tuple(max(_LEAST_SIDE, round(side * factor)) for side in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.LANCZOS)


def tiny(image: Image.Image, rng: Random) -> Image.Image:
    """Return a thumbnail of 72 to 112 pixels."""
    return scaled(image, rng.randint(72, 112) / max(image.size))


def stretched(image: Image.Image, rng: Random) -> Image.Image:
    """Change one side by 15 to 35 %, longer or shorter."""
    factor = rng.uniform(1.15, 1.35) ** rng.choice([-1, 1])
    return image.resize((max(_LEAST_SIDE, round(image.width * factor)), image.height), Image.Resampling.BICUBIC)


def squashed(image: Image.Image, side: int) -> Image.Image:
    """Return a square of ``side`` pixels, whatever the picture's shape."""
    return image.resize((side, side), Image.Resampling.BILINEAR)


def cropped(image: Image.Image, rng: Random, share: float) -> Image.Image:
    """Keep a share of the area: a window of another shape (sides up to 1.35 as long), at a random place."""
    bend = rng.uniform(1 / 1.35, 1.35)
    wide = min(1.0, math.sqrt(share * bend))
    wide = max(wide, share)
    width, height = round(image.width * wide), round(image.height * min(1.0, share / wide))
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def cut_square(image: Image.Image) -> Image.Image:
    """Keep the square in the middle; of a picture that is nearly square, one of 0.85 of its shorter side."""
    side = min(image.size) if max(image.size) > 1.12 * min(image.size) else round(0.85 * min(image.size))
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _largest_inside(width: int, height: int, degrees: float) -> float:
    """Return by how much a window of the picture's own shape must shrink to fit into the turned picture."""
    angle, aspect = math.radians(abs(degrees)), max(width / height, height / width)
    return 1 / (math.cos(angle) + aspect * math.sin(angle))


def straightened(image: Image.Image, degrees: float) -> Image.Image:
    """Turn, and keep the largest window without empty corners."""
    share = _largest_inside(image.width, image.height, degrees)
    turned = image.rotate(degrees, Image.Resampling.BICUBIC)
    width, height = image.width * share, image.height * share
    left, top = (image.width - width) / 2, (image.height - height) / 2
    return turned.crop((round(left), round(top), round(left + width), round(top + height)))


def tilted(image: Image.Image, rng: Random, degrees: float) -> Image.Image:
    """Turn, the corners filled with one color, the picture grown so that nothing is lost."""
    fill = rng.choice([(0, 0, 0), (255, 255, 255), (128, 128, 128)])
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)


def signed(rng: Random, least: float, most: float) -> float:
    """Return an angle between two bounds, either way."""
    return rng.choice([-1, 1]) * rng.uniform(least, most)


def perspective(image: Image.Image, rng: Random, strength: float) -> Image.Image:
    """See a picture askew: its corners come from within ``strength`` of a side of their places."""
    w, h = image.size
    inward = [(rng.uniform(0, strength) * w, rng.uniform(0, strength) * h) for _ in range(4)]
    corners = np.array(
        [
            (inward[0][0], inward[0][1]),
            (w - 1 - inward[1][0], inward[1][1]),
            (w - 1 - inward[2][0], h - 1 - inward[2][1]),
            (inward[3][0], h - 1 - inward[3][1]),
        ],
        np.float32,
    )
    square = np.array([(0, 0), (w - 1, 0), (w - 1, h - 1), (0, h - 1)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, square)
    return Image.fromarray(cv2.warpPerspective(np.asarray(image), matrix, (w, h), flags=cv2.INTER_CUBIC))


def photographed(image: Image.Image, rng: Random) -> Image.Image:
    """Lay a print on a table and photograph it a little from the side: all of it is seen, with the table around."""
    w, h = image.size
    table = Image.new("RGB", (round(w * 1.25), round(h * 1.25)), tuple(rng.randint(60, 190) for _ in range(3)))
    source = np.array([(0, 0), (w - 1, 0), (w - 1, h - 1), (0, h - 1)], np.float32)
    wander = np.array([(rng.uniform(-0.05, 0.05) * w, rng.uniform(-0.05, 0.05) * h) for _ in range(4)], np.float32)
    target = source + np.array([0.125 * w, 0.125 * h], np.float32) + wander
    matrix = cv2.getPerspectiveTransform(source, target)
    print_ = cv2.warpPerspective(np.asarray(image), matrix, table.size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((h, w), 255, np.uint8), matrix, table.size)
    return Image.composite(Image.fromarray(print_), table, Image.fromarray(mask))


def sheared(image: Image.Image, rng: Random) -> Image.Image:
    """Slant by 3 to 7 degrees and cut the empty triangles away."""
    slope = math.tan(math.radians(signed(rng, 3, 7)))
    shift = abs(slope) * image.height
    size = max(_LEAST_SIDE, round(image.width - shift)), image.height
    slant = (1, slope, shift if slope < 0 else 0, 0, 1, 0)
    return image.transform(size, Image.Transform.AFFINE, slant, Image.Resampling.BICUBIC)
