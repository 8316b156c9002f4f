"""Make up the features of N images, as a run would have left them, and the truth about them.

Usage::

    python benchmarks/scale_features.py OUT [--images 100000] [--seed 1] [--workers 2] [--codes]

OUT becomes a run folder with ``features/`` as the extraction pass writes it (shards of 1,024 images), and ``truth/``:
who is a copy of whom, how far apart their codes are, and how the copy was made; see `scaling.tables.TRUTH`. What there
is already is kept. Each shard depends on the seed, the number of images and its own number alone, so the result is the
same for any number of workers. With ``--codes``, OUT is a file: the upright codes alone, (N, 32) uint8, as NumPy
writes them.

About 30 % of the images are copies at 0 to 64 bits, in clusters of 2 to 6 and of 50; see `scaling.plan`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imgsieve.config import digest_of
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from scaling.describing import make, make_codes
from scaling.plan import Plan
from scaling.tables import TRUTH, shard_tables

SHARD_ROWS = 1024
VERSION = 1
"""Raised whenever what is made up changes, so that older folders are made anew."""

_CODE_ROWS = 16_384


def generate(root: Path, count: int, seed: int = 1, workers: int = 2) -> FeatureColumns:
    """Make up the features of ``count`` images in a run folder, or reuse what is there."""
    folder = _folder(root, count, seed)
    missing = [shard for shard in range(_shards(count)) if not _is_done(folder, count, seed, shard)]
    if missing:
        _compile()
        with _pool(workers) as pool:
            for _ in pool.map(partial(_write_shard, root, count, seed), missing, chunksize=4):
                pass
    return open_features(root, count, seed)


def open_features(root: Path, count: int, seed: int = 1) -> FeatureColumns:
    """Return the features that `generate` left."""
    parts = tuple(_name("features", count, seed, shard) for shard in range(_shards(count)))
    starts = np.minimum(np.arange(len(parts) + 1) * SHARD_ROWS, count)
    return FeatureColumns(RunFolder(root), parts, starts, _print(count, seed, -1))


def read_truth(root: Path, count: int, seed: int = 1) -> pa.Table:
    """Return the truth about all images; see `scaling.tables.TRUTH`."""
    return pa.concat_tables(pq.read_table(root / _name("truth", count, seed, shard)) for shard in range(_shards(count)))


def codes(count: int, seed: int = 1, workers: int = 2) -> NDArray[np.uint8]:
    """Return the upright codes of the same images: shape (count, 32), uint8."""
    _compile()
    out = np.empty((count, 32), np.uint8)
    with _pool(workers) as pool:
        at = 0
        for block in pool.map(partial(_codes_of, count, seed), range(0, count, _CODE_ROWS)):
            out[at : at + len(block)] = block
            at += len(block)
    return out


def _codes_of(count: int, seed: int, first: int) -> NDArray[np.uint8]:
    images = np.arange(first, min(first + _CODE_ROWS, count), dtype=np.int64)
    return make_codes(seed, images, *Plan.of(count).sources(images))


def _pool(workers: int) -> ProcessPoolExecutor:
    # Processes that are forked after threads were started may hang.
    return ProcessPoolExecutor(workers, get_context("spawn"))


def _compile() -> None:
    """Compile once, before several processes would each do so."""
    images = np.zeros(1, np.int64)
    make(0, images, images, np.zeros(1, np.int8))


def _folder(root: Path, count: int, seed: int) -> RunFolder:
    """Return the run folder, with a ``run.json`` that says what it is."""
    folder = RunFolder(root)
    folder.write_json("run.json", {"made_up": {"images": count, "seed": seed, "version": VERSION}})
    return folder


def _shards(count: int) -> int:
    return -(-count // SHARD_ROWS)


def _print(count: int, seed: int, shard: int) -> str:
    return digest_of(["made up", VERSION, count, seed, shard])


def _name(kind: str, count: int, seed: int, shard: int) -> str:
    return f"{kind}/part-{shard:06d}-{_print(count, seed, shard)}.parquet"


def _is_done(folder: RunFolder, count: int, seed: int, shard: int) -> bool:
    return folder.holds(_name("features", count, seed, shard), _print(count, seed, shard))


def _write_shard(root: Path, count: int, seed: int, shard: int) -> None:
    """Write the truth of a shard, then its features, which make it count."""
    first = shard * SHARD_ROWS
    table, truth = shard_tables(Plan.of(count), seed, first, min(SHARD_ROWS, count - first))
    folder, fingerprint = RunFolder(root), _print(count, seed, shard)
    with folder.table_writer(_name("truth", count, seed, shard), TRUTH, fingerprint) as writer:
        writer.write(truth)
    uris = table["uri"].to_pylist()
    facts = {"recipe": "made up", "failed": digest_of([]), "retry": 0, "first": min(uris), "last": max(uris)}
    folder.write_table(_name("features", count, seed, shard), table, fingerprint, **facts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--codes", action="store_true", help="only the codes, into one file")
    return parser.parse_args()


def _sizes(paths: Iterator[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


def main() -> None:
    options = _arguments()
    started = time.perf_counter()
    if options.codes:
        np.save(options.out, codes(options.images, options.seed, options.workers))
        print(f"{options.images:,} codes in {time.perf_counter() - started:.0f} s")
        return
    generate(options.out, options.images, options.seed, options.workers)
    size = _sizes(options.out.glob("features/*.parquet"))
    seconds = time.perf_counter() - started
    print(f"{options.images:,} images in {seconds:.0f} s: {size / options.images:,.0f} bytes each")


if __name__ == "__main__":
    main()
