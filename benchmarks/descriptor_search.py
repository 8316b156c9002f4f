"""Measure the search for near descriptors against faiss: time, memory, and recall on a sample of pictures.

Usage::

    python benchmarks/descriptor_search.py [--images 1000000] [--queries 2000] [--workers 1]

Descriptors are made up; see `scaling.descriptors`. Three images in ten are copies of others. The search writes what it
finds to disk as in a run. Beside it stands ``faiss.IndexIVFFlat`` with as many cells and probes, which holds all
vectors as float32; it is asked for the sampled pictures alone, and its time is told for all. Recall is the
share of the near pairs of the sampled pictures, found by comparing them with all, that each search finds as well.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accuracy import table
from imgsieve.config import GlobalConfig
from imgsieve.executors import ThreadExecutor
from imgsieve.features.descriptor import least_product
from imgsieve.memory import resident_bytes
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.described import Portions, propose_described
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.schema import DESCRIPTOR_BYTES
from scaling.descriptors import descriptors
from scaling.process import forget_peak, recent_peak_bytes

CONFIG, PORTIONS = GlobalConfig(), Portions()
ROWS = 16_384
SAMPLES_A_CELL = 40


def blocks(count: int) -> Iterator[tuple[int, NDArray[np.int8]]]:
    """Yield made-up descriptors, so many at a time, and the number of the first."""
    for first in range(0, count, ROWS):
        images = np.arange(first, min(first + ROWS, count))
        copied = images % 10 < 3
        sources = np.where(copied, images // 10 * 10 + 3, images)
        bits = np.where(copied, images * 7 % 48, 0).astype(np.int16)
        yield first, descriptors(images, sources, bits)


def write(root: Path, count: int) -> FeatureColumns:
    """Write descriptors as a run has them."""
    folder, names, starts = RunFolder(root), [], [0]
    for first, rows in blocks(count):
        names.append(f"features/part-{first:09d}.parquet")
        data = pa.FixedSizeBinaryArray.from_buffers(pa.binary(DESCRIPTOR_BYTES), len(rows), [None, pa.py_buffer(rows)])
        folder.write_table(names[-1], pa.table({"descriptor": data}), "made up")
        starts.append(first + len(rows))
    return FeatureColumns(folder, tuple(names), np.array(starts), "made up")


def search(features: FeatureColumns, workers: int) -> tuple[float, int, NDArray[np.int64]]:
    """Search; returns seconds of processors, bytes held, and pairs as numbers."""
    images = np.arange(features.count, dtype=np.int32)
    counted, base = forget_peak(), resident_bytes()
    busy = time.process_time()
    with PairSpill(features.folder, features.count) as spill:
        propose_described(features, images, CONFIG, ThreadExecutor(workers), spill, lambda _: None)
        busy, held = time.process_time() - busy, recent_peak_bytes() - base if counted else 0
        keys = [p["a"].astype(np.int64) << 32 | p["b"] for _, _, p in spill.read()]
    return busy, held, np.unique(np.concatenate(keys))


def by_faiss(sample: NDArray[np.int64], count: int, workers: int) -> tuple[float, NDArray[np.int64]]:
    """Search with faiss; returns seconds for all images, and pairs of the sampled ones as numbers."""
    faiss.omp_set_num_threads(workers)
    cells = min(count // PORTIONS.cell_rows, PORTIONS.most_cells) if count > PORTIONS.one_cell else 1
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(DESCRIPTOR_BYTES), DESCRIPTOR_BYTES, cells, faiss.METRIC_INNER_PRODUCT)
    index.nprobe = PORTIONS.probes
    everyone = np.concatenate([rows for _, rows in blocks(count)]).astype(np.float32)
    busy = time.process_time()
    index.train(everyone[:: max(1, count // (cells * SAMPLES_A_CELL))])
    index.add(everyone)
    built, busy = time.process_time() - busy, time.process_time()
    near, rows = index.search(everyone[sample], CONFIG.propose_neighbors + 1)
    asked = (time.process_time() - busy) * count / len(sample)
    return built + asked, pairs_of(sample, rows, near)


def by_all(sample: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Compare sampled images with all; returns pairs as numbers."""
    asked = np.concatenate(
        [rows[sample[(sample >= at) & (sample < at + len(rows))] - at] for at, rows in blocks(count)]
    )
    near = np.full((len(sample), 0), 0, np.float32)
    found = np.empty((len(sample), 0), np.int64)
    for at, rows in blocks(count):
        near = np.hstack([near, asked.astype(np.float32) @ rows.astype(np.float32).T])
        found = np.hstack([found, np.tile(np.arange(at, at + len(rows)), (len(sample), 1))])
        best = np.argsort(-near, axis=1, kind="stable")[:, : CONFIG.propose_neighbors + 1]
        near, found = np.take_along_axis(near, best, 1), np.take_along_axis(found, best, 1)
    return pairs_of(sample, found, near)


def pairs_of(sample: NDArray[np.int64], found: NDArray[np.int64], near: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the pairs that are near enough, each once, as numbers."""
    one, other = np.broadcast_to(sample[:, None], found.shape), found
    chosen = (near >= least_product(CONFIG.propose_similarity)) & (one != other)
    return np.unique(np.minimum(one, other)[chosen] << 32 | np.maximum(one, other)[chosen])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    count, queries = options.images, min(options.queries, options.images)
    sample = np.sort(np.random.default_rng(8).choice(count, queries, replace=False))
    with tempfile.TemporaryDirectory() as root:
        warm = Path(root) / "warm"
        search(write(warm, 64), 1)
        features = write(Path(root) / "run", count)
        busy, held, found = search(features, options.workers)
    expected = by_all(sample, count)
    peer, theirs = by_faiss(sample, count, options.workers)
    row = (
        f"{count:,}",
        f"{busy:.0f}",
        f"{held / 1e6:.0f}",
        f"{len(found) / count:.2f}",
        f"{np.isin(expected, found).mean():.4f}",
        f"{peer:.0f}",
        f"{4 * DESCRIPTOR_BYTES * count / 1e6:.0f}",
        f"{np.isin(expected, theirs).mean():.4f}",
        f"{peer / busy:.2f}",
    )
    head = (
        "images",
        "seconds of processors",
        "held MB",
        "pairs an image",
        "recall",
        "faiss: seconds",
        "held MB, at least",
        "recall",
        "ours is so many times as fast",
    )
    print(table(head, [row]))


if __name__ == "__main__":
    main()
