"""Stage 4 on pictures: those of a pair are fetched and decoded again, then aligned and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import LocalConfig, RunConfig
from imgsieve.errors import ImageError
from imgsieve.executors import Executor
from imgsieve.features.regions import SOME_PART
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.desks import map_pictures
from imgsieve.runs.handing_back import HandingBack
from imgsieve.runs.ledger import FeatureLedger
from imgsieve.runs.pictures import Image, PictureReader
from imgsieve.runs.verdicts import Candidates, version_key
from imgsieve.schema import PAIRS_LOCAL, Verdict
from imgsieve.stages.local import compare
from imgsieve.stages.views import View, view_of_decoded

__all__ = ["PictureVerifier"]

_TASK_PAIRS = 8
_SHARES = 16
"""Tasks that few pairs are divided into, as far as there are as many heads: many rounds have no more than a dozen
pairs, and no worker is to be idle while another one has half of them to do."""
_BATCH_PAIRS = 512
"""Pairs whose verdicts are handed back together."""
_IMAGE_COLUMNS = ["image_id", "uri", "size", "etag", "trimmed"]

Images = dict[int, dict[str, Any]]
Task = tuple[Images, list[dict[str, int]]]


class PictureVerifier:
    """Verifies pairs by their pictures; see `imgsieve.runs.verdicts.Verifier`.

    Parameters
    ----------
    features
        Names the file of each image, in its version.
    reader
        Fetches and decodes.
    executor
        Compares several pairs at a time.
    config
        Options of the run.
    """

    def __init__(self, features: FeatureColumns, reader: PictureReader, executor: Executor, config: RunConfig) -> None:
        self._features = features
        self._reader = reader
        self._executor = executor
        self._work = _ComparePairs(config.local, None if executor.elsewhere else features.ledger)
        self._pairs_at_once = config.execution.max_group_size_local // 2
        self._handing_back = HandingBack(config.execution.gc_frequency)

    def __call__(self, pairs: Candidates) -> Iterator[pa.Table]:
        """Yield the verdicts on pairs, a few hundred at a time, in their order."""
        held: list[dict[str, Any]] = []
        for rows, heads in map_pictures(self._executor, self._reader, self._work, self._tasks(pairs)):
            held += rows
            self._handing_back.after(heads)
            if len(held) >= _BATCH_PAIRS:
                yield pa.Table.from_pylist(held, PAIRS_LOCAL)
                held = []
        if held:
            yield pa.Table.from_pylist(held, PAIRS_LOCAL)

    def _tasks(self, pairs: Candidates) -> Iterator[Task]:
        """Yield pairs a few at a time, with the images that they need."""
        least = len(pairs) // _SHARES
        for first in range(0, len(pairs), self._pairs_at_once):
            some = pairs[first : first + self._pairs_at_once]
            ids = np.unique(np.concatenate([some.head, some.tail]))
            images = {row["image_id"]: row for row in self._features.take(ids, _IMAGE_COLUMNS).to_pylist()}
            rows = some.rows()
            for start, end in pairwise(_cuts(some.head, least)):
                needed = {pair[side] for pair in rows[start:end] for side in ("head", "tail")}
                yield {image: images[image] for image in needed}, rows[start:end]


@dataclass(frozen=True)
class _ComparePairs:
    """Verifies a few pairs at a time; see `imgsieve.runs.pictures.PictureWork`."""

    config: LocalConfig
    ledger: FeatureLedger | None
    """Counts what is held of pictures, in this process."""

    def title_of(self, task: Task) -> str:
        """Return what people call a task."""
        _, pairs = task
        return f"local: {len(pairs)} pairs from {pairs[0]['head']} and {pairs[0]['tail']}"

    def images_of(self, task: Task) -> Iterator[Image]:
        """Return the images that a task looks at, in that order."""
        images, pairs = task
        return (images[image] for needed in _missing(pairs) for image in needed)

    def do(self, task: Task, reader: PictureReader) -> tuple[list[dict[str, Any]], int]:
        """Verify a few pairs and tell how many heads they have; the view of one serves all its pairs."""
        images, pairs = task
        rows = []
        held: dict[int, View | ImageError] = {}
        for pair, missing in zip(pairs, _missing(pairs), strict=True):
            held = {image: view for image, view in held.items() if image == pair["head"]}
            held |= {image: self._view(images[image], reader) for image in missing}
            rows.append(self._row(pair, held, images))
        return rows, len({pair["head"] for pair in pairs})

    def _view(self, image: Mapping[str, Any], reader: PictureReader) -> View | ImageError:
        """Fetch and decode an image again; an image that cannot be had is told by its error."""
        try:
            with reader.picture(image) as (_, decoded):
                view = view_of_decoded(decoded, self.config, np.frombuffer(image["trimmed"], np.uint8))
                if self.ledger is not None:
                    self.ledger.follow(view, 1, _bytes_of(view))
                return view
        except ImageError as error:
            return error

    def _row(self, pair: Mapping[str, int], views: Mapping[int, View | ImageError], images: Images) -> dict[str, Any]:
        """Return the row of one pair."""
        a, b = sorted((pair["head"], pair["tail"]))
        hint = {name: pair[name] for name in ("orientation", "region", "votes")}
        keys = {"key_a": version_key(images[a]), "key_b": version_key(images[b])}
        row = {"a": a, "b": b, **hint, "exact": None, "met": hint["orientation"], **keys}
        one, other = views[a], views[b]
        for view in (one, other):
            if isinstance(view, ImageError):
                return {**row, "verdict": Verdict.UNDECIDED, "why": f"could not be compared: {view.message}"}
        assert isinstance(one, View)
        assert isinstance(other, View)
        regions = None if hint["region"] == SOME_PART else (hint["region"], hint["region"])
        try:
            found = compare(one, other, hint["orientation"], regions=regions, config=self.config)
        except cv2.error as error:
            return {**row, "verdict": Verdict.UNDECIDED, "why": f"could not be compared: {error.err}"}
        return {
            **row,
            "orientation": found.orientation,
            "verdict": found.verdict,
            "inliers": found.inliers,
            "block_share": found.block_share,
            "still_share": found.still_share,
            "color_shift": found.color_shift,
            "coverage_a": found.coverage_a,
            "coverage_b": found.coverage_b,
            "made": found.made,
            "how": found.how or None,
            "why": found.why,
        }


def _bytes_of(view: View) -> int:
    """Return what a view takes, but for the keypoints that it may get."""
    arrays = (view.pixels, view.close, view.luma, view.middle)
    return sum(array.nbytes for array in arrays if array is not None)


def _cuts(heads: NDArray[np.int64], least: int) -> list[int]:
    """Return where pairs are cut into tasks, with both ends: where another head begins, once there are enough pairs.

    Pairs of one head stay together up to `_TASK_PAIRS`: a head whose pairs are in two tasks is fetched twice.

    Parameters
    ----------
    heads
        Shape (n,), those that are equal next to each other.
    least
        Pairs of a task, but for the last one.
    """
    cuts = [0]
    for at in range(1, len(heads)):
        size = at - cuts[-1]
        if size >= _TASK_PAIRS or (size >= least and heads[at] != heads[at - 1]):
            cuts.append(at)
    return [*cuts, len(heads)]


def _missing(pairs: list[dict[str, int]]) -> list[list[int]]:
    """Return, pair by pair, the images that must be looked at; only the keeper's view stays for the next pair."""
    missing, before = [], -1
    for pair in pairs:
        missing.append([pair["tail"]] if pair["head"] == before else [pair["head"], pair["tail"]])
        before = pair["head"]
    return missing
