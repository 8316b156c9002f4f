"""Where the pixels of a view come from: one projective map a view, of crop, place, orientation, turn and slant.

Coordinates run from -1 to 1 over a picture and over a view, as `torch.nn.functional.grid_sample` has them. As both are
squashed to squares, a quarter turn is an exchange of axes; a turn by other angles needs the aspect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.chance import Chance
from training.pictures import LEVELS, Bank

__all__ = ["Placement", "draw_maps", "sample"]


@dataclass(frozen=True)
class Placement:
    """How often a view is cut, placed, turned and slanted."""

    cropped: float
    """Share of views that show a part only."""
    placed: float
    """Share of views in which the picture lies on something larger."""
    oriented: float
    """Share of views in one of the 7 other orientations."""
    turned: float
    """Share of views turned by a free angle."""
    slanted: float
    """Share of views seen at a slant."""


def _identity(count: int, device: torch.device) -> Tensor:
    return torch.eye(3, device=device).repeat(count, 1, 1)


def _scales(count: int, placement: Placement, chance: Chance) -> Tensor:
    """Draw how much of the picture a view spans on each axis, shape (n, 2): below 1 cut, above 1 placed."""
    kind = chance.uniform(count, 0, 1)
    # The share of the area that is left; more often much than little.
    left = torch.sqrt(1 - 0.8 * chance.uniform(count, 0, 1) ** 1.3)
    jitter = chance.geometric(count, 0.85, 1.18)
    cut = torch.stack((left * jitter, left / jitter), 1).clamp(max=1)
    wide = torch.stack((chance.geometric(count, 1.02, 2.0), chance.geometric(count, 1.02, 2.0)), 1)
    even = wide[:, :1] * chance.geometric(count, 0.9, 1.1)[:, None]
    wide = torch.where(chance.flags(count, 0.5)[:, None], torch.cat((wide[:, :1], even), 1), wide)
    # A third lies between two bars or beside one.
    axis = chance.integers(count, 6)
    bars = torch.stack((axis == 0, axis == 1), 1)
    wide = torch.where(bars, torch.ones_like(wide), wide.clamp(min=1.0))
    scales = torch.ones(count, 2, device=chance.device)
    scales = torch.where((kind < placement.cropped)[:, None], cut, scales)
    return torch.where((kind > 1 - placement.placed)[:, None], wide, scales)


def _shifts(scales: Tensor, chance: Chance) -> Tensor:
    """Draw where the part or the place lies, shape (n, 2); a third of the placed pictures lie in the middle."""
    count = len(scales)
    room = (1 - scales).abs()
    free = torch.stack((chance.uniform(count, -1, 1), chance.uniform(count, -1, 1)), 1)
    middle = (scales.amax(1) > 1) & chance.flags(count, 0.35)
    return torch.where(middle[:, None], 0 * free, free) * room


def _orientations(count: int, share: float, chance: Chance) -> Tensor:
    """Draw exchanges and reversals of axes, shape (n, 3, 3)."""
    maps = _identity(count, chance.device)
    chosen = chance.flags(count, share)
    signs = 1 - 2 * chance.integers(2 * count, 2).reshape(count, 2).float()
    maps[:, 0, 0], maps[:, 1, 1] = signs[:, 0], signs[:, 1]
    swapped = chance.flags(count, 0.5)
    maps = torch.where(swapped[:, None, None], maps[:, [1, 0, 2]], maps)
    return torch.where(chosen[:, None, None], maps, _identity(count, chance.device))


def _turns(aspects: Tensor, share: float, chance: Chance) -> Tensor:
    """Draw turns about the middle, most by a few degrees, some by up to 35, shape (n, 3, 3)."""
    count = len(aspects)
    degrees = torch.where(chance.flags(count, 0.6), chance.uniform(count, -7, 7), chance.uniform(count, -35, 35))
    angle = degrees * (math.pi / 180) * chance.flags(count, share)
    sine, cosine = angle.sin(), angle.cos()
    maps = _identity(count, chance.device)
    maps[:, 0, 0], maps[:, 0, 1] = cosine, -sine / aspects
    maps[:, 1, 0], maps[:, 1, 1] = sine * aspects, cosine
    # Half are cut so that no corner is empty.
    inner = 1 / (cosine + torch.maximum(aspects, 1 / aspects) * sine.abs())
    scale = torch.where(chance.flags(count, 0.5), inner, torch.ones_like(inner))
    maps[:, :2, :2] *= scale[:, None, None]
    return maps


def _slants(count: int, share: float, chance: Chance) -> Tensor:
    """Draw slight perspectives and shears, shape (n, 3, 3)."""
    maps = _identity(count, chance.device)
    chosen = chance.flags(count, share).float()
    maps[:, 2, 0] = chance.uniform(count, -0.25, 0.25) * chosen
    maps[:, 2, 1] = chance.uniform(count, -0.25, 0.25) * chosen
    maps[:, 0, 1] = chance.uniform(count, -0.2, 0.2) * chosen
    return maps


def draw_maps(aspects: Tensor, placement: Placement, chance: Chance) -> Tensor:
    """Draw maps from places of a view to places of its picture, shape (n, 3, 3)."""
    count = len(aspects)
    scales = _scales(count, placement, chance)
    maps = _identity(count, chance.device)
    maps[:, 0, 0], maps[:, 1, 1] = scales[:, 0], scales[:, 1]
    maps[:, :2, 2] = _shifts(scales, chance)
    turned = _turns(aspects, placement.turned, chance) @ _slants(count, placement.slanted, chance)
    return _orientations(count, placement.oriented, chance) @ maps @ turned


def _places(maps: Tensor, side: int) -> Tensor:
    """Apply maps to the middles of all pixels: shape (n, side, side, 2)."""
    line = (torch.arange(side, device=maps.device) + 0.5) * (2 / side) - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    spots = torch.stack((x, y, torch.ones_like(x)), -1).reshape(-1, 3)
    mapped = spots @ maps.transpose(1, 2)
    return (mapped[..., :2] / mapped[..., 2:].clamp(min=0.2)).reshape(len(maps), side, side, 2)


def sample(bank: Bank, chosen: Tensor, maps: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Draw views of pictures.

    Returns
    -------
    Shape (n, 3, side, side), float32 from 0 to 1, and where the picture is, shape (n, 1, side, side), bool.
    """
    places = _places(maps, side)
    views = torch.empty(len(maps), 3, side, side, device=maps.device)
    reach = torch.linalg.det(maps[:, :2, :2]).abs().sqrt() * (LEVELS[0] / side)
    level = (reach > 1.7).long() + (reach > 3.4).long()
    for number, pictures in enumerate(bank.levels):
        wanted = (level == number).nonzero()[:, 0]
        if len(wanted):
            pixels = pictures[chosen[wanted]].float() / 255
            drawn = functional.grid_sample(pixels, places[wanted], padding_mode="border", align_corners=False)
            views[wanted] = drawn
    return views, (places.abs().amax(-1) <= 1)[:, None]
