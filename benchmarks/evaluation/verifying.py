"""Stage 4 on single pairs, outside a run: how it judges, and what that costs."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluation.finished import Measured, Pair
from imgsieve.config import RunConfig
from imgsieve.features.glance import agreeing_share
from imgsieve.features.orientation import ANY_ORIENTATION
from imgsieve.features.regions import SOME_PART
from imgsieve.imaging import decode, probe
from imgsieve.stages.local import Comparison, compare
from imgsieve.stages.views import View, view_of_decoded

__all__ = ["Judged", "Pictures", "Speed", "judged", "speed"]


class Pictures:
    """Views of the images of a finished run, some of them held.

    Parameters
    ----------
    run_folder
        Where the run left its features.
    held
        How many views are held; the least recently used one goes first.
    """

    def __init__(self, measured: Measured, run_folder: Path, held: int) -> None:
        self._measured = measured
        self._trimmed = _trimmed_of(run_folder)
        self._limit = held
        self._held: OrderedDict[int, View] = OrderedDict()

    def view(self, image: int) -> View:
        """Return the view of an image."""
        view = self._held.pop(image, None) or self._decoded(image)
        self._held[image] = view
        while len(self._held) > self._limit:
            self._held.popitem(last=False)
        return view

    def _decoded(self, image: int) -> View:
        options = self._measured.config.decode
        data = (self._measured.folder / self._measured.file[image]).read_bytes()
        header = probe(data, max_pixels=options.max_pixels, min_side=options.min_side)
        decoded = decode(data, header, min_side=options.min_side)
        return view_of_decoded(decoded, self._measured.config.local, self._trimmed.get(image))


def _trimmed_of(run_folder: Path) -> dict[int, NDArray[np.uint8]]:
    """Return, by image, the rectangle inside flat margins that stage 1 found."""
    parts = sorted((run_folder / "features").glob("part-*.parquet"))
    rows = [row for part in parts for row in pq.read_table(part, columns=["image_id", "trimmed"]).to_pylist()]
    return {row["image_id"]: np.frombuffer(row["trimmed"], np.uint8) for row in rows if row["trimmed"] is not None}


@dataclass(frozen=True)
class Judged:
    """One pair, what stage 4 says of it, and the processor time of one thread for that."""

    pair: Pair
    found: Comparison
    at_a_glance: float
    """Share of blocks that lie alike at a glance; 1 where pairs are not looked at in this way."""
    decode_seconds: float
    compare_seconds: float


def judged(pictures: Pictures, pairs: Sequence[Mapping[str, Any]], config: RunConfig) -> Iterator[Judged]:
    """Judge pairs one after another as they stand in a table of pairs.

    Parameters
    ----------
    pairs
        Rows with ``a`` and ``b``, and how they met: ``orientation`` (or ``met``) and ``region``.
    """
    cv2.setNumThreads(1)
    for row in pairs:
        started = time.thread_time()
        one, other = pictures.view(row["a"]), pictures.view(row["b"])
        decoded = time.thread_time()
        met, region = row.get("met", row["orientation"]), row["region"]
        regions = None if region == SOME_PART else (region, region)
        found = compare(one, other, met, regions=regions, config=config.local)
        compared = time.thread_time()
        glance = 1.0
        if met != ANY_ORIENTATION and regions is not None:
            glance = float(agreeing_share(one.glimpse(regions[0], 0), other.glimpse(regions[1], met)))
        yield Judged((row["a"], row["b"]), found, glance, decoded - started, compared - decoded)


@dataclass(frozen=True)
class Speed:
    """Pairs that one core verifies in a second of its time."""

    pairs: int
    a_second: float
    """With both pictures decoded for each pair."""
    compared_a_second: float
    """Without decoding: what a pair costs whose pictures are at hand."""


def speed(measured: Measured, run_folder: Path, *, most: int, seed: int) -> dict[str, Speed]:
    """Measure copies and strangers that stage 4 saw in a run, a random sample of at most ``most`` pairs each."""
    rows = [said["local"] for said in measured.finished.said.values() if "local" in said]
    Random(seed).shuffle(rows)
    speeds = {}
    for kind, wanted in (("copies", True), ("strangers", False)):
        chosen = [row for row in rows if measured.is_copy((row["a"], row["b"])) == wanted][:most]
        told = list(judged(Pictures(measured, run_folder, held=0), chosen, measured.config))
        decoding, comparing = sum(t.decode_seconds for t in told), sum(t.compare_seconds for t in told)
        if told:
            speeds[kind] = Speed(len(told), len(told) / (decoding + comparing), len(told) / comparing)
    return speeds
