"""Random numbers of one step, so that a resumed training draws the same as one that was never stopped."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["Chance"]


class Chance:
    """Draws for whole batches, from one seed and the number of the step."""

    def __init__(self, seed: int, step: int, device: torch.device) -> None:
        self.device = device
        self._generator = torch.Generator(device)
        self._generator.manual_seed(seed * 1_000_003 + step)

    def uniform(self, count: int, low: float, high: float) -> Tensor:
        """Draw float32 of shape (count,), evenly."""
        return low + (high - low) * torch.rand(count, generator=self._generator, device=self.device)

    def geometric(self, count: int, low: float, high: float) -> Tensor:
        """Draw float32 of shape (count,), evenly on a logarithmic scale."""
        return torch.exp(self.uniform(count, math.log(low), math.log(high)))

    def normal(self, *shape: int) -> Tensor:
        """Draw float32 of zero mean and unit variance."""
        return torch.randn(shape, generator=self._generator, device=self.device)

    def integers(self, count: int, below: int) -> Tensor:
        """Draw int64 of shape (count,), from 0 to ``below - 1``."""
        return torch.randint(below, (count,), generator=self._generator, device=self.device)

    def flags(self, count: int, share: float) -> Tensor:
        """Draw bool of shape (count,), true with a probability of ``share``."""
        return torch.rand(count, generator=self._generator, device=self.device) < share

    def some(self, pixels: Tensor, share: float, edit: Callable[[Tensor, Chance], Tensor]) -> Tensor:
        """Edit a random share of a batch of shape (n, 3, side, side), in place; an edit returns its batch anew."""
        places = self.flags(len(pixels), share).nonzero()[:, 0]
        if len(places):
            pixels[places] = edit(pixels[places], self).clamp(0, 1)
        return pixels
