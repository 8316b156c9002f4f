"""Views of pictures: the picture as it is, and edited ones, one or two edits or a mixture of many."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from training.chance import Chance
from training.damage import DAMAGE, compress
from training.geometry import Placement, draw_maps, sample
from training.overlays import Scenery
from training.pictures import Bank
from training.tones import TONES

__all__ = ["FEW", "MANY", "Edits", "edited", "plain"]


@dataclass(frozen=True)
class Edits:
    """How much is done to a view."""

    placement: Placement
    strength: float
    """Factor on the shares of views that each edit of tone, damage and overlay meets."""
    again: float
    """Share of views that are cut or placed a second time, after all else."""


FEW = Edits(Placement(cropped=0.36, placed=0.26, oriented=0.48, turned=0.18, slanted=0.04), strength=0.42, again=0.0)
MANY = Edits(Placement(cropped=0.46, placed=0.32, oriented=0.48, turned=0.35, slanted=0.12), strength=1.0, again=0.15)

_AGAIN = Placement(cropped=0.6, placed=0.4, oriented=0.0, turned=0.2, slanted=0.05)


def _identity(count: int, device: torch.device) -> Tensor:
    return torch.eye(3, device=device).repeat(count, 1, 1)


def plain(bank: Bank, chosen: Tensor, side: int, chance: Chance) -> Tensor:
    """Draw pictures as they are, some compressed: shape (n, 3, side, side), 0 to 1."""
    pixels, _ = sample(bank, chosen, _identity(len(chosen), chance.device), side)
    return chance.some(pixels, 0.15, compress)


def _placed(pixels: Tensor, inside: Tensor, scenery: Scenery, chance: Chance) -> Tensor:
    """Fill what no picture covers; now and then the lines at its edge simply go on."""
    open_ = (~inside.flatten(1).all(1) & ~chance.flags(len(pixels), 0.06)).nonzero()[:, 0]
    if len(open_):
        ground = scenery.backgrounds(len(open_), pixels.shape[-1], chance)
        pixels[open_] = torch.where(inside[open_], pixels[open_], ground)
    return pixels


def _second_time(pixels: Tensor, scenery: Scenery, chance: Chance) -> Tensor:
    """Cut or place what is edited already."""
    bank = Bank((pixels,) * 3, torch.ones(len(pixels), device=pixels.device))
    maps = draw_maps(bank.aspects, _AGAIN, chance)
    drawn, inside = sample(bank, torch.arange(len(pixels), device=pixels.device), maps, pixels.shape[-1])
    return _placed(drawn * 255, inside, scenery, chance)


def edited(bank: Bank, chosen: Tensor, side: int, edits: Edits, scenery: Scenery, chance: Chance) -> Tensor:
    """Draw edited views: shape (n, 3, side, side), 0 to 1."""
    maps = draw_maps(bank.aspects[chosen], edits.placement, chance)
    pixels, inside = sample(bank, chosen, maps, side)
    strength = edits.strength
    for share, edit in TONES:
        chance.some(pixels, share * strength, edit)
    pixels = _placed(pixels, inside, scenery, chance)
    chance.some(pixels, 0.12 * strength, scenery.shapes)
    chance.some(pixels, 0.16 * strength, scenery.stickers)
    chance.some(pixels, 0.15 * strength, scenery.writing)
    chance.some(pixels, 0.10 * strength, scenery.border)
    if edits.again:
        chance.some(pixels, edits.again, lambda part, draws: _second_time(part, scenery, draws))
    for share, edit in DAMAGE:
        chance.some(pixels, share * strength, edit)
    return pixels.clamp_(0, 1)
