"""The extraction pass: every image is fetched and decoded once, and its features are committed by shards.

A shard is a fixed number of consecutive rows of the manifest. What an earlier run over the same sources knew of
an image (same URL, size and ETag) is taken over. Images that failed are tried again when their shard is made anew;
those whose failure may pass (no permission, too little memory) are tried again by every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from imgsieve.config import ExecutionConfig, RunConfig, digest_of
from imgsieve.errors import RunFolderError
from imgsieve.executors import Executor
from imgsieve.features.embedding import Models
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.desks import map_pictures
from imgsieve.runs.earlier_features import EarlierFeatures, thumbs_name
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.known import KnownFeatures
from imgsieve.runs.ledger import FeatureLedger
from imgsieve.runs.manifest import Manifest
from imgsieve.runs.pictures import PictureReader
from imgsieve.runs.places import RunFolderPlace
from imgsieve.runs.shards import (
    FAILED,
    RETRY,
    DescribePiece,
    DescribeShard,
    Piece,
    Shard,
    failures_of_all,
    features_name,
    recipe_of,
)
from imgsieve.runs.state import RunState
from imgsieve.schema import MANIFEST
from imgsieve.stages.extraction import Described

__all__ = ["SHARD_ROWS", "Extraction", "extract"]

SHARD_ROWS = ExecutionConfig().shard_rows
"""Images of a shard, unless an option says otherwise."""

_TASK_ROWS = 8
_TASKS_A_WORKER = 4
"""So many tasks there should be for each worker, that none idles while another one has the last of them."""


@dataclass
class Extraction:
    """What the pass leaves."""

    features: FeatureColumns
    reused: int
    """Images of new shards whose features were taken over from earlier ones."""
    resumed: int
    """Images of shards that were there already."""


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
    folder, rows_a_shard = state.folder, config.execution.shard_rows
    recipe = recipe_of(config)
    shards = list(_fingerprints(manifest, recipe, rows_a_shard))
    names = tuple(features_name(i, print_) for i, print_ in enumerate(shards))
    folder.bring(names)
    present = [_is_done(folder, name, print_) for name, print_ in zip(names, shards, strict=True)]
    finished = {name for name, is_done in zip(names, present, strict=True) if is_done}
    earlier = [name for name in state.features() if name not in finished]
    state.begin_features(names)
    pass_ = _Pass(folder, config, reader, models, recipe, EarlierFeatures(folder, recipe, earlier), known, done)
    pass_.run(manifest, shards, present, executor)
    if executor.elsewhere:
        _check_parts(folder, names, shards)
    folder.remove_others("features", names, earlier)
    folder.remove_others("thumbs", map(thumbs_name, names), map(thumbs_name, earlier))
    state.finish_features(names)
    starts = np.minimum(np.arange(len(names) + 1) * rows_a_shard, manifest.rows)
    failed = failures_of_all(folder.facts(name).get(FAILED, "0") for name in names)
    fingerprint = digest_of([config.recipe(), manifest.fingerprint, failed])
    return Extraction(FeatureColumns(folder, names, starts, fingerprint, ledger), pass_.reused, pass_.resumed)


def _is_done(folder: RunFolder, name: str, fingerprint: str) -> bool:
    """Return whether a shard is there and none of its images is worth another try."""
    return folder.holds(name, fingerprint) and folder.facts(name).get(RETRY) == "0"


def _check_parts(folder: RunFolder, names: tuple[str, ...], shards: list[str]) -> None:
    """Make sure that what other processes wrote is seen here.

    Raises
    ------
    RunFolderError
        A part is not.
    """
    folder.written_elsewhere(names)
    folder.bring(names)
    for name, fingerprint in zip(names, shards, strict=True):
        if not folder.holds(name, fingerprint):
            raise RunFolderError(
                f"{name} was written by a worker and is not in {folder.place} as it is seen here; name a store with "
                "--out, or a folder of a file system that all nodes share"
            )


def _fingerprints(manifest: Manifest, recipe: str, rows_a_shard: int) -> Iterator[str]:
    """Return, shard by shard, what its features depend on."""
    for rows in manifest.slices(rows_a_shard):
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
        """Describe what is not there yet."""
        missing = self._missing(manifest, shards, present)
        if executor.elsewhere:
            self._run_whole(missing, executor)
        else:
            rows = _task_rows(self._config.execution.chunk_size, manifest.rows, executor.workers)
            self._run_in_pieces(missing, rows, executor)

    def _run_in_pieces(self, shards: Iterator[Shard], rows: int, executor: Executor) -> None:
        """Describe shards by threads; pieces of all shards flow through one map, so that no worker idles."""
        work = DescribePiece(self._config, self._models)
        for shard, described in map_pictures(executor, self._reader, work, _pieces(shards, rows)):
            shard.found += described
            self._advance(len(described))
            if len(shard.found) == len(shard.images):
                shard.write(self._folder, self._recipe, thumbnails=self._config.decode.thumbnails)
                self._remember(shard)
                shard.found, shard.images, shard.known = [], [], {}

    def _run_whole(self, shards: Iterator[Shard], executor: Executor) -> None:
        """Have shards described and written by other processes."""
        assert self._reader.place is not None
        place = RunFolderPlace(place=self._folder.place, network=self._reader.place.network)
        work = DescribeShard(self._config, self._recipe, place)
        for count in map_pictures(executor, self._reader, work, shards):
            self._advance(count)

    def _missing(self, manifest: Manifest, shards: list[str], present: list[bool]) -> Iterator[Shard]:
        """Yield the shards that are missing."""
        for number, rows in enumerate(manifest.slices(self._config.execution.shard_rows)):
            if present[number]:
                self.resumed += len(rows)
                self._advance(len(rows))
                continue
            shard = Shard(number, rows.select(MANIFEST.names).to_pylist(), shards[number])
            shard.known = self._lookup(shard.images)
            self.reused += len(shard.known)
            yield shard

    def _lookup(self, images: list[dict[str, Any]]) -> dict[str, Described]:
        """Return what is known of images already, by URL."""
        there = self._earlier.lookup(images)
        if self._known is not None:
            recipe = self._config.recipe()
            for image in images:
                if image["uri"] not in there and (found := self._known.get(image, recipe)) is not None:
                    there[image["uri"]] = found
        return there

    def _remember(self, shard: Shard) -> None:
        """Tell of the features that were found by this process."""
        if self._known is not None:
            recipe = self._config.recipe()
            for image, described in zip(shard.images, shard.found, strict=True):
                if image["uri"] not in shard.known and not described.row.get("error_kind"):
                    self._known.put(image, recipe, described)

    def _advance(self, count: int) -> None:
        """Tell how far the pass is."""
        self._count += count
        self._done(self._count)


def _pieces(shards: Iterator[Shard], rows: int) -> Iterator[Piece]:
    """Yield the images of shards, so many at a time."""
    for shard in shards:
        for first in range(0, len(shard.images), rows):
            yield shard, shard.images[first : first + rows]


def _task_rows(chunk_size: int, images: int, workers: int) -> int:
    """Return how many images a task has: as many as asked for, or so many that all workers have several tasks."""
    return chunk_size or min(_TASK_ROWS, max(1, images // (workers * _TASKS_A_WORKER)))
