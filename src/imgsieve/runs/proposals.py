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
from imgsieve.features.regions import COUNT as REGIONS
from imgsieve.features.regions import TRIMMED
from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.folder import RunFolder
from imgsieve.schema import HASH_BYTES, ORIENTATIONS, PAIRS_COLOR, PAIRS_GLOBAL, SIGNATURE_BYTES, Verdict
from imgsieve.search.hamming import as_words
from imgsieve.search.vectors import near_pairs
from imgsieve.stages import color, refinement, wavelet

__all__ = ["Identities", "identities", "propose", "refine_by_color", "refine_by_descriptor"]

_BLOCK_ROWS = 256
_BATCH_PAIRS = 32_768
_CODES = ("wavelet_codes", "region_codes", "contrast", "error_kind")

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
        index = _index(features, known)
        found = [wavelet.exact_pairs(known.first, known.content)]
        count = 0
        for pairs, rows in executor.map(
            lambda block: (wavelet.propose(block, index, config.wavelet), len(block.ids)), _blocks(features, index)
        ):
            found.append(pairs)
            count += rows
            done(count)
        if config.refine.descriptor is not None:
            found.append(_embedded(features, index, config))
        folder.write_table(name, wavelet.merge(pa.concat_tables(found)), fingerprint)
    return fingerprint


def _index(features: FeatureColumns, known: Identities) -> wavelet.CodeIndex:
    """Collect the codes of the images that take part: described, not flat, the first of their equals."""
    takes_part = known.alive & (known.first == np.arange(features.count))
    codes = np.zeros((features.count, 2, HASH_BYTES), np.uint8)
    for start, part in features.read(_CODES):
        rows = slice(start, start + len(part))
        codes[rows, 0] = fixed_bytes(part["wavelet_codes"], HASH_BYTES * ORIENTATIONS)[:, :HASH_BYTES]
        codes[rows, 1] = fixed_bytes(part["region_codes"], HASH_BYTES * REGIONS)[:, TRIMMED * HASH_BYTES :]
        contrast = pc.fill_null(part["contrast"], 0.0).to_numpy()
        takes_part[rows] &= contrast >= wavelet.FLAT_CONTRAST
    ids = np.nonzero(takes_part)[0].astype(np.int64)
    return wavelet.CodeIndex(ids, as_words(codes[ids, 0]), as_words(codes[ids, 1]))


def _blocks(features: FeatureColumns, index: wavelet.CodeIndex) -> Iterator[wavelet.CodeBlock]:
    """Yield the codes of the images that take part, block by block."""
    for start, part in features.read(_CODES):
        low, high = np.searchsorted(index.ids, (start, start + len(part)))
        local = index.ids[low:high] - start
        codes = fixed_bytes(part["wavelet_codes"], HASH_BYTES * ORIENTATIONS)
        regions = fixed_bytes(part["region_codes"], HASH_BYTES * REGIONS)
        for first in range(0, len(local), _BLOCK_ROWS):
            rows = local[first : first + _BLOCK_ROWS]
            yield wavelet.CodeBlock(
                rows + start,
                codes[rows].reshape(-1, ORIENTATIONS, HASH_BYTES),
                regions[rows].reshape(-1, REGIONS, HASH_BYTES),
            )


def _embedded(features: FeatureColumns, index: wavelet.CodeIndex, config: RunConfig) -> pa.Table:
    """Propose the pairs whose embeddings are near."""
    vectors = _vectors(features.take(index.ids, ["embedding"])["embedding"])
    a, b = near_pairs(vectors, config.refine.neighbors, config.refine.propose_embedding_similarity)
    return wavelet.proposals_of(index.ids[a], index.ids[b])


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
