"""Stages 1 to 3 over a whole run: pairs are proposed from codes, then judged by color and by a global descriptor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imgsieve.config import RunConfig, digest_of
from imgsieve.executors import Executor
from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.meeting import meet
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.schema import PAIRS_COLOR, PAIRS_GLOBAL, PAIRS_WAVELET, SIGNATURE_BYTES, Verdict
from imgsieve.search.vectors import near_pairs
from imgsieve.stages import color, refinement, wavelet

__all__ = ["Identities", "identities", "propose", "refine_by_color", "refine_by_descriptor"]

_BATCH_PAIRS = 32_768

Done = Callable[[int], None]

_SCHEMAS = {"color": PAIRS_COLOR, "global": PAIRS_GLOBAL}


@dataclass(frozen=True)
class Identities:
    """Which images there are, and which are equal."""

    alive: NDArray[np.bool_]
    """Shape (n,): images that could be described."""
    first: NDArray[np.int64]
    """Shape (n,): the first image that each is equal to, in bytes or in pixels."""
    content: NDArray[np.uint64]
    """Shape (n, 2): digests of the bytes."""


def identities(features: FeatureColumns) -> Identities:
    """Find the images that could be described, and those that are equal."""
    content = np.zeros((features.count, 2), np.uint64)
    pixels = np.zeros((features.count, 2), np.uint64)
    alive = np.zeros(features.count, bool)
    for start, part in features.read(["content_digest", "pixel_digest", "error_kind"]):
        rows = slice(start, start + len(part))
        content[rows] = fixed_bytes(part["content_digest"], 16).view(np.uint64)
        pixels[rows] = fixed_bytes(part["pixel_digest"], 16).view(np.uint64)
        alive[rows] = pc.is_null(part["error_kind"]).to_numpy()
    return Identities(alive, wavelet.exact_classes(content, pixels, alive), content)


def propose(
    folder: RunFolder,
    features: FeatureColumns,
    known: Identities,
    config: RunConfig,
    executor: Executor,
    done: Done,
) -> str:
    """Write ``pairs/wavelet.parquet``: exact pairs, and those that codes or embeddings propose. Returns its print."""
    fingerprint = digest_of([features.fingerprint, config.fingerprint(), "wavelet"])
    name = "pairs/wavelet.parquet"
    if not folder.holds(name, fingerprint):
        chosen = known.alive & (known.first == np.arange(features.count))
        with PairSpill(folder, features.count) as spill:
            meet(features, chosen, config.wavelet, executor, spill, done)
            _write(folder, name, fingerprint, spill, _given(features, known, chosen, config))
    return fingerprint


def _given(features: FeatureColumns, known: Identities, chosen: NDArray[np.bool_], config: RunConfig) -> pa.Table:
    """Return the pairs that do not come from codes: exact ones and, with a model, those of near embeddings."""
    given = [wavelet.exact_pairs(known.first, known.content)]
    if config.refine.descriptor is not None:
        given.append(_embedded(features, np.nonzero(chosen)[0], config))
    table = pa.concat_tables(given)
    return table.take(pc.sort_indices(table["a"]))


def _write(folder: RunFolder, name: str, fingerprint: str, spill: PairSpill, given: pa.Table) -> None:
    """Write the closest proposal of each pair, range by range, with the pairs that are given, ordered by ``a``."""
    lower = given["a"].to_numpy()
    with folder.table_writer(name, PAIRS_WAVELET, fingerprint) as writer:
        for first, last, proposals in spill.read():
            low, high = np.searchsorted(lower, (first, last)).tolist()
            writer.write(wavelet.merge(pa.concat_tables([given.slice(low, high - low), wavelet.table_of(proposals)])))


def _embedded(features: FeatureColumns, ids: NDArray[np.int64], config: RunConfig) -> pa.Table:
    """Propose the pairs whose embeddings are near."""
    vectors = _vectors(features.take(ids, ["embedding"])["embedding"])
    a, b = near_pairs(vectors, config.refine.neighbors, config.refine.propose_embedding_similarity)
    return wavelet.proposals_of(ids[a], ids[b])


def _vectors(column: pa.ChunkedArray) -> NDArray[np.float32]:
    """Return a column of embeddings as shape (n, d), float32."""
    rows = [np.frombuffer(value.as_buffer(), np.float16) for value in column]
    return np.stack(rows).astype(np.float32) if rows else np.empty((0, 1), np.float32)


def refine_by_color(folder: RunFolder, features: FeatureColumns, before: str, config: RunConfig, done: Done) -> str:
    """Write ``pairs/color.parquet`` from the undecided pairs of stage 1. Returns its print."""

    def judge(pairs: pa.Table) -> pa.Table:
        one, other = _both(features, pairs, ["color_signature", "trimmed"])
        signatures = [fixed_bytes(side["color_signature"], SIGNATURE_BYTES) for side in (one, other)]
        trimmed = [fixed_bytes(side["trimmed"], 4) for side in (one, other)]
        return color.match(pairs, (signatures[0], signatures[1]), (trimmed[0], trimmed[1]), config.color)

    return _judged(folder, "wavelet", "color", before, config, judge, done)


def refine_by_descriptor(
    folder: RunFolder, features: FeatureColumns, before: str, config: RunConfig, done: Done
) -> str:
    """Write ``pairs/global.parquet`` from the undecided pairs of stage 2. Returns its print."""

    def judge(pairs: pa.Table) -> pa.Table:
        if config.refine.descriptor is not None:
            one, other = _both(features, pairs, ["embedding"])
            vectors = _vectors(one["embedding"]), _vectors(other["embedding"])
            return refinement.match_embeddings(pairs, vectors, config.refine)
        one, other = _both(features, pairs, ["layout", "trimmed"])
        layouts = [fixed_bytes(side["layout"], 256).view(np.int8) for side in (one, other)]
        trimmed = [fixed_bytes(side["trimmed"], 4) for side in (one, other)]
        return refinement.match(pairs, (layouts[0], layouts[1]), (trimmed[0], trimmed[1]), config.refine)

    return _judged(folder, "color", "global", before, config, judge, done)


def _both(features: FeatureColumns, pairs: pa.Table, columns: list[str]) -> tuple[pa.Table, pa.Table]:
    """Return the rows of both images of pairs."""
    ids = np.concatenate([pairs["a"].to_numpy(), pairs["b"].to_numpy()])
    rows = features.take(ids, columns)
    return rows.slice(0, len(pairs)), rows.slice(len(pairs))


def _judged(
    folder: RunFolder,
    source: str,
    target: str,
    before: str,
    config: RunConfig,
    judge: Callable[[pa.Table], pa.Table],
    done: Done,
) -> str:
    """Let one stage judge what the stage before left undecided, batch by batch."""
    fingerprint = digest_of([before, config.fingerprint(), target])
    name = f"pairs/{target}.parquet"
    if not folder.holds(name, fingerprint):
        count = 0
        with folder.table_writer(name, _SCHEMAS[target], fingerprint) as writer:
            for pairs in _undecided(folder, source):
                writer.write(judge(pairs))
                count += len(pairs)
                done(count)
    return fingerprint


def _undecided(folder: RunFolder, stage: str) -> Iterator[pa.Table]:
    """Yield the undecided pairs of a stage, a bounded number at a time."""
    with pq.ParquetFile(folder.path(f"pairs/{stage}.parquet")) as file:
        for batch in file.iter_batches(_BATCH_PAIRS, use_threads=False):
            table = pa.Table.from_batches([batch])
            pairs = table.filter(pc.equal(table["verdict"], Verdict.UNDECIDED))
            if len(pairs):
                yield pairs
