"""Edits of tone and color; each takes a batch of shape (n, 3, side, side), 0 to 1, and draws its own strength."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from training.chance import Chance

__all__ = ["TONES"]

_LUMA = (0.299, 0.587, 0.114)


def _each(values: Tensor) -> Tensor:
    """Lay one value a picture out for all of its pixels."""
    return values[:, None, None, None]


def _luma(pixels: Tensor) -> Tensor:
    return (pixels * torch.tensor(_LUMA, device=pixels.device).reshape(1, 3, 1, 1)).sum(1, keepdim=True)


def brightness(pixels: Tensor, chance: Chance) -> Tensor:
    """Multiply by 0.5 to 1.7."""
    return pixels * _each(chance.geometric(len(pixels), 0.5, 1.7))


def contrast(pixels: Tensor, chance: Chance) -> Tensor:
    """Stretch about the mean luma, 0.35 to 1.9 times."""
    mean = _luma(pixels).mean((2, 3), keepdim=True)
    return mean + (pixels - mean) * _each(chance.geometric(len(pixels), 0.35, 1.9))


def gamma(pixels: Tensor, chance: Chance) -> Tensor:
    """Raise to a power of 0.4 to 2.4."""
    return pixels.clamp(1e-4, 1) ** _each(chance.geometric(len(pixels), 0.4, 2.4))


def saturation(pixels: Tensor, chance: Chance) -> Tensor:
    """Blend with gray, or away from it, 0 to 2.2 times the color."""
    gray = _luma(pixels)
    return gray + (pixels - gray) * _each(chance.uniform(len(pixels), 0, 2.2))


def hue(pixels: Tensor, chance: Chance) -> Tensor:
    """Turn colors about the gray axis, most by up to 30 degrees."""
    count = len(pixels)
    far = chance.flags(count, 0.2)
    angle = torch.where(far, chance.uniform(count, -math.pi, math.pi), chance.uniform(count, -0.5, 0.5))
    third = (1 - angle.cos()) / 3
    skew = angle.sin() / math.sqrt(3)
    same, ahead, behind = angle.cos() + third, third - skew, third + skew
    rows = (same, ahead, behind, behind, same, ahead, ahead, behind, same)
    turn = torch.stack(rows, 1).reshape(count, 3, 3)
    return torch.einsum("nij,njhw->nihw", turn, pixels)


def gray(pixels: Tensor, _: Chance) -> Tensor:
    """Take all color away."""
    return _luma(pixels).expand_as(pixels)


def toned(pixels: Tensor, chance: Chance) -> Tensor:
    """Lay luma out between a dark and a bright color, as sepia does."""
    count = len(pixels)
    dark = chance.uniform(3 * count, 0, 0.3).reshape(count, 3, 1, 1)
    bright = chance.uniform(3 * count, 0.65, 1).reshape(count, 3, 1, 1)
    return dark + (bright - dark) * _luma(pixels)


def casts(pixels: Tensor, chance: Chance) -> Tensor:
    """Multiply each channel by a factor of its own."""
    return pixels * chance.geometric(3 * len(pixels), 0.65, 1.5).reshape(-1, 3, 1, 1)


def invert(pixels: Tensor, _: Chance) -> Tensor:
    """Make the negative."""
    return 1 - pixels


def fade(pixels: Tensor, chance: Chance) -> Tensor:
    """Blend with one color, 20 to 65 percent of it."""
    color = chance.uniform(3 * len(pixels), 0, 1).reshape(-1, 3, 1, 1)
    return torch.lerp(pixels, color.expand_as(pixels), _each(chance.uniform(len(pixels), 0.2, 0.65)))


def posterize(pixels: Tensor, chance: Chance) -> Tensor:
    """Leave 3 to 8 levels a channel."""
    levels = _each(chance.integers(len(pixels), 6).float() + 2)
    return (pixels * levels).round() / levels


def solarize(pixels: Tensor, chance: Chance) -> Tensor:
    """Invert what is brighter than a level of 0.4 to 0.9."""
    return torch.where(pixels > _each(chance.uniform(len(pixels), 0.4, 0.9)), 1 - pixels, pixels)


def equalize(pixels: Tensor, chance: Chance) -> Tensor:
    """Replace values by their ranks within the channel, wholly or in part."""
    flat = (pixels * 255).round().flatten(2).contiguous()
    ordered = flat.sort(2).values
    ranks = torch.searchsorted(ordered, flat, right=True).float() / flat.shape[2]
    part = torch.where(chance.flags(len(pixels), 0.6), 1.0, chance.uniform(len(pixels), 0.3, 1))
    return torch.lerp(pixels, ranks.reshape(pixels.shape), _each(part))


def stretch(pixels: Tensor, chance: Chance) -> Tensor:
    """Stretch each channel between two of its quantiles."""
    flat = pixels.flatten(2).sort(2).values
    cut = max(1, round(flat.shape[2] * float(chance.uniform(1, 0.002, 0.05))))
    low, high = flat[:, :, cut, None, None], flat[:, :, -cut, None, None]
    return (pixels - low) / (high - low).clamp(min=0.02)


def shade(pixels: Tensor, chance: Chance) -> Tensor:
    """Light the picture unevenly: a gradient of any direction, or dark corners."""
    count, side = len(pixels), pixels.shape[-1]
    line = torch.linspace(-1, 1, side, device=pixels.device)
    across, down = (chance.uniform(count, -0.5, 0.5) for _ in range(2))
    corners = chance.uniform(count, 0, 0.6) * chance.flags(count, 0.4)
    light = 1 + _each(across) * line[None, None, None, :] + _each(down) * line[None, None, :, None]
    return pixels * (light - _each(corners) * (line[:, None] ** 2 + line[None, :] ** 2) / 2)


def swap(pixels: Tensor, chance: Chance) -> Tensor:
    """Exchange channels."""
    order = torch.stack([chance.uniform(len(pixels), 0, 1) for _ in range(3)], 1).argsort(1)
    return pixels.gather(1, order[:, :, None, None].expand_as(pixels))


def clarity(pixels: Tensor, chance: Chance) -> Tensor:
    """Enlarge small differences: blur taken away, as clarity filters do."""
    wide = functional.avg_pool2d(pixels, 9, 1, 4, count_include_pad=False)
    return pixels + _each(chance.uniform(len(pixels), 0.2, 0.9)) * (pixels - wide)


TONES = (
    (0.25, brightness),
    (0.25, contrast),
    (0.15, gamma),
    (0.15, saturation),
    (0.12, hue),
    (0.09, casts),
    (0.05, fade),
    (0.05, posterize),
    (0.02, solarize),
    (0.14, equalize),
    (0.06, stretch),
    (0.06, shade),
    (0.04, clarity),
    (0.015, swap),
    (0.09, toned),
    (0.15, gray),
    (0.025, invert),
)
"""Share of the views that an edit meets, and the edit, in the order of their doing."""
