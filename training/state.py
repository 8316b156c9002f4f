"""What a training is made of and how it is kept: its recipe, and all that changes from step to step."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from training.net import DescriptorNet

__all__ = ["Recipe", "State"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Sizes and rates."""

    steps: int = 11000
    size: int = 128
    """Pictures a batch, of three views each."""
    parts: int = 2
    """Parts of a batch, worked on at the same time and normalized on their own: a part of the recipe."""
    peak: float = 1.2e-3
    """Learning rate after the warm-up."""
    warmup: int = 200
    """Steps with a rising rate."""
    decay: float = 0.02
    temperature: float = 0.05
    entropy: float = 1.0
    """Weight of the entropy regularizer."""
    others: float = 0.3
    """Weight of pairs of two edits, beside those of an edit and its original."""
    averaging: float = 0.998
    """Share that the averaged weights keep at each step."""
    alike_from: int = 750
    """Step from which on batches hold look-alikes: before, descriptors tell little."""
    procedural: int = 1600
    """Pictures drawn by program, beside the photographs."""
    round: int = 250
    """Steps between checkpoints, each with a new table of look-alikes."""
    validate_every: int = 1000
    sides: tuple[tuple[float, int], ...] = ((0.0, 64),)
    """From which share of the steps on views have which side."""
    falling: float = 0.43
    """Share of the steps, the last ones, in which the rate falls to zero."""
    seed: int = 1

    def rate(self, step: int) -> float:
        """Tell the learning rate: warm-up, then constant, then half a cosine, so that a longer training can go on."""
        left = (self.steps - step) / (self.steps * self.falling)
        fall = 0.5 - 0.5 * math.cos(math.pi * min(1.0, left))
        return self.peak * min(1.0, (step + 1) / self.warmup) * fall

    def side(self, step: int) -> int:
        """Tell the side of views."""
        return max(side for share, side in self.sides if step >= share * self.steps)

    def round_end(self, step: int) -> int:
        """Tell where the round of a step ends; views keep their side within one."""
        return min(self.steps, (step // self.round + 1) * self.round)


class State:
    """The net, its average, and the optimizer, after some steps."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        self.recipe = recipe
        self.step = 0
        # Channels last is what the convolutions of processors and of tensor cores want.
        self.net = DescriptorNet().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.net).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=recipe.peak, weight_decay=recipe.decay)
        self.neighbors: Tensor | None = None

    def average(self) -> None:
        """Move the averaged weights towards the current ones, faster in the beginning."""
        keep = min(self.recipe.averaging, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for mean, now in zip(self.averaged.parameters(), self.net.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
            for kept, latest in zip(self.averaged.buffers(), self.net.buffers(), strict=True):
                kept.copy_(latest)

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        parts = {
            "step": self.step,
            "net": self.net.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "neighbors": self.neighbors,
        }
        torch.save(parts, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    @classmethod
    def load(cls, path: Path, recipe: Recipe, device: torch.device) -> State:
        """Read a checkpoint; a new state when there is none."""
        state = cls(recipe, device)
        if not path.exists():
            return state
        parts = torch.load(path, map_location=device, weights_only=True)
        state.step, state.neighbors = parts["step"], parts["neighbors"]
        state.net.load_state_dict(parts["net"])
        state.averaged.load_state_dict(parts["averaged"])
        state.optimizer.load_state_dict(parts["optimizer"])
        return state
