"""Stages 2 and 3 over a whole run: proposed pairs are judged by color and by a global descriptor, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imgsieve.config import RunConfig, digest_of
from imgsieve.executors import Executor
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.embedded import vectors_of
from imgsieve.runs.flat_columns import FlatColumns, flat_columns
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.handing_back import HandingBack
from imgsieve.runs.progress import Done
from imgsieve.schema import (
    PAIRS_COLOR,
    PAIRS_GLOBAL,
    SIGNATURE_BYTES,
    TRIMMED_BYTES,
    Verdict,
)
from imgsieve.stages import color, refinement

__all__ = ["candidate_groups", "refine_by_color", "refine_by_descriptor"]

_READ_ROWS = 65_536

_SCHEMAS = {"color": PAIRS_COLOR, "global": PAIRS_GLOBAL}
_BEFORE = {"color": "wavelet", "global": "color"}

Bytes = NDArray[np.uint8]


def refine_by_color(
    folder: RunFolder, features: FeatureColumns, before: str, config: RunConfig, executor: Executor, done: Done
) -> str:
    """Write ``pairs/color.parquet`` from the undecided pairs of stage 1. Returns its print."""
    fingerprint = digest_of([before, config.fingerprint(), "color"])
    columns = {"color_signature": SIGNATURE_BYTES, "trimmed": TRIMMED_BYTES}

    def judge(pairs: pa.Table, flat: FlatColumns) -> pa.Table:
        one, other = _both(flat, pairs, columns)
        signatures = one["color_signature"], other["color_signature"]
        return color.match(pairs, signatures, (one["trimmed"], other["trimmed"]), config.color)

    if not folder.holds("pairs/color.parquet", fingerprint):
        with flat_columns(features, columns) as flat:
            _write(folder, "color", fingerprint, config, executor, done, lambda pairs: judge(pairs, flat))
    return fingerprint


def refine_by_descriptor(
    folder: RunFolder, features: FeatureColumns, before: str, config: RunConfig, executor: Executor, done: Done
) -> str:
    """Write ``pairs/global.parquet`` from the undecided pairs of stage 2. Returns its print."""
    fingerprint = digest_of([before, config.fingerprint(), "global"])
    columns = {**refinement.SKETCH_COLUMNS, **(refinement.DESCRIPTOR_COLUMNS if config.refine.uses_net else {})}

    def by_sketch(pairs: pa.Table, flat: FlatColumns) -> pa.Table:
        one, other = _both(flat, pairs, columns)
        sketches = refinement.Sketches.of(one), refinement.Sketches.of(other)
        return refinement.match(pairs, *sketches, config.refine)

    def by_model(pairs: pa.Table) -> pa.Table:
        ids = np.concatenate([pairs["a"].to_numpy(), pairs["b"].to_numpy()])
        vectors = vectors_of(features.take(ids, ["embedding"])["embedding"]).astype(np.float32)
        return refinement.match_embeddings(pairs, (vectors[: len(pairs)], vectors[len(pairs) :]), config.refine)

    if folder.holds("pairs/global.parquet", fingerprint):
        return fingerprint
    if config.refine.descriptor is not None:
        _write(folder, "global", fingerprint, config, executor, done, by_model)
    else:
        with flat_columns(features, columns) as flat:
            _write(folder, "global", fingerprint, config, executor, done, lambda pairs: by_sketch(pairs, flat))
    return fingerprint


def _both(flat: FlatColumns, pairs: pa.Table, columns: Iterable[str]) -> tuple[dict[str, Bytes], dict[str, Bytes]]:
    """Return the columns of both images of pairs."""
    ids = np.concatenate([pairs["a"].to_numpy(), pairs["b"].to_numpy()])
    rows = flat.take(ids, list(columns))
    one = {name: values[: len(pairs)] for name, values in rows.items()}
    return one, {name: values[len(pairs) :] for name, values in rows.items()}


def _write(
    folder: RunFolder,
    stage: str,
    fingerprint: str,
    config: RunConfig,
    executor: Executor,
    done: Done,
    judge: Callable[[pa.Table], pa.Table],
) -> None:
    """Let one stage judge what the stage before left undecided, in batches of a bounded number of images."""
    count, groups, execution = 0, _Groups(), config.execution
    members = execution.max_group_size_color if stage == "color" else execution.max_group_size_global
    handing_back = HandingBack(execution.gc_frequency)
    with folder.table_writer(f"pairs/{stage}.parquet", _SCHEMAS[stage], fingerprint) as writer:
        for judged in executor.map(judge, _undecided(folder, _BEFORE[stage], members // 2)):
            writer.write(judged)
            count += len(judged)
            before = groups.count
            done(count, groups=groups.after(judged["a"].to_numpy()))
            handing_back.after(groups.count - before)


class _Groups:
    """Counts groups of candidates, one for each image with pairs, while pairs come in their order."""

    def __init__(self) -> None:
        self.count, self._last = 0, -1

    def after(self, first: NDArray[np.int64]) -> int:
        """Return how many there are with further pairs, of which the first images are given: shape (n,)."""
        if len(first):
            self.count += int(np.count_nonzero(np.diff(first, prepend=self._last)))
            self._last = int(first[-1])
        return self.count


def candidate_groups(folder: RunFolder, stage: str) -> int:
    """Return how many groups of candidates come to a stage: images with pairs that the stage before left undecided."""
    groups, count = _Groups(), 0
    with pq.ParquetFile(folder.path(f"pairs/{_BEFORE[stage]}.parquet")) as file:
        for batch in file.iter_batches(_READ_ROWS, columns=["a", "verdict"], use_threads=False):
            count = groups.after(batch["a"].filter(pc.equal(batch["verdict"], Verdict.UNDECIDED)).to_numpy())
    return count


def _undecided(folder: RunFolder, stage: str, pairs_at_once: int) -> Iterator[pa.Table]:
    """Yield the undecided pairs of a stage, a bounded number at a time."""
    with pq.ParquetFile(folder.path(f"pairs/{stage}.parquet")) as file:
        for batch in file.iter_batches(pairs_at_once, use_threads=False):
            table = pa.Table.from_batches([batch])
            pairs = table.filter(pc.equal(table["verdict"], Verdict.UNDECIDED))
            if len(pairs):
                yield pairs
