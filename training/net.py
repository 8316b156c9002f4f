"""The net: a small residual convolution net that makes 128 numbers of a picture.

It sees what the extraction pass has at hand: the luma of the picture squashed to a square, and the colors of 32 x 32
cells. Luma is brought to zero mean and unit deviation within the picture, which takes brightness and contrast away
for nothing. Maps are pooled by the generalized mean (Radenovic et al. 2019, doi:10.1109/TPAMI.2018.2846566).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["CELLS", "DIMENSIONS", "DescriptorNet", "inputs_of"]

CELLS = 32
DIMENSIONS = 128
_LUMA = (0.299, 0.587, 0.114)


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


class Convolution(nn.Sequential):
    """A convolution of 3 x 3 and the normalization of its maps over the batch, which an export melts into one."""

    def __init__(self, width: int, wider: int, stride: int = 1) -> None:
        super().__init__(nn.Conv2d(width, wider, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(wider))


class Residual(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = Convolution(width, width)
        self.second = Convolution(width, width)
        # Branches that start small let the net begin as a shallow one.
        nn.init.constant_(self.second.get_parameter("1.weight"), 0.3)

    def forward(self, maps: Tensor) -> Tensor:
        """Keep the shape (n, width, h, w)."""
        return functional.relu(maps + self.second(functional.relu(self.first(maps))))


class DescriptorNet(nn.Module):
    """Luma and cells to descriptors of unit length."""

    def __init__(self, widths: Sequence[int] = (64, 128, 224), blocks: Sequence[int] = (1, 2, 2)) -> None:
        super().__init__()
        self.stem = Convolution(6, widths[0], stride=2)
        layers: list[nn.Module] = []
        for number, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            if number:
                layers += [Convolution(widths[number - 1], width, stride=2), nn.ReLU()]
            layers += [Residual(width) for _ in range(count)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(widths[-1], DIMENSIONS, bias=False)
        mix = torch.tensor([_LUMA, (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312)])
        self.register_buffer("chroma", mix[1:].clone(), persistent=False)

    def planes(self, luma: Tensor, cells: Tensor) -> Tensor:
        """Lay out six planes of half the side: four of luma (each pixel of 2 x 2) and two of chroma."""
        centered = luma - luma.mean((2, 3), keepdim=True)
        deviation = (centered * centered).mean((2, 3), keepdim=True).sqrt()
        spread = functional.pixel_unshuffle(centered / (deviation + 4.0), 2)
        chroma = functional.linear(cells, self.get_buffer("chroma")).permute(0, 3, 1, 2) / 32
        if spread.shape[-1] != CELLS:
            chroma = functional.interpolate(chroma, spread.shape[-2:], mode="bilinear", align_corners=False)
        return torch.cat((spread, chroma), 1).contiguous(memory_format=torch.channels_last)

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
        maps = self.body(functional.relu(self.stem(self.planes(luma, cells))))
        maps = maps.float().clamp(min=1e-4)
        pooled = (maps * maps * maps).mean((2, 3)).pow(1 / 3)
        return functional.normalize(self.head(pooled).float(), dim=1)
