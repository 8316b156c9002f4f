"""How well descriptors find edits of photographs that never served for training, edit by edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from training import damage, tones
from training.chance import Chance
from training.geometry import Placement
from training.net import DescriptorNet, inputs_of
from training.overlays import Scenery
from training.pictures import Bank
from training.views import FEW, MANY, Edits, edited, plain

__all__ = ["RATES", "Finding", "describe", "validate"]

RATES = (1e-3, 1e-4, 1e-5, 1e-6)
"""Shares of pairs of strangers that may pass."""

_SEED = 77
_STILL = Placement(cropped=0, placed=0, oriented=0, turned=0, slanted=0)


def _only(**shares: float) -> Edits:
    placement = Placement(**{**vars(_STILL), **shares})
    return Edits(placement, strength=0.0, again=0.0)


_GEOMETRY: Mapping[str, Edits] = {
    "cropped": _only(cropped=1.0),
    "placed": _only(placed=1.0),
    "oriented": _only(oriented=1.0),
    "turned": _only(turned=1.0),
    "slanted": _only(slanted=1.0),
    "few": FEW,
    "many": MANY,
}

_PIXELS: Mapping[str, Callable[[Tensor, Chance], Tensor]] = {
    "equalized": tones.equalize,
    "gray": tones.gray,
    "hue": tones.hue,
    "blurred": damage.blur,
    "noisy": damage.noise,
    "compressed": damage.compress,
    "shrunken": damage.shrink,
}


@dataclass(frozen=True)
class Finding:
    """Shares of edits found."""

    at_rates: Mapping[str, tuple[float, ...]]
    """By edit: found at each of `RATES`."""
    nearest: Mapping[str, float]
    """By edit: the original is among the 5 nearest."""

    def mean(self) -> tuple[float, ...]:
        """Average over edits: at each of `RATES`, then nearest."""
        rates = torch.tensor(list(self.at_rates.values())).mean(0).tolist()
        return (*rates, sum(self.nearest.values()) / len(self.nearest))


def describe(net: DescriptorNet, pixels: Tensor) -> Tensor:
    """Describe pictures of shape (n, 3, side, side), 0 to 1, in blocks."""
    net.eval()
    with torch.no_grad(), torch.autocast(pixels.device.type, torch.bfloat16):
        found = torch.cat([net(*inputs_of(part)) for part in torch.split(pixels, 256)])
    net.train()
    return found


def _made(name: str, bank: Bank, scenery: Scenery, side: int) -> Tensor:
    """Make one edited view of each picture, the same ones each time."""
    chance = Chance(_SEED, len(name), bank.aspects.device)
    everyone = torch.arange(len(bank), device=chance.device)
    if name in _GEOMETRY:
        return edited(bank, everyone, side, _GEOMETRY[name], scenery, chance)
    pixels = plain(bank, everyone, side, chance)
    if name == "written over":
        return scenery.shapes(scenery.writing(pixels, chance), chance).clamp(0, 1)
    return _PIXELS[name](pixels, chance).clamp(0, 1)


def _thresholds(similar: Tensor) -> list[float]:
    """Find the similarity that each of `RATES` of the pairs of strangers reaches."""
    strangers = similar.flatten()
    most = strangers.topk(max(1, round(RATES[0] * len(strangers)))).values
    return [float(most[max(0, round(rate * len(strangers)) - 1)]) for rate in RATES]


def validate(net: DescriptorNet, bank: Bank, scenery: Scenery, side: int) -> Finding:
    """Measure on pictures held back: each edit against its original, and against all other originals."""
    everyone = torch.arange(len(bank), device=bank.aspects.device)
    originals = describe(net, plain(bank, everyone, side, Chance(_SEED, 0, bank.aspects.device)))
    names = (*_GEOMETRY, *_PIXELS, "written over")
    similar = torch.stack([describe(net, _made(name, bank, scenery, side)) @ originals.T for name in names])
    own = similar.diagonal(dim1=1, dim2=2).clone()
    similar.diagonal(dim1=1, dim2=2).fill_(-1)
    limits = _thresholds(similar)
    rates = {name: tuple(float((own[k] > limit).float().mean()) for limit in limits) for k, name in enumerate(names)}
    ahead = (similar > own[..., None]).sum(2)
    nearest = {name: float((ahead[k] < 5).float().mean()) for k, name in enumerate(names)}
    return Finding(rates, nearest)
