"""Edits that leave every pixel in its place: tone, color, sharpness and noise."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

Floats = NDArray[np.float32]


def _floats(image: Image.Image) -> Floats:
    return np.asarray(image, np.float32)


def _image(values: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _generator(rng: Random) -> np.random.Generator:
    return np.random.default_rng(rng.getrandbits(32))


def brightness(image: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(factor)


def contrast(image: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(factor)


def saturation(image: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Color(image).enhance(factor)


def gamma(image: Image.Image, exponent: float) -> Image.Image:
    return _image(255 * (_floats(image) / 255) ** exponent)


def gray(image: Image.Image) -> Image.Image:
    return ImageOps.grayscale(image).convert("RGB")


def duotone(image: Image.Image, rng: Random) -> Image.Image:
    """Tone in two colors, as sepia or cyanotype."""
    dark, light = rng.choice([("#24160a", "#fbeed6"), ("#0b1d3a", "#e6f1fb"), ("#1d0f24", "#fde8ef")])
    return ImageOps.colorize(ImageOps.grayscale(image), dark, light)


def hue(image: Image.Image, rng: Random) -> Image.Image:
    """Turn all hues by some 10 to 20 degrees, either way."""
    turn = rng.choice([-1, 1]) * rng.randint(7, 14)
    h, s, v = image.convert("HSV").split()
    return Image.merge("HSV", (h.point(lambda x: (x + turn) % 256), s, v)).convert("RGB")


def temperature(image: Image.Image, rng: Random) -> Image.Image:
    """Make a picture warmer or colder, as another white balance does."""
    k = rng.choice([-1, 1]) * rng.uniform(0.10, 0.22)
    return _image(_floats(image) * np.array([1 + k, 1.0, 1 - k], np.float32))


def faded(image: Image.Image, rng: Random) -> Image.Image:
    """Lift the blacks, lower the whites, take half of the colors, and yellow: an old print."""
    floor, top = rng.uniform(40, 70), rng.uniform(205, 235)
    lowered = floor + _floats(saturation(image, rng.uniform(0.35, 0.6))) * ((top - floor) / 255)
    return _image(lowered * np.array([1.04, 1.0, 0.90], np.float32))


def vignette(image: Image.Image, rng: Random) -> Image.Image:
    """Darken the corners."""
    y, x = np.mgrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j].astype(np.float32)
    return _image(_floats(image) * (1 - rng.uniform(0.3, 0.5) * np.clip(x * x + y * y, 0, 2) / 1.6)[..., None])


def local_tones(image: Image.Image, rng: Random) -> Image.Image:
    """Equalize the light within tiles: what phones and "HDR" filters do."""
    lab = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2LAB)
    tiles = rng.choice([4, 6, 8])
    lab[..., 0] = cv2.createCLAHE(rng.uniform(2.0, 4.0), (tiles, tiles)).apply(np.ascontiguousarray(lab[..., 0]))
    return Image.fromarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


def shadows_lifted(image: Image.Image, rng: Random) -> Image.Image:
    """Lighten what is darker than its surroundings (tone mapping by a blurred mask)."""
    values = _floats(image) / 255
    base = cv2.GaussianBlur(values.mean(axis=2), (0, 0), max(image.size) / 30)
    gain = (np.maximum(base, 0.03) / 0.5) ** -rng.uniform(0.4, 0.6)
    return _image(255 * values * np.clip(gain, 0.6, 2.5)[..., None])


def equalized(image: Image.Image) -> Image.Image:
    return ImageOps.equalize(image)


def leveled(image: Image.Image, rng: Random) -> Image.Image:
    return ImageOps.autocontrast(image, cutoff=rng.choice([0.5, 1, 2]))


def posterized(image: Image.Image) -> Image.Image:
    return ImageOps.posterize(image, 4)


def paletted(image: Image.Image) -> Image.Image:
    """Reduce to 64 colors, dithered."""
    return image.quantize(64, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB")


def blurred(image: Image.Image, sigma: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(sigma))


def smeared(image: Image.Image, rng: Random) -> Image.Image:
    """Blur along a line of 7 to 11 pixels: a camera that moved."""
    length, angle = rng.choice([7, 9, 11]), rng.uniform(0, 180)
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), angle, 1.0)
    line = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    return Image.fromarray(cv2.filter2D(np.asarray(image), -1, line / line.sum()))


def denoised(image: Image.Image) -> Image.Image:
    """Smooth all but edges, as beauty filters do."""
    return Image.fromarray(cv2.bilateralFilter(np.asarray(image), 9, 45, 7))


def sharpened(image: Image.Image, rng: Random) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(rng.choice([2, 3]), rng.randint(120, 220)))


def noisy(image: Image.Image, rng: Random, sigma: float) -> Image.Image:
    values = _floats(image)
    return _image(values + _generator(rng).normal(0, sigma, values.shape).astype(np.float32))


def grainy(image: Image.Image, rng: Random) -> Image.Image:
    """Add gray grain that is wider than a pixel, as film has."""
    drawn = _generator(rng).normal(0, 1, (image.height, image.width))
    grain = np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.9))
    return _image(_floats(image) + (rng.uniform(12, 18) / grain.std() * grain)[..., None])


def speckled(image: Image.Image, rng: Random) -> Image.Image:
    """Set 2 % of the pixels to black or white."""
    values, drawn = _floats(image).copy(), _generator(rng).random((image.height, image.width))
    values[drawn < 0.01] = 0
    values[drawn > 0.99] = 255
    return _image(values)
