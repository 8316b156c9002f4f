"""Stages 2 and 3 over a whole run: proposed pairs are judged by color and by a global descriptor, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.config import ColorConfig, GlobalConfig, RunConfig, digest_of
from imgsieve.executors import Executor, Titled, gathered_map
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
from imgsieve.tables import open_table

__all__ = ["candidate_groups", "refine_by_color", "refine_by_descriptor"]

_READ_ROWS = 65_536

_SCHEMAS = {"color": PAIRS_COLOR, "global": PAIRS_GLOBAL}
_BEFORE = {"color": "wavelet", "global": "color"}

Gathered = tuple[pa.Table, dict[str, NDArray[Any]], dict[str, NDArray[Any]]]
"""Pairs, and by name the columns of their first and of their second images: shape (n, width)."""


def refine_by_color(
    folder: RunFolder, features: FeatureColumns, before: str, config: RunConfig, executor: Executor, done: Done
) -> str:
    """Write ``pairs/color.parquet`` from the undecided pairs of stage 1. Returns its print."""
    fingerprint = digest_of([before, config.fingerprint(), "color"])
    columns = {"color_signature": SIGNATURE_BYTES, "trimmed": TRIMMED_BYTES}

    if not folder.holds("pairs/color.parquet", fingerprint):
        with flat_columns(features, columns) as flat:
            judge = partial(_by_color, config=config.color)
            _write(folder, "color", fingerprint, config, executor, done, _gathering(flat, columns), judge)
    return fingerprint


def _by_color(gathered: Gathered, config: ColorConfig) -> pa.Table:
    """Judge pairs by their color signatures."""
    pairs, one, other = _writable(gathered)
    signatures = one["color_signature"], other["color_signature"]
    return color.match(pairs, signatures, (one["trimmed"], other["trimmed"]), config)


def refine_by_descriptor(
    folder: RunFolder, features: FeatureColumns, before: str, config: RunConfig, executor: Executor, done: Done
) -> str:
    """Write ``pairs/global.parquet`` from the undecided pairs of stage 2. Returns its print."""
    fingerprint = digest_of([before, config.fingerprint(), "global"])
    columns = {**refinement.SKETCH_COLUMNS, **(refinement.DESCRIPTOR_COLUMNS if config.refine.uses_net else {})}

    if folder.holds("pairs/global.parquet", fingerprint):
        return fingerprint
    if config.refine.descriptor is not None:

        def embedded(pairs: pa.Table) -> Gathered:
            ids = np.concatenate([pairs["a"].to_numpy(), pairs["b"].to_numpy()])
            vectors = vectors_of(features.take(ids, ["embedding"])["embedding"])
            return pairs, {"embedding": vectors[: len(pairs)]}, {"embedding": vectors[len(pairs) :]}

        by_model = partial(_by_model, config=config.refine)
        _write(folder, "global", fingerprint, config, executor, done, embedded, by_model)
    else:
        by_sketch = partial(_by_sketch, config=config.refine)
        with flat_columns(features, columns) as flat:
            _write(folder, "global", fingerprint, config, executor, done, _gathering(flat, columns), by_sketch)
    return fingerprint


def _by_sketch(gathered: Gathered, config: GlobalConfig) -> pa.Table:
    """Judge pairs by the built-in descriptor."""
    pairs, one, other = _writable(gathered)
    return refinement.match(pairs, refinement.Sketches.of(one), refinement.Sketches.of(other), config)


def _by_model(gathered: Gathered, config: GlobalConfig) -> pa.Table:
    """Judge pairs by the embeddings of a model."""
    pairs, one, other = _writable(gathered)
    vectors = one["embedding"].astype(np.float32), other["embedding"].astype(np.float32)
    return refinement.match_embeddings(pairs, vectors, config)


def _writable(gathered: Gathered) -> Gathered:
    """Return the same in memory that may be written, for which loops are compiled; what came from elsewhere is not."""
    pairs, one, other = gathered
    own = ({name: np.require(values, requirements="W") for name, values in side.items()} for side in (one, other))
    return pairs, next(own), next(own)


def _gathering(flat: FlatColumns, columns: Iterable[str]) -> Callable[[pa.Table], Gathered]:
    """Return what puts pairs and the columns of both their images together."""
    names = list(columns)

    def gather(pairs: pa.Table) -> Gathered:
        ids = np.concatenate([pairs["a"].to_numpy(), pairs["b"].to_numpy()])
        rows = flat.take(ids, names)
        one = {name: values[: len(pairs)] for name, values in rows.items()}
        return pairs, one, {name: values[len(pairs) :] for name, values in rows.items()}

    return gather


def _write(
    folder: RunFolder,
    stage: str,
    fingerprint: str,
    config: RunConfig,
    executor: Executor,
    done: Done,
    gather: Callable[[pa.Table], Gathered],
    judge: Callable[[Gathered], pa.Table],
) -> None:
    """Let one stage judge what the stage before left undecided, in batches of a bounded number of images."""
    count, groups, execution = 0, _Groups(), config.execution
    members = execution.max_group_size_color if stage == "color" else execution.max_group_size_global
    handing_back = HandingBack(execution.gc_frequency)
    with folder.table_writer(f"pairs/{stage}.parquet", _SCHEMAS[stage], fingerprint) as writer:
        work = Titled(f"{stage}: batch", judge)
        for judged in gathered_map(executor, gather, work, _undecided(folder, _BEFORE[stage], members // 2)):
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
    with open_table(folder.path(f"pairs/{_BEFORE[stage]}.parquet")) as file:
        for batch in file.iter_batches(_READ_ROWS, columns=["a", "verdict"], use_threads=False):
            count = groups.after(batch["a"].filter(pc.equal(batch["verdict"], Verdict.UNDECIDED)).to_numpy())
    return count


def _undecided(folder: RunFolder, stage: str, pairs_at_once: int) -> Iterator[pa.Table]:
    """Yield the undecided pairs of a stage, a bounded number at a time."""
    with open_table(folder.path(f"pairs/{stage}.parquet")) as file:
        for batch in file.iter_batches(pairs_at_once, use_threads=False):
            table = pa.Table.from_batches([batch])
            pairs = table.filter(pc.equal(table["verdict"], Verdict.UNDECIDED))
            if len(pairs):
                yield pairs
