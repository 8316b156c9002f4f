"""Work on the parts of a batch at the same time, one thread a part.

Threads meet once a step. The library's own threads meet in every operation, which on a processor that has other work
to do costs more than they bring.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from training.net import DescriptorNet

__all__ = ["Halves"]

_Result = TypeVar("_Result")


class Halves:
    """Copies of a net, each of which sees a part of every batch.

    Maps are normalized within a part. Sums are added in the order of the parts, so results do not depend on who is
    done first.
    """

    def __init__(self, net: DescriptorNet, parts: int) -> None:
        self._net = net
        self._copies = [copy.deepcopy(net) for _ in range(parts)]
        self._threads = ThreadPoolExecutor(parts)
        self._weights = list(net.parameters())

    def _each(self, work: Callable[[int], _Result]) -> list[_Result]:
        return list(self._threads.map(work, range(len(self._copies))))

    def describe(self, luma: Tensor, cells: Tensor) -> list[Tensor]:
        """Describe every n-th view in the n-th copy, and keep what the gradient needs."""
        parts = len(self._copies)

        def work(part: int) -> Tensor:
            twin = self._copies[part]
            with torch.no_grad():
                for mine, weight in zip(twin.parameters(), self._weights, strict=True):
                    mine.copy_(weight)
            with torch.autocast(luma.device.type, torch.bfloat16):
                found: Tensor = twin(luma[part::parts].float(), cells[part::parts].float())
            return found

        return self._each(work)

    def backward(self, found: list[Tensor], gradients: list[Tensor]) -> None:
        """Turn gradients of the descriptors into those of the net's weights."""

        def work(part: int) -> tuple[Tensor, ...]:
            return torch.autograd.grad(found[part], list(self._copies[part].parameters()), gradients[part])

        for weight, *sums in zip(self._weights, *self._each(work), strict=True):
            weight.grad = torch.stack(sums).sum(0)
        with torch.no_grad():
            for mean, *own in zip(self._net.buffers(), *(twin.buffers() for twin in self._copies), strict=True):
                mean.copy_(torch.stack(own).float().mean(0))
                for value in own:
                    value.copy_(mean)
