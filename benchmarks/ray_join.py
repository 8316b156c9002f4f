"""Memory of a join of codes cut into blocks on Ray, beside that of the same join in one process.

Usage::

    python benchmarks/ray_join.py [--codes CODES.npy | --count 3000000] [--blocks 8] [--radius 17] [--workers 2]
                                  [--work build/ray-join]

Codes are those of `scale_features.py --codes`, made up when no file is given. The one process joins with one thread.
On Ray every two blocks meet in a task of their own. *held* is the most private memory that a process took beyond its
libraries and compiled loops; *whole* all that it had in memory, which on Ray counts the pages of the store of objects
that it read, though these are in memory once for all processes of a node. Sampled every two milliseconds. Ends with an
error if the pairs differ.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from accuracy import table
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.runs.libraries import hold_libraries
from imgsieve.runs.warming import warm_up
from imgsieve.runs.workforce import open_workforce, own_threads
from imgsieve.search.block_tasks import Found, Join, Joined
from imgsieve.search.hamming import Pairs, self_join
from imgsieve.search.partition import partition_of, sample_rows
from scale_features import Recipe, codes


class Sum:
    """Pairs, counted and mixed into one number that no order changes."""

    def __init__(self) -> None:
        self.count = self.mixed = 0

    def add(self, rows: NDArray[np.int64], columns: NDArray[np.int64], bits: NDArray[np.int16]) -> None:
        """Take pairs, each once."""
        keys = rows.astype(np.uint64) << np.uint64(32) | columns.astype(np.uint64)
        keys = (keys + bits.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        self.count += len(rows)
        self.mixed = (self.mixed + int((keys ^ keys >> np.uint64(29)).sum())) % 2**64


@contextmanager
def sampled() -> Iterator[list[int]]:
    """Give what this process takes at most, private and in all, while the context lasts."""
    most, over, this = [0, 0], threading.Event(), psutil.Process()

    def sample() -> None:
        while True:
            told = this.memory_info()
            most[:] = max(most[0], told.rss - told.shared), max(most[1], told.rss)
            if over.wait(0.002):
                return

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def base_bytes(_: int = 0) -> list[int]:
    """Return what this process takes with nothing done, private and in all."""
    with sampled() as most:
        time.sleep(0.05)
    return most


@dataclass(frozen=True)
class Measured:
    """A join, with what it took."""

    join: Join

    def __call__(self, task: Joined) -> tuple[Found, list[int]]:
        """Join, and return what it took as well."""
        with sampled() as most:
            found = self.join(task)
        return found, most


def in_one(path: Path, radius: int) -> dict[str, Any]:
    """Join in this process."""
    hold_libraries(1)
    warm_up()
    base, began, found = base_bytes(), time.process_time(), Sum()

    def emit(pairs: Pairs) -> None:
        found.add(pairs[0].astype(np.int64), pairs[1].astype(np.int64), pairs[2])

    with sampled() as most:
        self_join(np.load(path), radius, emit)
    return told("one process", found, time.process_time() - began, base, most)


def on_ray(path: Path, radius: int, blocks: int, workers: int) -> dict[str, Any]:
    """Join block by block on a cluster of this machine."""
    execution = ExecutionConfig(executor="ray", workers=workers, memory_bytes=10**9)
    executor = open_workforce(RunConfig(execution=execution), own_threads(1, lambda: None))
    every = np.load(path, mmap_mode="r")
    step = -(-len(every) // blocks)
    bases = list(executor.map(base_bytes, range(4 * workers)))
    base = [max(column) for column in zip(*bases, strict=True)]
    own = base_bytes()
    cpu, found, most = executor.figures.cpu_seconds, Sum(), [0, 0]
    join = Join(radius, partition_of(np.array(every[sample_rows(len(every))]), len(every), radius))
    with sampled() as driver:
        shared = [executor.share(np.array(every[first : first + step])) for first in range(0, len(every), step)]
        tasks = [(i, j) for i in range(len(shared)) for j in range(i, len(shared))]
        results = executor.map(Measured(join), (Joined(i, j, shared[i], shared[j]) for i, j in tasks))
        for (i, j), ((rows, columns, bits), took) in zip(tasks, results, strict=True):
            found.add(rows.astype(np.int64) + i * step, columns.astype(np.int64) + j * step, bits)
            most = [max(pair) for pair in zip(most, took, strict=True)]
    taken = executor.figures.cpu_seconds - cpu
    executor.close()
    return {**told(f"{blocks} blocks on Ray", found, taken, base, most), "driver": driver[0] - own[0]}


def told(way: str, found: Sum, cpu: float, base: list[int], most: list[int]) -> dict[str, Any]:
    return {"way": way, "pairs": found.count, "mixed": found.mixed, "cpu": cpu, "base": base, "most": most}


def in_child(*arguments: object) -> dict[str, Any]:
    said = subprocess.run(
        [sys.executable, __file__, "--child", *map(str, arguments)], stdout=subprocess.PIPE, check=True
    )
    result: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    print(result, file=sys.stderr, flush=True)
    return result


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        path, radius, *rest = sys.argv[2:]
        kind = on_ray if rest else in_one
        print(json.dumps(kind(Path(path), int(radius), *map(int, rest))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=Path)
    parser.add_argument("--count", type=int, default=3_000_000)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--radius", type=int, default=17)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("build/ray-join"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    path = options.codes or options.work / f"codes-{options.count}.npy"
    if not path.exists():
        np.save(path, codes(Recipe(options.count), options.workers))
    one = in_child(path, options.radius)
    many = in_child(path, options.radius, options.blocks, options.workers)
    head = ("way", "pairs", "CPU seconds", "held MB", "of one process", "whole MB", "of one process")
    print(f"{len(np.load(path, mmap_mode='r')):,} codes, {options.radius} bits\n")
    print(table(head, [row(one, one), row(many, one)]))
    print(f"\nThe driver held {many['driver'] / 1e6:.0f} MB")
    if (one["pairs"], one["mixed"]) != (many["pairs"], many["mixed"]):
        sys.exit("the pairs DIFFER")


def row(result: dict[str, Any], one: dict[str, Any]) -> tuple[str, ...]:
    held, other = (way["most"][0] - way["base"][0] for way in (result, one))
    return (
        result["way"],
        f"{result['pairs']:,}",
        f"{result['cpu']:.1f}",
        f"{held / 1e6:.0f}",
        f"{held / other:.2f}",
        f"{result['most'][1] / 1e6:.0f}",
        f"{result['most'][1] / one['most'][1]:.2f}",
    )


if __name__ == "__main__":
    main()
