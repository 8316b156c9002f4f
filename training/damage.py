"""Edits that lose detail; each takes a batch of shape (n, 3, side, side), 0 to 1, and draws its own strength."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.chance import Chance

__all__ = ["DAMAGE", "compress"]

_LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""Quantization of luma, ITU-T T.81, annex K."""

_TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def _cosines() -> Tensor:
    """Make the matrix of the 8-point DCT-II."""
    k, x = np.mgrid[:8, :8]
    matrix = np.cos((2 * x + 1) * k * math.pi / 16) / 2
    matrix[0] /= math.sqrt(2)
    return torch.from_numpy(matrix.astype(np.float32))


def _quantize(plane: Tensor, steps: Tensor) -> Tensor:
    """Round the DCT of 8 x 8 blocks of planes of shape (n, c, h, w), in units of 1/255, to steps of shape (n, 8, 8)."""
    n, c, h, w = plane.shape
    cosines = _cosines().to(plane.device)
    blocks = plane.reshape(n, c, h // 8, 8, w // 8, 8).transpose(3, 4)
    steps = steps[:, None, None, None]
    rounded = (cosines @ blocks @ cosines.T / steps).round() * steps
    return (cosines.T @ rounded @ cosines).transpose(3, 4).reshape(n, c, h, w)


def compress(pixels: Tensor, chance: Chance) -> Tensor:
    """Lose what JPEG loses at a quality of 6 to 95; chroma at half the size when that is a multiple of 8 pixels."""
    quality = chance.geometric(len(pixels), 6, 95)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    table = torch.tensor(_LUMA_TABLE, dtype=torch.float32, device=pixels.device)
    steps = (table * scale[:, None, None]).clamp(1, 255)
    mix = torch.tensor(_TO_YCC, device=pixels.device)
    planes = torch.einsum("ij,njhw->nihw", mix, pixels * 255)
    luma = _quantize(planes[:, :1] - 128, steps) + 128
    half = pixels.shape[-1] % 16 == 0
    chroma = functional.avg_pool2d(planes[:, 1:], 2) if half else planes[:, 1:]
    chroma = _quantize(chroma, steps * 1.2)
    chroma = functional.interpolate(chroma, scale_factor=2.0) if half else chroma
    back = torch.linalg.inv(mix)
    return torch.einsum("ij,njhw->nihw", back, torch.cat((luma, chroma), 1)) / 255


def _gaussian(pixels: Tensor, sigma: float) -> Tensor:
    """Blur with one width, in pixels."""
    reach = max(1, math.ceil(2.5 * sigma))
    line = torch.arange(-reach, reach + 1, device=pixels.device, dtype=torch.float32)
    kernel = torch.exp(-(line**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(3, 1, -1)
    padded = functional.pad(pixels, (reach, reach, reach, reach), mode="replicate")
    across = functional.conv2d(padded, kernel[:, :, None, :], groups=3)
    return functional.conv2d(across, kernel[:, :, :, None], groups=3)


def blur(pixels: Tensor, chance: Chance) -> Tensor:
    """Blur by 0.4 to 2.6 pixels of 96, in three groups of one strength each."""
    unit = pixels.shape[-1] / 96
    out = pixels.clone()
    for number in range(3):
        part = out[number::3]
        if len(part):
            out[number::3] = _gaussian(part, float(chance.geometric(1, 0.4, 2.6)) * unit)
    return out


def sharpen(pixels: Tensor, chance: Chance) -> Tensor:
    """Add 0.3 to 2.5 times the difference to a blurred copy."""
    strength = chance.uniform(len(pixels), 0.3, 2.5)[:, None, None, None]
    return pixels + strength * (pixels - _gaussian(pixels, 0.5 + float(chance.uniform(1, 0, 1))))


def noise(pixels: Tensor, chance: Chance) -> Tensor:
    """Add normal noise of a deviation of 1 to 12 percent, in all channels alike or in each its own."""
    own = chance.normal(*pixels.shape)
    own = torch.where(chance.flags(len(pixels), 0.4)[:, None, None, None], own[:, :1], own)
    return pixels + chance.geometric(len(pixels), 0.01, 0.12)[:, None, None, None] * own


def specks(pixels: Tensor, chance: Chance) -> Tensor:
    """Make up to 6 percent of the pixels black or white."""
    n, _, h, w = pixels.shape
    draw = chance.uniform(n * h * w, 0, 1).reshape(n, 1, h, w)
    share = chance.uniform(n, 0.005, 0.03)[:, None, None, None]
    pixels = torch.where(draw < share, 0.0, pixels)
    return torch.where(draw > 1 - share, 1.0, pixels)


def shrink(pixels: Tensor, chance: Chance) -> Tensor:
    """Reduce to 14 to 60 pixels a side and enlarge again, smoothly or in squares."""
    side = pixels.shape[-1]
    small = min(side - 4, round(float(chance.geometric(1, 14, 60))))
    reduced = functional.interpolate(pixels, (small, small), mode="area")
    if bool(chance.flags(1, 0.3)):
        return functional.interpolate(reduced, (side, side), mode="nearest")
    return functional.interpolate(reduced, (side, side), mode="bilinear", align_corners=False)


def halftone(pixels: Tensor, chance: Chance) -> Tensor:
    """Dither to 2 to 4 levels by an ordered pattern of 4 x 4 pixels, a part of it seen from afar."""
    bayer = torch.tensor((0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5), device=pixels.device)
    pattern = ((bayer.float() + 0.5) / 16 - 0.5).reshape(1, 1, 4, 4)
    tiles = pixels.shape[-1] // 4
    levels = (chance.integers(len(pixels), 3).float() + 1)[:, None, None, None]
    dots = (pixels * levels + pattern.repeat(1, 1, tiles, tiles)).round() / levels
    return torch.lerp(dots, pixels, chance.uniform(len(pixels), 0, 0.6)[:, None, None, None])


def scanlines(pixels: Tensor, chance: Chance) -> Tensor:
    """Darken every second to fifth line or column, as photographs of screens show."""
    side = pixels.shape[-1]
    line = torch.arange(side, device=pixels.device, dtype=torch.float32)
    period = chance.uniform(len(pixels), 2, 5)[:, None]
    wave = 0.5 + 0.5 * torch.cos(2 * math.pi * line / period + chance.uniform(len(pixels), 0, 6)[:, None])
    wave = 1 - chance.uniform(len(pixels), 0.1, 0.5)[:, None] * wave
    upright = chance.flags(len(pixels), 0.5)[:, None, None, None]
    return pixels * torch.where(upright, wave[:, None, None, :], wave[:, None, :, None])


DAMAGE = (
    (0.14, blur),
    (0.08, sharpen),
    (0.13, noise),
    (0.02, specks),
    (0.10, shrink),
    (0.03, halftone),
    (0.03, scanlines),
    (0.35, compress),
)
"""Share of the views that an edit meets, and the edit, in the order of their doing."""
