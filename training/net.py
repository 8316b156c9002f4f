"""The net: a small residual convolution net that makes 128 numbers of a picture, the same in all 8 orientations.

It sees what the extraction pass has at hand: the luma of the picture squashed to a square, and the colors of 32 x 32
cells. Luma is brought to zero mean and unit deviation within the picture, which takes brightness and contrast away
for nothing. Maps are pooled by the generalized mean (Radenovic et al. 2019, doi:10.1109/TPAMI.2018.2846566), over
places and poses.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.poses import POSES, Lifting, PoseConvolution, PoseNorm

__all__ = ["CELLS", "DIMENSIONS", "DescriptorNet", "inputs_of"]

CELLS = 32
DIMENSIONS = 128
_LUMA = (0.299, 0.587, 0.114)
_CHROMA = ((-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def inputs_of(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Reduce pictures of shape (n, 3, side, side), 0 to 1, to what the net sees, rounded as bytes are.

    Returns
    -------
    Luma, shape (n, 1, side, side), and the colors of cells, shape (n, 32, 32, 3); float32, whole numbers 0 to 255.
    """
    weights = torch.tensor(_LUMA, device=pixels.device).reshape(1, 3, 1, 1)
    luma = (255 * (pixels * weights).sum(1, keepdim=True)).round_()
    cells = (255 * functional.adaptive_avg_pool2d(pixels, CELLS)).round_()
    return luma, cells.permute(0, 2, 3, 1)


class Residual(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.first = nn.Sequential(PoseConvolution(kinds, kinds), PoseNorm(kinds), nn.ReLU())
        # Branches that start small let the net begin as a shallow one.
        self.second = nn.Sequential(PoseConvolution(kinds, kinds), PoseNorm(kinds, scale=0.3))

    def forward(self, maps: Tensor) -> Tensor:
        """Keep the shape (n, 8 kinds, h, w)."""
        return functional.relu(maps + self.second(self.first(maps)))


def _halving(kinds: int, more: int) -> nn.Sequential:
    return nn.Sequential(PoseConvolution(kinds, more, 4, stride=2), PoseNorm(more), nn.ReLU())


class DescriptorNet(nn.Module):
    """Luma and cells to descriptors of unit length.

    Parameters
    ----------
    kinds
        Groups of eight maps at a quarter, an eighth and a sixteenth of the side.
    blocks
        Residual blocks at each of these.
    features
        Groups of maps that are pooled.
    """

    def __init__(
        self, kinds: Sequence[int] = (8, 16, 28), blocks: Sequence[int] = (1, 2, 2), features: int = 128
    ) -> None:
        super().__init__()
        self.edges = nn.Sequential(Lifting(1, 2, 4, stride=2, padding=1), PoseNorm(2), nn.ReLU())
        self.forms = nn.Sequential(PoseConvolution(2, kinds[0], 4, stride=2), PoseNorm(kinds[0]))
        self.colors = nn.Sequential(Lifting(2, kinds[0], 3, stride=1, padding=1), PoseNorm(kinds[0], scale=0.5))
        layers: list[nn.Module] = []
        for number, (width, count) in enumerate(zip(kinds, blocks, strict=True)):
            if number:
                layers.append(_halving(kinds[number - 1], width))
            layers += [Residual(width) for _ in range(count)]
        layers += [PoseConvolution(kinds[-1], features, 1, padding=0), PoseNorm(features), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        # Pooled maps are positive: without their mean taken away, all descriptors would begin alike.
        self.centered: nn.Module = nn.BatchNorm1d(features, affine=False)
        self.head = nn.Linear(features, DIMENSIONS, bias=False)
        self.register_buffer("chroma", torch.tensor(_CHROMA), persistent=False)

    def forward(self, luma: Tensor, cells: Tensor) -> Tensor:
        """Describe.

        Parameters
        ----------
        luma
            Shape (n, 1, side, side), float32, 0 to 255; the side is a multiple of 16.
        cells
            Shape (n, 32, 32, 3), float32 RGB, 0 to 255.

        Returns
        -------
        Shape (n, 128), float32, unit length.
        """
        centered = luma - luma.mean((2, 3), keepdim=True)
        deviation = (centered * centered).mean((2, 3), keepdim=True).sqrt()
        drawn = self.forms(self.edges(centered / (deviation + 4.0)))
        chroma = functional.linear(cells, self.get_buffer("chroma")).permute(0, 3, 1, 2) / 32
        chroma = functional.interpolate(chroma, drawn.shape[-2:], mode="bilinear", align_corners=False)
        maps = self.body(functional.relu(drawn + self.colors(chroma))).float()
        cubes = (maps * maps * maps).mean((2, 3)).reshape(-1, self.head.in_features, POSES).mean(2)
        pooled = (cubes + 1e-6).pow(1 / 3)
        return functional.normalize(self.head(self.centered(pooled)).float(), dim=1)
