"""What is laid over pictures and around them: writing, shapes, borders, and backgrounds."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.chance import Chance
from training.pictures import Bank

__all__ = ["Scenery", "writings"]

_LETTERS = "ABCDEFGHKLMNPRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def _write(mask: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Put words of one size into a mask: a word, a line, a block, or a pattern that repeats."""
    kind = rng.integers(4)
    scale = float(rng.uniform(0.25, 1.3) if kind < 2 else rng.uniform(0.2, 0.6))
    font = int(rng.choice((0, 2, 3, 4, 5, 16)))
    thick = int(rng.integers(1, 3 if scale < 0.8 else 4))
    step = round(34 * scale) + 4
    lines = 1 if kind < 2 else int(rng.integers(2, 7))
    top = int(rng.integers(step, max(step + 1, 128 - step * (lines - 1))))
    for line in range(lines):
        word = "".join(rng.choice(list(_LETTERS + "  "), int(rng.integers(4, 26))))
        left = int(rng.integers(-8, 50)) if kind < 3 else 12 * (line % 3) - 6
        for x in range(left, 128, 128 if kind < 3 else 64):
            cv2.putText(
                mask, word[: 6 if kind == 3 else 26], (x, top + line * step), font, scale, 255, thick, cv2.LINE_AA
            )


