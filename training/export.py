"""Write the net as an ONNX file: as it was trained, and in 8-bit integers.

Usage::

    python -m training.export --checkpoint DIR/checkpoint.pt --data photos.zip --out DIR [--side 64]

DIR gets ``descriptor-float.onnx`` and ``descriptor.onnx``. Both take ``luma``, shape (n, 1, side, side), and
``cells``, shape (n, 32, 32, 3) RGB, both uint8, and give ``descriptors``, shape (n, 128), int8: unit vectors times
256, rounded.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from training.batches import Batches
from training.net import CELLS, DescriptorNet
from training.overlays import Scenery, writings
from training.pictures import load_photographs
from training.procedural import procedural

__all__ = ["SCALE", "ByteNet", "export_float", "load_net", "quantize", "settle"]

SCALE = 256
"""Unit vectors are stored as whole numbers of 1/256; of 128 dimensions hardly one reaches 127/256."""


class ByteNet(nn.Module):
    """The net with bytes at both ends."""

    def __init__(self, net: DescriptorNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, luma: Tensor, cells: Tensor) -> Tensor:
        """Describe: uint8 in, int8 out, see the module."""
        found: Tensor = self.net(luma.float(), cells.float())
        return (found * SCALE).round().clamp(-127, 127).to(torch.int8)


class _Examples(CalibrationDataReader):  # type: ignore[misc]
    """Views to find the ranges of all maps from."""

    def __init__(self, batches: Batches, picked: int) -> None:
        self._batches: Iterator[dict[str, NDArray[np.uint8]]] = self._made(batches, picked)

    @staticmethod
    def _made(batches: Batches, picked: int) -> Iterator[dict[str, NDArray[np.uint8]]]:
        for index in range(len(batches)):
            batch = batches[index]
            chosen = slice(None, None, max(1, len(batch.owners) // picked))
            yield {"luma": batch.luma[chosen].numpy(), "cells": batch.cells[chosen].contiguous().numpy()}

    def get_next(self) -> dict[str, Any] | None:
        """Return the next views, or None."""
        return next(self._batches, None)


def load_net(checkpoint: Path) -> DescriptorNet:
    """Read the averaged weights of a checkpoint."""
    net = DescriptorNet()
    net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["averaged"])
    return net.eval()


def settle(net: DescriptorNet, batches: Batches) -> DescriptorNet:
    """Measure means and variances of all maps anew: those of a training belong to weights not averaged."""
    norms = [part for part in net.modules() if isinstance(part, nn.BatchNorm2d)]
    net.train()
    with torch.no_grad():
        for index in range(len(batches)):
            for norm in norms:
                norm.momentum = 1 / (index + 1)
            batch = batches[index]
            net(batch.luma.float(), batch.cells.float())
    return net.eval()


def export_float(net: DescriptorNet, path: Path, side: int) -> None:
    """Write the net in float32, for batches of any size and pictures of one side."""
    examples = (torch.zeros(2, 1, side, side, dtype=torch.uint8), torch.zeros(2, CELLS, CELLS, 3, dtype=torch.uint8))
    many = {0: "n"}
    torch.onnx.export(
        ByteNet(net).eval(),
        examples,
        str(path),
        input_names=["luma", "cells"],
        output_names=["descriptors"],
        dynamic_axes={"luma": many, "cells": many, "descriptors": many},
        opset_version=17,
        dynamo=False,
    )


def quantize(source: Path, target: Path, batches: Batches) -> None:
    """Write the convolutions in 8-bit integers, their ranges taken from views.

    Weights have 7 bits: on processors without VNNI instructions, sums of products of 8 bits would saturate, and
    descriptors would differ from those of other processors.
    """
    ready = target.with_suffix(".ready")
    quant_pre_process(str(source), str(ready))
    quantize_static(
        str(ready),
        str(target),
        _Examples(batches, 48),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv", "Add", "Relu"],
        calibrate_method=CalibrationMethod.MinMax,
    )
    ready.unlink()


def main() -> None:
    """Read the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--side", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    scenery = Scenery(load_photographs(options.data).training.joined(procedural(700, 1)), writings(256, 1))
    batches = Batches(scenery, None, first=10**6, last=10**6 + 12, side=options.side, size=64, seed=1)
    source, target = options.out / "descriptor-float.onnx", options.out / "descriptor.onnx"
    export_float(settle(load_net(options.checkpoint), batches), source, options.side)
    quantize(source, target, batches)
    print(f"{source}: {source.stat().st_size} bytes, {target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
