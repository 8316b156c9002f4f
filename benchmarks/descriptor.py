"""Measure how well a global descriptor finds edited copies among pictures that look alike.

Usage::

    python benchmarks/descriptor.py MODEL.onnx SET [SET ...] [--fastdup FEATURES ...] [--each]

A SET is a folder with ``images`` and ``truth.csv`` (file, source, transform, keep). MODEL takes the luma and the cells
of the package's small picture. Printed are, as means over the kinds of edit and with ``--each`` for every kind, the
shares of (original, edit) pairs above the similarity that one in 1,000, 10,000, 100,000 and 1,000,000 pairs of
strangers reaches, and with the original among the 5 nearest; the time an image on one thread, the decode and the small
picture not counted; and the bytes an image. ``--fastdup`` names, for each set, the folder in which
`peers/fastdup_features.py` left that tool's descriptors, which are then measured in the same way.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from evaluation.descriptors import RATES, Separation, separation
from imgsieve.config import RunConfig
from imgsieve.features.reduction import CELLS, SmallPicture, small_picture
from imgsieve.imaging import decode, probe
from scoring import TruthRow, read_truth

_FASTDUP_DIMENSIONS = 576
_DECODE = RunConfig().decode


def read_small(path: Path, into: SmallPicture) -> SmallPicture:
    """Decode and reduce one file as the extraction pass does."""
    data = path.read_bytes()
    header = probe(data, max_pixels=_DECODE.max_pixels, min_side=_DECODE.min_side)
    return small_picture(decode(data, header, min_side=_DECODE.min_side).pixels, into)


def luma_of(small: SmallPicture, side: int) -> NDArray[np.uint8]:
    """Reduce the luma by area averaging to shape (side, side), rounded."""
    reduced = cv2.resize(small.luma, (side, side), interpolation=cv2.INTER_AREA)
    return np.clip(np.rint(reduced), 0, 255).astype(np.uint8)


class Model:
    """A descriptor model on one thread."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.side = int(self._session.get_inputs()[0].shape[2])

    def describe(self, luma: NDArray[np.uint8], cells: NDArray[np.uint8]) -> NDArray[np.int8]:
        """Describe pictures of shapes (n, 1, side, side) and (n, 32, 32, 3)."""
        return np.asarray(self._session.run(None, {"luma": luma, "cells": cells})[0])


def inputs_of(folder: Path, rows: Sequence[TruthRow], side: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read the luma and the cells of all files of a set."""
    luma = np.empty((len(rows), 1, side, side), np.uint8)
    cells = np.empty((len(rows), CELLS, CELLS, 3), np.uint8)
    small = SmallPicture()
    for k, row in enumerate(rows):
        read_small(folder / "images" / row.file, small)
        luma[k, 0], cells[k] = luma_of(small, side), small.cells
    return luma, cells


def milliseconds(model: Model, luma: NDArray[np.uint8], cells: NDArray[np.uint8], batch: int) -> float:
    """Return the median time an image in batches of one size."""
    times = []
    for at in range(0, min(len(luma), 64 * batch) - batch + 1, batch):
        began = time.perf_counter()
        model.describe(luma[at : at + batch], cells[at : at + batch])
        times.append((time.perf_counter() - began) / batch)
    return 1000 * statistics.median(times)


def own_vectors(model: Model, folder: Path, rows: Sequence[TruthRow]) -> NDArray[np.float32]:
    """Describe a set, and print what it costs."""
    luma, cells = inputs_of(folder, rows, model.side)
    found = np.concatenate([model.describe(luma[k : k + 16], cells[k : k + 16]) for k in range(0, len(rows), 16)])
    cost = ", ".join(f"{milliseconds(model, luma, cells, n):.2f} in batches of {n}" for n in (1, 8))
    print(f"{folder}: {found.shape[1] * found.itemsize} bytes an image; milliseconds an image: {cost}")
    vectors = found.astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def fastdup_vectors(folder: Path, rows: Sequence[TruthRow]) -> NDArray[np.float32]:
    """Read that tool's descriptors: float32, in the order of a table beside them."""
    stored = np.fromfile(folder / "atrain_features.dat", np.float32).reshape(-1, _FASTDUP_DIMENSIONS)
    with (folder / "atrain_features.dat.csv").open(newline="", encoding="utf-8") as stream:
        place = {"/".join(Path(row["filename"]).parts[-2:]): int(row["index"]) for row in csv.DictReader(stream)}
    vectors = stored[[place["/".join(Path(row.file).parts[-2:])] for row in rows]]
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def show(name: str, result: Separation, *, each: bool) -> None:
    """Print the shares of one descriptor on one set."""
    print(f"{name}, {result.strangers:,} pairs of strangers; thresholds {[round(t, 3) for t in result.thresholds]}")
    rates = "".join(f"  1 in {round(1 / rate):>9,}" for rate in RATES)
    print(f"  {'':14}{'pairs':>6}{rates}  nearest 5")
    lines = [*result.found.items()] if each else []
    for kind, shares in [*lines, ("mean", result.mean())]:
        pairs = result.pairs.get(kind, sum(result.pairs.values()))
        print(f"  {kind:14}{pairs:6}" + "".join(f"{share:16.4f}" for share in shares[:-1]) + f"{shares[-1]:11.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--fastdup", nargs="*", type=Path, default=[])
    parser.add_argument("--each", action="store_true")
    options = parser.parse_args()
    model = Model(options.model)
    for number, folder in enumerate(options.sets):
        rows = read_truth(folder / "truth.csv")
        show("this model", separation(own_vectors(model, folder, rows), rows), each=options.each)
        if number < len(options.fastdup):
            show("fastdup", separation(fastdup_vectors(options.fastdup[number], rows), rows), each=options.each)


if __name__ == "__main__":
    main()
