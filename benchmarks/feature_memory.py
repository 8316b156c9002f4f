"""Memory of features: all at once, as the reference holds them, against piece by piece.

Usage::

    python benchmarks/feature_memory.py WORK [--images 1000 10000] [--profiles memory balanced speed]

Features of made-up images are grouped in several ways: all of them held in memory (`HierarchicalDeduplicator`), and
piece by piece under each profile (`memory` is that of `MemoryEfficientDeduplicator`). Counted is what tables and arrays
of features take from when they are made until the interpreter destroys them; see `imgsieve.runs.ledger`.
Verdicts of stage 4 are made up, so no picture is prepared for it.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

from imgsieve.config import Profile, RunConfig, with_profile
from imgsieve.executors import ThreadExecutor
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.grouping import group
from imgsieve.runs.held_columns import HeldColumns
from imgsieve.runs.ledger import FeatureLedger
from imgsieve.runs.progress import Monitor
from scale_features import Recipe, generate, read_truth
from scaling.grouping import clear_results
from scaling.oracle import Oracle, write_clusters

HELD = "all at once"


def measure(features: FeatureColumns, way: str) -> tuple[FeatureLedger, float]:
    """Group, and return what was counted and the processor time it took."""
    root = features.folder.root
    clear_results(root)
    ledger = FeatureLedger()
    counted = dataclasses.replace(features, ledger=ledger)
    config = with_profile(RunConfig(), Profile.BALANCED if way == HELD else Profile(way))
    columns = HeldColumns.of(counted) if way == HELD else counted
    began = time.process_time()
    executor = ThreadExecutor(config.execution.workers or 2)
    group(columns.folder, columns, config, executor, Monitor().stage, Oracle(root / "clusters.int32"))
    return ledger, time.process_time() - began


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--profiles", nargs="+", default=[str(profile) for profile in Profile])
    options = parser.parse_args()
    print("| images | way | features at most | less | loaded | freed | processor time |\n|" + "---|" * 7)
    for count in options.images:
        root, recipe = options.work / f"run-{count}", Recipe(count)
        features, reference = generate(root, recipe), 0
        write_clusters(read_truth(root, recipe), root / "clusters.int32")
        for way in (HELD, *options.profiles):
            ledger, seconds = measure(features, way)
            reference = reference or ledger.peak_bytes
            less = 1 - ledger.peak_bytes / reference
            print(f"| {count:,} | {way} | {ledger.peak_bytes / 1e6:.2f} MB | {less:.1%} | {ledger.loaded:,} | "
                  f"{ledger.freed:,} | {seconds:.1f} s |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
