"""Make up the features of N images, as a run would have left them, and the truth about them.

Usage::

    python benchmarks/scale_features.py OUT [--images 100000] [--seed 1] [--mix varied|alike] [--workers 2]
                                        [--codes]

OUT becomes a run folder with ``features/`` as the extraction pass writes it (shards of 1,024 images), and ``truth/``:
who is a copy of whom, how far apart their codes are, and how the copy was made; see `scaling.tables.TRUTH`. What there
is already is kept. Each shard depends on what is asked for and its own number alone, so the result is the same for any
number of workers. With ``--codes``, OUT is a file: the upright codes alone, (N, 32) uint8, as NumPy
writes them.

About 30 % of the images are copies at 0 to 64 bits, in clusters of 2 to 6 and of 50; see `scaling.plan`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
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
from scaling.pictures import MIXES
from scaling.plan import Plan
from scaling.tables import shard_tables

SHARD_ROWS = 1024
VERSION = 4
"""Raised whenever what is made up changes, so that older folders are made anew."""

_CODE_ROWS = 16_384


@dataclass(frozen=True)
class Recipe:
    """What is to be made up; the same recipe gives the same images."""

    count: int
    seed: int = 1
    mix: str = "varied"
    """Which pictures there are; see `scaling.pictures.MIXES`."""

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.count // SHARD_ROWS)

    def fingerprint(self, shard: int) -> str:
        """Return what a shard depends on."""
        return digest_of(["made up", VERSION, self.count, self.seed, self.mix, shard])

    def name(self, kind: str, shard: int) -> str:
        """Return the name of a part."""
        return f"{kind}/part-{shard:06d}-{self.fingerprint(shard)}.parquet"


def generate(root: Path, recipe: Recipe, workers: int = 2) -> FeatureColumns:
    """Make up features in a run folder, or reuse what is there."""
    folder = RunFolder(root)
    folder.write_json("run.json", {"made_up": {**asdict(recipe), "version": VERSION}})
    done = [folder.holds(recipe.name("features", shard), recipe.fingerprint(shard)) for shard in range(recipe.shards)]
    missing = [shard for shard, is_done in enumerate(done) if not is_done]
    if missing:
        _compile()
        with _pool(workers) as pool:
            for _ in pool.map(partial(_write_shard, root, recipe), missing, chunksize=4):
                pass
    return open_features(root, recipe)


def open_features(root: Path, recipe: Recipe) -> FeatureColumns:
    """Return the features that `generate` left."""
    parts = tuple(recipe.name("features", shard) for shard in range(recipe.shards))
    starts = np.minimum(np.arange(recipe.shards + 1) * SHARD_ROWS, recipe.count)
    return FeatureColumns(RunFolder(root), parts, starts, recipe.fingerprint(-1))


def read_truth(root: Path, recipe: Recipe) -> Iterator[pa.Table]:
    """Yield the truth shard by shard; see `scaling.tables.TRUTH`."""
    for shard in range(recipe.shards):
        yield pq.read_table(root / recipe.name("truth", shard), use_threads=False)


def codes(recipe: Recipe, workers: int = 2) -> NDArray[np.uint8]:
    """Return the upright codes of the same images: shape (count, 32), uint8."""
    _compile()
    out = np.empty((recipe.count, 32), np.uint8)
    with _pool(workers) as pool:
        at = 0
        for block in pool.map(partial(_codes_of, recipe), range(0, recipe.count, _CODE_ROWS)):
            out[at : at + len(block)] = block
            at += len(block)
    return out


def _codes_of(recipe: Recipe, first: int) -> NDArray[np.uint8]:
    images = np.arange(first, min(first + _CODE_ROWS, recipe.count), dtype=np.int64)
    return make_codes(recipe.seed, images, *Plan.of(recipe.count).sources(images), recipe.mix)


def _pool(workers: int) -> ProcessPoolExecutor:
    # Processes that are forked after threads were started may hang.
    return ProcessPoolExecutor(workers, get_context("spawn"))


def _compile() -> None:
    """Compile once, before several processes would each do so."""
    images = np.zeros(1, np.int64)
    make(0, images, images, np.zeros(1, np.int8), "varied")


def _write_shard(root: Path, recipe: Recipe, shard: int) -> None:
    """Write the truth of a shard, then its features, which make it count."""
    first = shard * SHARD_ROWS
    rows = min(SHARD_ROWS, recipe.count - first)
    table, truth = shard_tables(Plan.of(recipe.count), recipe.seed, recipe.mix, first, rows)
    folder, fingerprint = RunFolder(root), recipe.fingerprint(shard)
    folder.write_table(recipe.name("truth", shard), truth, fingerprint)
    uris = table["uri"].to_pylist()
    facts = {"recipe": "made up", "failed": digest_of([]), "retry": 0, "first": min(uris), "last": max(uris)}
    folder.write_table(recipe.name("features", shard), table, fingerprint, **facts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mix", choices=tuple(MIXES), default="varied")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--codes", action="store_true", help="only the codes, into one file")
    return parser.parse_args()


def main() -> None:
    options = _arguments()
    recipe = Recipe(options.images, options.seed, options.mix)
    started = time.perf_counter()
    if options.codes:
        np.save(options.out, codes(recipe, options.workers))
        print(f"{options.images:,} codes in {time.perf_counter() - started:.0f} s")
        return
    generate(options.out, recipe, options.workers)
    size = sum(path.stat().st_size for path in options.out.glob("features/*.parquet"))
    seconds = time.perf_counter() - started
    print(f"{options.images:,} images in {seconds:.0f} s: {size / options.images:,.0f} bytes each")


if __name__ == "__main__":
    main()
