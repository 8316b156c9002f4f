"""Convolutions that treat the 8 orientations of a picture alike.

Maps come in groups of eight, one for each pose of the same filter (group-equivariant convolution, Cohen and Welling
2016, arXiv:1602.07576, for the group of the square). When the picture is turned or mirrored, maps turn with it and
change places within their groups, so whatever is pooled over places and poses stays the same. Filters have an even
side where they go by steps of two, so that the places which they look at lie evenly too. Once trained, the filters are
written out, and what runs is an ordinary convolution.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["POSES", "Lifting", "PoseConvolution", "PoseNorm", "posed"]

POSES = 8


def posed(grid: Tensor, pose: int) -> Tensor:
    """Bring the last two axes of a tensor into one of the 8 poses: exchanged for 4 to 7, then reversed."""
    if pose & 4:
        grid = grid.transpose(-1, -2)
    axes = [axis for axis, bit in ((-1, 1), (-2, 2)) if pose & bit]
    return grid.flip(axes) if axes else grid


def _relative() -> list[list[int]]:
    """Tell, for poses g and h, the pose that g must follow to give h."""
    grid = torch.arange(9).reshape(3, 3)
    poses = [posed(grid, pose) for pose in range(POSES)]
    return [
        [next(k for k in range(POSES) if torch.equal(posed(poses[k], g), poses[h])) for h in range(POSES)]
        for g in range(POSES)
    ]


_RELATIVE = _relative()


def _last(maps: Tensor) -> Tensor:
    """Lay channels out last, which is what the convolutions of processors and of tensor cores want."""
    return maps.contiguous(memory_format=torch.channels_last)


class Lifting(nn.Module):
    """From planes to groups of maps."""

    def __init__(self, planes: int, kinds: int, side: int, stride: int, padding: int) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.randn(kinds, planes, side, side) * math.sqrt(2 / (planes * side * side)))
        self.stride, self.padding = stride, padding

    def written(self) -> Tensor:
        """Write the filters out in all poses: shape (8 kinds, planes, side, side)."""
        return torch.stack([posed(self.filters, pose) for pose in range(POSES)], 1).flatten(0, 1)

    def forward(self, planes: Tensor) -> Tensor:
        """From shape (n, planes, h, w) to (n, 8 kinds, h', w')."""
        return functional.conv2d(_last(planes), _last(self.written()), stride=self.stride, padding=self.padding)


class PoseConvolution(nn.Module):
    """From groups of maps to groups of maps."""

    def __init__(self, kinds: int, more: int, side: int = 3, stride: int = 1, padding: int = 1) -> None:
        super().__init__()
        deviation = math.sqrt(2 / (kinds * POSES * side * side))
        self.filters = nn.Parameter(torch.randn(more, kinds, POSES, side, side) * deviation)
        self.stride, self.padding = stride, padding

    def written(self) -> Tensor:
        """Write the filters out in all poses: shape (8 more, 8 kinds, side, side)."""
        each = torch.stack([posed(self.filters[:, :, _RELATIVE[pose]], pose) for pose in range(POSES)], 1)
        return each.flatten(2, 3).flatten(0, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """From shape (n, 8 kinds, h, w) to (n, 8 more, h', w')."""
        return functional.conv2d(_last(maps), _last(self.written()), stride=self.stride, padding=self.padding)


class PoseNorm(nn.Module):
    """Normalization over the batch; scale and shift are the same for all poses, and so are means once trained.

    While training, each pose has its own mean: as views come in all orientations, these are equal but for chance.
    """

    def __init__(self, kinds: int, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((kinds,), scale))
        self.shift = nn.Parameter(torch.zeros(kinds))
        self.momentum = 0.1
        self.register_buffer("mean", torch.zeros(kinds * POSES))
        self.register_buffer("variance", torch.ones(kinds * POSES))

    def pooled(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return mean, variance, scale and shift, each of shape (8 kinds,) and the same for all poses of a kind."""
        seen = (self.get_buffer(name).reshape(-1, POSES).mean(1) for name in ("mean", "variance"))
        mean, variance, scale, shift = (v.repeat_interleave(POSES) for v in (*seen, self.scale, self.shift))
        return mean, variance, scale, shift

    def forward(self, maps: Tensor) -> Tensor:
        """Keep the shape (n, 8 kinds, h, w)."""
        mean, variance, scale, shift = self.pooled()
        if self.training:
            mean, variance = self.get_buffer("mean"), self.get_buffer("variance")
        return functional.batch_norm(maps, mean, variance, scale, shift, self.training, self.momentum)
