"""What Ray costs on one machine: the same run on threads and on a local cluster with as many workers, by turns.

Usage::

    python benchmarks/ray_overhead.py [--pictures 20000] [--workers 2] [--rounds 2] [--side 512]
                                      [--work build/ray-overhead]
    python benchmarks/ray_overhead.py --tasks 2000 [--workers 2]

With ``--tasks 2000`` alone, that many tasks that do nothing are carried out: the driver's processor time for each,
which bounds how many workers it can keep busy.

Pictures are made up, a tenth of them copies. Each run is a process of its own, with a run folder of its own. Seconds
are those of the stages, so neither the start of Ray nor that of the interpreter is in them; that of the workers, which
load libraries before their first task, is. Processor seconds are those of all processes in the stages. Ends with an
error if a result differs by a byte.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from accuracy import table
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.demo import encode, render_quick
from imgsieve.runs.workforce import open_workforce, own_threads

_COPIES = 10


def write(folder: Path, side: int, number: int) -> None:
    """Write one picture; every tenth is the one before it, saved again."""
    copy = number % _COPIES == _COPIES - 1
    rng = np.random.default_rng(number - copy)
    path = folder / f"{number // 1000:04d}" / f"{number:07d}.jpg"
    if not path.exists():
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(encode(render_quick(rng, side, side * 3 // 4), "jpg", quality=70 if copy else 90))


def measured(source: Path, out: Path, executor: str, workers: int) -> dict[str, Any]:
    """Run in a process of its own; return its summary."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "imgsieve", "run", source, "--out", out, "--executor", executor]
    command += ["--workers", workers, "--memory", "1GB", "--no-report", "--json"]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def seconds_of(summary: dict[str, Any]) -> dict[str, float]:
    """Return the seconds of the stages, by name, and processor seconds of all processes."""
    stages = [stage for stage in summary["stages"] if stage["name"] != "prepare"]
    found = {stage["name"]: stage["seconds"] for stage in stages}
    cpu = sum(stage["cpu_seconds"] for stage in stages)
    if summary["executor"] == "ray":
        cpu += summary["threads"]["cpu_seconds"]
    return {**found, "all stages": sum(found.values()), "processors": cpu}


def nothing(task: bytes) -> int:
    """Do nothing with a task."""
    return len(task)


def tasks_alone(count: int, workers: int) -> str:
    """Return the table of tasks that do nothing, by the bytes that go with each."""
    execution = ExecutionConfig(executor="ray", workers=workers, memory_bytes=10**9)
    executor = open_workforce(RunConfig(execution=execution), own_threads(1, lambda: None))
    rows = []
    for size in (100, 10_000, 1_000_000):
        list(executor.map(nothing, [bytes(size)] * 20 * workers))
        began, cpu = time.perf_counter(), time.process_time()
        list(executor.map(nothing, (bytes(size) for _ in range(count))))
        took, taken = time.perf_counter() - began, time.process_time() - cpu
        rows.append((f"{size:,}", f"{took / count * 1e3:.2f}", f"{taken / count * 1e3:.2f}"))
    executor.close()
    return table(("bytes with a task", "ms a task", "ms of the driver's processor a task"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--work", type=Path, default=Path("build/ray-overhead"))
    parser.add_argument("--tasks", type=int)
    options = parser.parse_args()
    if options.tasks:
        print(tasks_alone(options.tasks, options.workers))
        return
    source = options.work / f"images-{options.pictures}-{options.side}"
    with ProcessPoolExecutor(options.workers) as pool:
        list(pool.map(partial(write, source, options.side), range(options.pictures), chunksize=64))
    found: dict[str, list[dict[str, float]]] = {"threads": [], "ray": []}
    results = set()
    for number in range(options.rounds):
        for executor, times in found.items():
            out = options.work / f"{executor}-{number}"
            summary = measured(source, out, executor, options.workers)
            times.append(seconds_of(summary))
            results.add((out / "groups.parquet").read_bytes())
            print(executor, times[-1], summary["threads"], file=sys.stderr, flush=True)
    names = list(found["threads"][0])
    middle = {who: {name: median(time[name] for time in times) for name in names} for who, times in found.items()}
    rows = [
        (name, f"{middle['threads'][name]:.1f}", f"{middle['ray'][name]:.1f}", f"{ratio:.2f}")
        for name in names
        if (ratio := middle["ray"][name] / max(middle["threads"][name], 0.001))
    ]
    print(f"{options.pictures:,} pictures, {options.workers} workers, median of {options.rounds} runs each, by turns\n")
    print(table(("seconds", "threads", "Ray", "ratio"), rows))
    if len(results) != 1:
        sys.exit("the results DIFFER")


if __name__ == "__main__":
    main()