def writings(count: int, seed: int) -> Tensor:
    """Make masks of writing, shape (count, 1, 128, 128), uint8."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((count, 1, 128, 128), np.uint8)
    for mask in masks:
        _write(mask[0], rng)
    return torch.from_numpy(masks)


def _colors(count: int, chance: Chance) -> Tensor:
    """Draw colors of shape (count, 3, 1, 1); half of them black, white or gray."""
    color = chance.uniform(3 * count, 0, 1).reshape(count, 3, 1, 1)
    plain = chance.integers(count, 5).float()[:, None, None, None] / 4
    ends = torch.where(chance.flags(count, 0.75)[:, None, None, None], plain.round(), plain)
    return torch.where(chance.flags(count, 0.55)[:, None, None, None], ends.expand_as(color), color)


@dataclass(frozen=True)
class Scenery:
    """What backgrounds and overlays are made of."""

    pictures: Bank
    """Pictures that serve as backgrounds."""
    masks: Tensor
    """Writing, shape (m, 1, 128, 128), uint8."""

    def _mask(self, count: int, side: int, chance: Chance) -> Tensor:
        chosen = self.masks[chance.integers(count, len(self.masks))].float() / 255
        return functional.interpolate(chosen, (side, side), mode="area")

    def writing(self, pixels: Tensor, chance: Chance) -> Tensor:
        """Write over pictures, opaque or as a watermark."""
        count = len(pixels)
        strength = torch.where(chance.flags(count, 0.6), 1.0, chance.uniform(count, 0.2, 0.7))
        mask = self._mask(count, pixels.shape[-1], chance) * strength[:, None, None, None]
        return torch.lerp(pixels, _colors(count, chance).expand_as(pixels), mask)

    def shapes(self, pixels: Tensor, chance: Chance) -> Tensor:
        """Cover up to a sixth of the area with a disk, a box or a bar, most of them opaque."""
        count, side = len(pixels), pixels.shape[-1]
        line = torch.linspace(-1, 1, side, device=pixels.device)
        x, y = (chance.uniform(count, -0.9, 0.9)[:, None] for _ in range(2))
        wide, high = (chance.uniform(count, 0.08, 0.45)[:, None] for _ in range(2))
        wide = torch.where(chance.flags(count, 0.12)[:, None], 2.0, wide)
        dx, dy = ((line - x) / wide).abs(), ((line - y) / high).abs()
        round_ = chance.flags(count, 0.5)[:, None, None]
        inside = torch.where(round_, dx[:, None, :] ** 2 + dy[:, :, None] ** 2, dx[:, None, :].maximum(dy[:, :, None]))
        strength = torch.where(chance.flags(count, 0.75), 1.0, chance.uniform(count, 0.3, 1))
        mask = (inside < 1).float()[:, None] * strength[:, None, None, None]
        return torch.lerp(pixels, _colors(count, chance).expand_as(pixels), mask)

    def stickers(self, pixels: Tensor, chance: Chance) -> Tensor:
        """Stick something small on pictures: a disk or box with an edge and three marks inside, or another picture."""
        count, side = len(pixels), pixels.shape[-1]
        line = torch.linspace(-1, 1, side, device=pixels.device)
        size = chance.geometric(count, 0.12, 0.42)
        spot = torch.stack([chance.uniform(count, -1, 1) * (1.05 - size) for _ in range(2)], 1)
        stretch = chance.geometric(count, 0.75, 1.33)
        x = (line - spot[:, :1]) / (size * stretch)[:, None]
        y = (line - spot[:, 1:]) / (size / stretch)[:, None]
        x, y = x[:, None, :].expand(-1, side, -1), y[:, :, None].expand(-1, -1, side)
        disk = chance.flags(count, 0.6)[:, None, None]
        reach = torch.where(disk, (x * x + y * y).sqrt(), x.abs().maximum(y.abs()))[:, None]
        inside = self._marked(x, y, reach, chance)
        pasted = chance.flags(count, 0.3).nonzero()[:, 0]
        if len(pasted):
            level = self.pictures.levels[2][chance.integers(len(pasted), len(self.pictures))].float() / 255
            places = torch.stack((x[pasted], y[pasted]), -1)
            inside[pasted] = functional.grid_sample(level, places, padding_mode="border", align_corners=False)
        return torch.where(reach < 1, inside, pixels)

    @staticmethod
    def _marked(x: Tensor, y: Tensor, reach: Tensor, chance: Chance) -> Tensor:
        """Paint the inside of stickers, shape (n, 3, side, side)."""
        count = len(x)
        inside = torch.where(reach < 0.9, _colors(count, chance), _colors(count, chance))
        ink = _colors(count, chance)
        for _ in range(3):
            left, top = (chance.uniform(count, -0.6, 0.6)[:, None, None] for _ in range(2))
            wide, high = (chance.geometric(count, 0.06, 0.4)[:, None, None] for _ in range(2))
            mark = (((x - left) / wide) ** 2 + ((y - top) / high) ** 2)[:, None]
            inside = torch.where(mark < 1, ink, inside)
        return inside

    def border(self, pixels: Tensor, chance: Chance) -> Tensor:
        """Cover up to a tenth of the side at each edge."""
        count, side = len(pixels), pixels.shape[-1]
        line = torch.linspace(-1, 1, side, device=pixels.device).abs()
        width = chance.uniform(count, 0.02, 0.2)[:, None, None]
        edge = line[None, None, :].maximum(line[None, :, None]) > 1 - width
        return torch.where(edge[:, None], _colors(count, chance), pixels)

    def backgrounds(self, count: int, side: int, chance: Chance) -> Tensor:
        """Make what pictures lie on: other pictures, sharp or blurred, plain colors, pages with bars and writing."""
        chosen = chance.integers(count, len(self.pictures))
        level = 2 if side < 48 else 1
        pixels = self.pictures.levels[level][chosen].float() / 255
        pixels = functional.interpolate(pixels, (side, side), mode="bilinear", align_corners=False)
        kind = chance.uniform(count, 0, 1)
        soft = (kind < 0.12).nonzero()[:, 0]
        if len(soft):
            pixels[soft] = functional.avg_pool2d(pixels[soft], 9, 1, 4, count_include_pad=False)
        plain = (kind > 0.45).nonzero()[:, 0]
        if len(plain):
            pixels[plain] = _colors(len(plain), chance).expand(-1, -1, side, side)
        page = (kind > 0.75).nonzero()[:, 0]
        if len(page):
            pixels[page] = self._page(pixels[page], chance)
        return pixels

    def _page(self, pixels: Tensor, chance: Chance) -> Tensor:
        """Add a bar, a second one, and lines of writing to plain backgrounds."""
        for _ in range(2):
            pixels = self.shapes(pixels, chance)
        return self.writing(pixels, chance)
