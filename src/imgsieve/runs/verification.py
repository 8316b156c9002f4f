"""Stage 4 and the groups: pairs are verified when a keeper-to-be needs them, and every verdict is committed.

Verdicts are kept in parts as they come, so a run that was killed verifies no pair twice. When the groups are formed,
the verdicts that they needed become ``pairs/local.parquet``, in the order of the pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imgsieve.config import RunConfig, digest_of
from imgsieve.errors import ImageError
from imgsieve.executors import Executor
from imgsieve.features.provenance import OF_FIRST
from imgsieve.features.regions import WHOLE
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.pictures import PictureReader
from imgsieve.runs.verdicts import earlier_verdicts, judging_of, pair_key, read_verdicts, version_key
from imgsieve.schema import PAIRS_LOCAL, Verdict
from imgsieve.search.groups import form_stars, pair_keys
from imgsieve.stages.local import ANY_ORIENTATION, compare
from imgsieve.stages.views import View, view_of_decoded

__all__ = ["Verification", "verify"]

_LOCAL = "pairs/local.parquet"
_TASK_PAIRS = 8
_PART_PAIRS = 512
_IMAGE_COLUMNS = ["image_id", "uri", "size", "etag"]


@dataclass(frozen=True)
class Verification:
    """What stage 4 leaves."""

    made: NDArray[np.bool_]
    """Shape (n,): images known to be made from another one."""
    keeper: NDArray[np.int64]
    """Shape (n,): the keeper of each image among the first of their equals, ``NO_KEEPER`` for none."""
    fingerprint: str
    uncompared: int
    """Pairs of which an image could not be read again."""
    taken_over: int
    """Verdicts of an earlier run."""


def verify(
    folder: RunFolder,
    features: FeatureColumns,
    before: str,
    rank: NDArray[np.int64],
    config: RunConfig,
    reader: PictureReader,
    executor: Executor,
    done: Callable[[int], None],
) -> Verification:
    """Form stars from the undecided pairs of stage 3.

    Parameters
    ----------
    rank
        Shape (n,), int64, all different: the lower, the better the image.
    """
    fingerprint = digest_of([before, config.fingerprint(), "local"])
    hints = _hints(folder)
    judge = _Judge(folder, features, fingerprint, hints, config, reader, executor, done)
    made = np.zeros(features.count, bool)
    while True:
        # What is known to be made from another image of the run stands behind all that is not.
        order = rank + made * features.count
        keeper = form_stars(features.count, order, hints["a"].to_numpy(), hints["b"].to_numpy(), judge)
        now = judge.made(features.count) | made
        if (now == made).all():
            break
        made = now
    verdicts = judge.used()
    folder.write_table(_LOCAL, verdicts, fingerprint, judging=judging_of(config))
    # From the last to the first, so that what is left by a run that is stopped here has no gap.
    folder.remove_others("pairs/verdicts", (), map(_part_name, reversed(range(judge.parts))))
    uncompared = pc.sum(pc.equal(verdicts["verdict"], Verdict.UNDECIDED)).as_py() or 0
    return Verification(made, keeper, fingerprint, int(uncompared), judge.taken_over)


def _hints(folder: RunFolder) -> pa.Table:
    """Return the undecided pairs of stage 3 with the way in which they met."""
    columns = ["a", "b", "orientation", "region_a", "region_b", "verdict"]
    pairs = pq.read_table(folder.path("pairs/global.parquet"), columns=columns, use_threads=False)
    return pairs.filter(pc.equal(pairs["verdict"], Verdict.UNDECIDED)).combine_chunks()


class _Judge:
    """Verifies pairs, remembering every verdict."""

    def __init__(
        self,
        folder: RunFolder,
        features: FeatureColumns,
        fingerprint: str,
        hints: pa.Table,
        config: RunConfig,
        reader: PictureReader,
        executor: Executor,
        done: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._features = features
        self._fingerprint = fingerprint
        self._hints = {name: hints[name].to_numpy() for name in ("orientation", "region_a", "region_b")}
        self._config = config
        self._reader = reader
        self._executor = executor
        self._done = done
        self.parts = 0
        """Number of parts that the verdicts are in; they are numbered without gaps."""
        self._judging = judging_of(config)
        self._earlier: set[int] = set()
        """Pairs of which an earlier run spoke, and this one not yet."""
        self._known = self._load()
        self._used: set[int] = set()

    def _load(self) -> dict[int, dict[str, Any]]:
        """Return the verdicts that an interrupted run left, and those of an earlier one that still hold."""
        names = list(takewhile(self._folder.exists, map(_part_name, count())))
        self.parts = len(names)
        known = {}
        if self._folder.holds(_LOCAL, self._fingerprint):
            names.append(_LOCAL)
        else:
            known = earlier_verdicts(self._folder, _LOCAL, self._features, self._judging)
            self._earlier = set(known)
        for name in names:
            if self._folder.holds(name, self._fingerprint):
                rows = read_verdicts(self._folder, name)
                known |= {pair_key(row): row for row in rows}
                self._earlier.difference_update(map(pair_key, rows))
        return known

    def __call__(
        self, heads: NDArray[np.int64], tails: NDArray[np.int64], origins: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return which pairs are copies; see `imgsieve.search.groups.Judge`."""
        keys = pair_keys(heads, tails)
        new = np.array([self._is_new(*pair) for pair in zip(keys.tolist(), origins.tolist(), strict=True)], bool)
        order = np.lexsort((tails[new], heads[new]))
        heads_new, tails_new, origins_new = heads[new][order], tails[new][order], origins[new][order]
        part: list[dict[str, Any]] = []
        tasks = self._reader.ahead(self._tasks(heads_new, tails_new, origins_new), _looked_at)
        for rows in self._executor.map(self._verify, tasks):
            part += rows
            if len(part) >= _PART_PAIRS:
                part = self._commit(part)
        self._commit(part)
        self._used.update(keys.tolist())
        self._done(len(self._used))
        return np.array([self._known[key]["verdict"] == Verdict.ACCEPTED for key in keys.tolist()], bool)

    def _commit(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Write verdicts as a part, and remember them."""
        if rows:
            table = pa.Table.from_pylist(rows, PAIRS_LOCAL)
            self._folder.write_table(_part_name(self.parts), table, self._fingerprint)
            self.parts += 1
            self._known |= {pair_key(row): row for row in rows}
            self._earlier.difference_update(map(pair_key, rows))
            self._done(len(self._used) + len(rows))
        return []

    @property
    def taken_over(self) -> int:
        """Number of verdicts that were needed and had been spoken by an earlier run."""
        return len(self._used & self._earlier)

    def made(self, count: int) -> NDArray[np.bool_]:
        """Return which images were made from another, by the verdicts so far: shape (count,)."""
        out = np.zeros(count, bool)
        for row in (self._known[key] for key in self._used):
            if row["verdict"] == Verdict.ACCEPTED and row["made"]:
                out[row["b"] if row["made"] == OF_FIRST else row["a"]] = True
        return out

    def used(self) -> pa.Table:
        """Return the verdicts that the groups needed, in the order of the pairs."""
        return pa.Table.from_pylist([self._known[key] for key in sorted(self._used)], PAIRS_LOCAL)

    def _tasks(
        self, heads: NDArray[np.int64], tails: NDArray[np.int64], origins: NDArray[np.int64]
    ) -> Iterator[tuple[dict[int, dict[str, Any]], list[tuple[int, int, int]]]]:
        """Yield pairs a few at a time, those of one keeper together, with the images that they need."""
        for first in range(0, len(heads), _TASK_PAIRS * 64):
            rows = slice(first, first + _TASK_PAIRS * 64)
            ids = np.unique(np.concatenate([heads[rows], tails[rows]]))
            images = {row["image_id"]: row for row in self._features.take(ids, _IMAGE_COLUMNS).to_pylist()}
            pairs = list(zip(heads[rows].tolist(), tails[rows].tolist(), origins[rows].tolist(), strict=True))
            for start in range(0, len(pairs), _TASK_PAIRS):
                yield images, pairs[start : start + _TASK_PAIRS]

    def _verify(self, task: tuple[dict[int, dict[str, Any]], list[tuple[int, int, int]]]) -> list[dict[str, Any]]:
        """Verify a few pairs, on a worker; the view of a keeper serves all its pairs."""
        images, pairs = task
        rows = []
        held: dict[int, View | ImageError] = {}
        for (head, tail, origin), missing in zip(pairs, _missing(pairs), strict=True):
            held = {image: view for image, view in held.items() if image == head}
            held |= {image: self._view(images[image]) for image in missing}
            rows.append(self._row(min(head, tail), max(head, tail), origin, held, images))
        return rows

    def _view(self, image: Mapping[str, Any]) -> View | ImageError:
        """Fetch and decode an image again; an image that cannot be had is told by its error."""
        try:
            with self._reader.picture(image) as (_, decoded):
                return view_of_decoded(decoded, self._config.local)
        except ImageError as error:
            return error

    def _hint(self, origin: int) -> dict[str, int]:
        """Return the way in which a pair met; one that no stage proposed met as a whole, in no known orientation."""
        return {name: int(values[origin]) if origin >= 0 else WHOLE for name, values in self._hints.items()}

    def _is_new(self, key: int, origin: int) -> bool:
        """Return whether a pair must be verified; what an earlier run said counts where it met in the same way."""
        row = self._known.get(key)
        if row is None or key not in self._earlier:
            return row is None
        hint = self._hint(origin)
        return (row["met"], row["region_a"], row["region_b"]) != tuple(hint.values())

    def _row(
        self,
        a: int,
        b: int,
        origin: int,
        views: Mapping[int, View | ImageError],
        images: Mapping[int, Mapping[str, Any]],
    ) -> dict[str, Any]:
        """Return the row of one pair."""
        hint = self._hint(origin)
        keys = {"key_a": version_key(images[a]), "key_b": version_key(images[b])}
        row = {"a": a, "b": b, **hint, "exact": None, "met": hint["orientation"], **keys}
        one, other = views[a], views[b]
        for view in (one, other):
            if isinstance(view, ImageError):
                return {**row, "verdict": Verdict.UNDECIDED, "why": f"could not be compared: {view.message}"}
        assert isinstance(one, View)
        assert isinstance(other, View)
        orientation = hint["orientation"] if origin >= 0 else ANY_ORIENTATION
        whole = hint["region_a"] == WHOLE and hint["region_b"] == WHOLE
        try:
            found = compare(one, other, orientation, whole=whole, config=self._config.local)
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


def _part_name(number: int) -> str:
    return f"pairs/verdicts/part-{number:06d}.parquet"


def _missing(pairs: list[tuple[int, int, int]]) -> list[list[int]]:
    """Return, pair by pair, the images that must be looked at; only the keeper's view stays for the next pair."""
    missing, before = [], -1
    for head, tail, _ in pairs:
        missing.append([tail] if head == before else [head, tail])
        before = head
    return missing


def _looked_at(task: tuple[dict[int, dict[str, Any]], list[tuple[int, int, int]]]) -> Iterator[dict[str, Any]]:
    """Return the images that a task looks at, in that order."""
    images, pairs = task
    return (images[image] for needed in _missing(pairs) for image in needed)
