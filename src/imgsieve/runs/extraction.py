"""The extraction pass: every image is fetched and decoded once, and its features are committed by shards.

A shard is a fixed number of consecutive rows of the manifest. What an earlier run over the same sources knew of
an image (same URL, size and ETag) is taken over. Images that failed are tried again when their shard is made anew;
those whose failure may pass (no permission, too little memory) are tried again by every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from imgsieve.config import RunConfig, digest_of
from imgsieve.executors import Executor
from imgsieve.features.embedding import Models
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.earlier_features import EarlierFeatures, thumbs_name
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.known import KnownFeatures
from imgsieve.runs.ledger import FeatureLedger
from imgsieve.runs.manifest import Manifest
from imgsieve.runs.pictures import PictureReader
from imgsieve.runs.state import RunState
from imgsieve.schema import FEATURES, MANIFEST, THUMBS
from imgsieve.stages.extraction import Described, describe_image

__all__ = ["SHARD_ROWS", "Extraction", "extract"]

SHARD_ROWS = 1024
_TASK_ROWS = 8
_TASKS_A_WORKER = 4
"""So many tasks there should be for each worker, that none idles while another one has the last of them."""

_PASSING = frozenset(("vanished", "changed", "permission", "unreadable", "too-large-for-memory"))
"""Kinds of failure that an unchanged file may get over."""

_FAILED = "imgsieve.failed"
"""Metadata of a part: digest of its failures, on which all that is made from the part depends."""
_RETRY = "imgsieve.retry"
"""Metadata of a part: number of failures that may pass."""


@dataclass
class Extraction:
    """What the pass leaves."""

    features: FeatureColumns
    reused: int
    """Images of new shards whose features were taken over from earlier ones."""
    resumed: int
    """Images of shards that were there already."""


@dataclass
class _Shard:
    """One shard while it is worked on."""

    number: int
    images: list[dict[str, Any]]
    fingerprint: str
    known: dict[str, Described] = field(default_factory=dict)
    found: list[Described] = field(default_factory=list)

    @property
    def features_name(self) -> str:
        return _features_name(self.number, self.fingerprint)

    @property
    def thumbs_name(self) -> str:
        return thumbs_name(self.features_name)


def extract(
    state: RunState,
    manifest: Manifest,
    config: RunConfig,
    reader: PictureReader,
    executor: Executor,
    models: Models,
    done: Callable[[int], None],
    known: KnownFeatures | None = None,
    ledger: FeatureLedger | None = None,
) -> Extraction:
    """Describe every image of the manifest.

    Parameters
    ----------
    state
        Knows which parts there may be, and is told.
    models
        The model of the user's own, if there is one.
    done
        Told the number of images that are done.
    known
        Asked for features before a picture is read, and told what was found; None where nothing else is known.
    ledger
        Counts what is read of the features.
    """
    folder = state.folder
    recipe = digest_of({"config": config.recipe(), "thumbnails": config.decode.thumbnails})
    shards = list(_fingerprints(manifest, recipe))
    names = tuple(_features_name(i, print_) for i, print_ in enumerate(shards))
    folder.bring(names)
    present = [_is_done(folder, name, print_) for name, print_ in zip(names, shards, strict=True)]
    finished = {name for name, is_done in zip(names, present, strict=True) if is_done}
    earlier = [name for name in state.features() if name not in finished]
    state.begin_features(names)
    pass_ = _Pass(folder, config, reader, models, recipe, EarlierFeatures(folder, recipe, earlier), known, done)
    pass_.run(manifest, shards, present, executor)
    folder.remove_others("features", names, earlier)
    folder.remove_others("thumbs", map(thumbs_name, names), map(thumbs_name, earlier))
    state.finish_features(names)
    starts = np.minimum(np.arange(len(names) + 1) * SHARD_ROWS, manifest.rows)
    failed = [folder.facts(name).get(_FAILED) for name in names]
    fingerprint = digest_of([config.recipe(), manifest.fingerprint, failed])
    return Extraction(FeatureColumns(folder, names, starts, fingerprint, ledger), pass_.reused, pass_.resumed)


def _is_done(folder: RunFolder, name: str, fingerprint: str) -> bool:
    """Return whether a shard is there and none of its images is worth another try."""
    return folder.holds(name, fingerprint) and folder.facts(name).get(_RETRY) == "0"


def _features_name(number: int, fingerprint: str) -> str:
    return f"features/part-{number:06d}-{fingerprint}.parquet"


def _fingerprints(manifest: Manifest, recipe: str) -> Iterator[str]:
    """Return, shard by shard, what its features depend on."""
    for rows in manifest.slices(SHARD_ROWS):
        columns = [rows[name].to_pylist() for name in ("uri", "size", "etag")]
        yield digest_of([recipe, *columns])


class _Pass:
    """The state of one extraction pass."""

    def __init__(
        self,
        folder: RunFolder,
        config: RunConfig,
        reader: PictureReader,
        models: Models,
        recipe: str,
        earlier: EarlierFeatures,
        known: KnownFeatures | None,
        done: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._config = config
        self._reader = reader
        self._models = models
        self._recipe = recipe
        self._earlier = earlier
        self._known = known
        self._done = done
        self._count = 0
        self.resumed = self.reused = 0

    def run(self, manifest: Manifest, shards: list[str], present: list[bool], executor: Executor) -> None:
        """Describe what is not there yet; tasks of all shards flow through one map, so that no worker idles."""
        rows = _task_rows(self._config.execution.chunk_size, manifest.rows, executor.workers)
        tasks = self._reader.ahead(self._tasks(manifest, shards, present, rows), _unknown)
        for shard, described in executor.map(self._describe, tasks):
            shard.found += described
            self._advance(len(described))
            if len(shard.found) == len(shard.images):
                self._commit(shard)

    def _tasks(
        self, manifest: Manifest, shards: list[str], present: list[bool], rows_a_task: int
    ) -> Iterator[tuple[_Shard, list[dict[str, Any]]]]:
        """Yield the tasks of the shards that are missing."""
        for number, rows in enumerate(manifest.slices(SHARD_ROWS)):
            if present[number]:
                self.resumed += len(rows)
                self._advance(len(rows))
                continue
            shard = _Shard(number, rows.select(MANIFEST.names).to_pylist(), shards[number])
            shard.known = self._lookup(shard.images)
            self.reused += len(shard.known)
            for first in range(0, len(shard.images), rows_a_task):
                yield shard, shard.images[first : first + rows_a_task]

    def _lookup(self, images: list[dict[str, Any]]) -> dict[str, Described]:
        """Return what is known of images already, by URL."""
        there = self._earlier.lookup(images)
        if self._known is not None:
            recipe = self._config.recipe()
            for image in images:
                if image["uri"] not in there and (found := self._known.get(image, recipe)) is not None:
                    there[image["uri"]] = found
        return there

    def _remember(self, shard: _Shard) -> None:
        """Tell of the features that were found in this run."""
        if self._known is not None:
            recipe = self._config.recipe()
            for image, described in zip(shard.images, shard.found, strict=True):
                if image["uri"] not in shard.known and not described.row.get("error_kind"):
                    self._known.put(image, recipe, described)

    def _describe(self, task: tuple[_Shard, list[dict[str, Any]]]) -> tuple[_Shard, list[Described]]:
        """Describe the images of one task, on a worker."""
        shard, images = task
        return shard, [
            shard.known.get(image["uri"]) or describe_image(image, self._reader.picture, self._config, self._models)
            for image in images
        ]

    def _advance(self, count: int) -> None:
        """Tell how far the pass is."""
        self._count += count
        self._done(self._count)

    def _commit(self, shard: _Shard) -> None:
        """Write the thumbnails of a shard, then its features, which make it count."""
        thumbs = [
            {"image_id": image["image_id"], "jpeg": described.thumbnail}
            for image, described in zip(shard.images, shard.found, strict=True)
            if described.thumbnail is not None
        ]
        if self._config.decode.thumbnails:
            self._folder.write_table(shard.thumbs_name, pa.Table.from_pylist(thumbs, THUMBS), shard.fingerprint)
        rows = [described.row for described in shard.found]
        failures = [(row["uri"], row["error_kind"], row["error"]) for row in rows if row.get("error_kind")]
        uris = [image["uri"] for image in shard.images]
        self._folder.write_table(
            shard.features_name,
            pa.Table.from_pylist(rows, FEATURES),
            shard.fingerprint,
            recipe=self._recipe,
            failed=digest_of(failures),
            retry=sum(kind in _PASSING for _, kind, _ in failures),
            first=min(uris),
            last=max(uris),
        )
        self._remember(shard)
        shard.found, shard.images, shard.known = [], [], {}


def _task_rows(chunk_size: int, images: int, workers: int) -> int:
    """Return how many images a task has: as many as asked for, or so many that all workers have several tasks."""
    return chunk_size or min(_TASK_ROWS, max(1, images // (workers * _TASKS_A_WORKER)))


def _unknown(task: tuple[_Shard, list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Return the images of a task that must be read."""
    shard, images = task
    return (image for image in images if image["uri"] not in shard.known)
