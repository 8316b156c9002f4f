"""Pictures with next to nothing on them: blank pages, gradients, icons."""

from __future__ import annotations

import math
from random import Random

import cv2
import numpy as np
from PIL import Image, ImageDraw

from evaluation.overlays import Color

__all__ = ["blank_page", "gradient", "icon", "scanned"]


def vivid(rng: Random) -> Color:
    """Return any color."""
    return rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255)


def scanned(page: Image.Image, rng: Random) -> Image.Image:
    """Return a page as a scanner sees it: off-white, uneven light, noise, a shadow at one edge, a speck or two."""
    w, h = page.size
    drawn = np.random.default_rng(rng.getrandbits(32))
    values = np.asarray(page, np.float32) * np.array(
        [1.0, rng.uniform(0.985, 1.0), rng.uniform(0.95, 0.99)], np.float32
    )
    light = np.asarray(cv2.resize(drawn.normal(0, 1, (4, 3)), (w, h), interpolation=cv2.INTER_CUBIC), np.float32)
    values += (rng.uniform(0.5, 2.0) * light)[..., None] - rng.uniform(2, 10)
    edge = np.exp(-np.arange(w, dtype=np.float32) / rng.uniform(4, 10)) * rng.uniform(0, 60)
    values -= (edge if rng.random() < 0.5 else edge[::-1])[None, :, None]
    values += drawn.normal(0, rng.uniform(1.0, 3.5), values.shape).astype(np.float32)
    out = Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(out)
    for _ in range(rng.randint(0, 3)):
        x, y = rng.randint(0, w), rng.randint(0, h)
        draw.ellipse((x, y, x + rng.randint(1, 3), y + rng.randint(1, 3)), fill=(90, 85, 80))
    return out


def blank_page(rng: Random) -> Image.Image:
    """Return the scan of a page with nothing on it."""
    return scanned(Image.new("RGB", (500, 707), (252, 252, 252)), rng)


def gradient(rng: Random) -> Image.Image:
    """Return two or three colors that run into each other, along a line or around a point."""
    w, h = rng.choice([(640, 400), (500, 500), (420, 640)])
    y, x = np.mgrid[0 : 1 : h * 1j, 0 : 1 : w * 1j].astype(np.float32)
    if rng.random() < 0.6:
        angle = rng.uniform(0, 2 * math.pi)
        along = math.cos(angle) * (x - 0.5) + math.sin(angle) * (y - 0.5) + 0.5
    else:
        along = np.hypot(x - rng.random(), y - rng.random())
    stops = np.array([vivid(rng) for _ in range(rng.choice([2, 2, 3]))], np.float32)
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(np.clip(along, 0, 1), places, stops[:, k]) for k in range(3)]
    return Image.fromarray(np.rint(np.stack(channels, axis=2)).astype(np.uint8))


def icon(rng: Random) -> Image.Image:
    """Return a plain sign on a plain rounded ground, 192 pixels."""
    side = 192
    out = Image.new("RGB", (side, side), (255, 255, 255))
    draw, ground, ink = ImageDraw.Draw(out), vivid(rng), rng.choice([(255, 255, 255), (0, 0, 0), vivid(rng)])
    draw.rounded_rectangle((8, 8, side - 8, side - 8), rng.choice([0, 24, 44, 92]), fill=ground)
    for _ in range(rng.randint(1, 3)):
        x, y, r = rng.uniform(60, 132), rng.uniform(60, 132), rng.uniform(16, 48)
        box = (x - r, y - r * rng.uniform(0.5, 1), x + r, y + r * rng.uniform(0.5, 1))
        shape, wide = rng.randrange(6), rng.randint(6, 16)
        if shape == 0:
            draw.ellipse(box, fill=ink)
        elif shape == 1:
            draw.rectangle(box, fill=ink)
        elif shape == 2:
            draw.regular_polygon((x, y, r), rng.randint(3, 8), rotation=rng.randint(0, 90), fill=ink)
        elif shape == 3:
            draw.arc(box, rng.randint(0, 180), rng.randint(200, 360), fill=ink, width=wide)
        elif shape == 4:
            draw.line((x - r, y, x + r, y + rng.uniform(-r, r)), fill=ink, width=wide)
        else:
            draw.ellipse(box, outline=ink, width=wide)
    return out
