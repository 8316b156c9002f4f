"""Batches of views, each made from its own number alone, so that they can be made ahead, elsewhere, and again."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.chance import Chance
from training.net import inputs_of
from training.overlays import Scenery
from training.views import FEW, MANY, edited, plain

__all__ = ["Batch", "Batches"]


@dataclass(frozen=True)
class Batch:
    """Views of pictures, as the net sees them."""

    luma: Tensor
    """Shape (3 n, 1, side, side), uint8: the plain views, those with few edits, and those with many."""
    cells: Tensor
    """Shape (3 n, 32, 32, 3), uint8."""
    owners: Tensor
    """Which picture each view shows, shape (3 n,)."""


class Batches(Dataset[Batch]):
    """The batches of steps ``first`` to ``last - 1``.

    Parameters
    ----------
    neighbors
        For each picture those that look most like it, shape (pictures, k): a quarter of a batch are random pictures,
        the others random ones with three look-alikes each. None: random pictures only.
    """

    def __init__(
        self, scenery: Scenery, neighbors: Tensor | None, *, first: int, last: int, side: int, size: int, seed: int
    ) -> None:
        self.scenery, self.neighbors = scenery, neighbors
        self.first, self.last, self.side, self.size, self.seed = first, last, side, size, seed

    def __len__(self) -> int:
        """Count steps."""
        return self.last - self.first

    def _choose(self, chance: Chance) -> Tensor:
        bank = self.scenery.pictures
        if self.neighbors is None:
            return chance.integers(self.size, len(bank))
        alone = chance.integers(self.size // 4, len(bank))
        seeds = chance.integers(3 * self.size // 16, len(bank))
        near = self.neighbors[seeds]
        picks = torch.stack([chance.integers(len(seeds), near.shape[1]) for _ in range(3)], 1)
        return torch.cat((alone, seeds, near.gather(1, picks).flatten()))

    def __getitem__(self, index: int) -> Batch:
        """Make the batch of step ``first + index``."""
        bank = self.scenery.pictures
        chance = Chance(self.seed, self.first + index, bank.aspects.device)
        chosen = self._choose(chance)
        views = [plain(bank, chosen, self.side, chance)]
        views += [edited(bank, chosen, self.side, edits, self.scenery, chance) for edits in (FEW, MANY)]
        luma, cells = inputs_of(torch.cat(views).clamp_(0, 1))
        return Batch(luma.to(torch.uint8), cells.to(torch.uint8), chosen.repeat(3))
