"""Group made-up images on a Ray cluster of this machine, features given, beside the same on threads.

Usage::

    python benchmarks/ray_scale.py [--images 3000000] [--workers 2] [--memory-mb 1000] [--only threads|ray]
                                   [--work build/ray-scale]

Features are made up (`scale_features.py`) or reused; stage 4 is answered by the truth, as in `scale.py`. Told are the
seconds of each stage by the clock (and of the processor, this process alone), processor seconds of all processes, and
the most that this process and the largest worker took. Ends with an error if the results differ by a byte.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from accuracy import table
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.memory import peak_resident_bytes
from imgsieve.runs.grouping import group
from imgsieve.runs.libraries import hold_libraries
from imgsieve.runs.progress import Monitor
from imgsieve.runs.warming import warm_up
from imgsieve.runs.workforce import open_workforce, own_threads
from scale_features import Recipe, generate, open_features, read_truth
from scaling.grouping import clear_results
from scaling.oracle import Oracle, write_clusters


def child(executor: str, root: Path, count: int, workers: int, memory_mb: int) -> dict[str, Any]:
    """Group in this process, with workers of its own or of a cluster."""
    clear_results(root)
    execution = ExecutionConfig(executor=executor, workers=workers, memory_bytes=memory_mb * 10**6)
    config = RunConfig(execution=execution)
    hold_libraries(workers)
    warm_up()
    force, monitor = open_workforce(config, own_threads(workers, lambda: None)), Monitor()
    features = open_features(root, Recipe(count))
    with monitor.sampling():
        group(features.folder, features, config, force, monitor.stage, Oracle(root / "clusters.int32"))
    figures = force.figures.as_dict(1.0)
    force.close()
    cpu = sum(stage.cpu_seconds for stage in monitor.stages)
    return {
        "seconds": {stage.name: stage.seconds for stage in monitor.stages},
        "own": {stage.name: stage.cpu_seconds for stage in monitor.stages},
        "cpu": cpu + (figures["cpu_seconds"] if executor == "ray" else 0),
        "driver": peak_resident_bytes(),
        "worker": figures.get("largest_worker_bytes", 0),
        "tasks": figures["tasks"],
        "result": hashlib.sha256((root / "groups.parquet").read_bytes()).hexdigest(),
    }


def in_child(executor: str, root: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", executor, root, options.images, options.workers, options.memory_mb]
    said = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    print(executor, result, file=sys.stderr, flush=True)
    return result


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        executor, root, *numbers = sys.argv[2:]
        print(json.dumps(child(executor, Path(root), *map(int, numbers))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=3_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=1000)
    parser.add_argument("--only", choices=("threads", "ray"))
    parser.add_argument("--work", type=Path, default=Path("build/ray-scale"))
    options = parser.parse_args()
    root, recipe = options.work / f"run-{options.images}", Recipe(options.images)
    generate(root, recipe, os.cpu_count() or 1)
    write_clusters(read_truth(root, recipe), root / "clusters.int32")
    ways = [options.only] if options.only else ["threads", "ray"]
    found = {way: in_child(way, root, options) for way in ways}
    names = list(found[ways[0]]["seconds"])
    rows = [
        (
            way,
            *(f"{result['seconds'][name]:.1f} ({result['own'][name]:.1f})" for name in names),
            f"{sum(result['seconds'].values()):.1f}",
            f"{result['cpu']:.1f}",
            f"{result['driver'] / 1e6:.0f}",
            f"{result['worker'] / 1e6:.0f}" if result["worker"] else "",
            f"{result['tasks']:,}",
        )
        for way, result in found.items()
    ]
    head = ("", *names, "all seconds", "CPU seconds", "this process MB", "largest worker MB", "tasks")
    print(f"{options.images:,} images, {options.workers} workers\n")
    print(table(head, rows))
    if len({result["result"] for result in found.values()}) != 1:
        sys.exit("the results DIFFER")


if __name__ == "__main__":
    main()
