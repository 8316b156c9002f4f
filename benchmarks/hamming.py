"""Measure the joins of codes against brute force and against faiss.

Usage::

    python benchmarks/hamming.py [--codes CODES.npy | --count 3000000] [--workers 2] [--parts exact join wide]
                                 [--multihash 9x28x1 10x24x1] [--exact-count 100000] [--queries 2000]
                                 [--tables 320] [--neighbors 64]

Codes are those of `scale_features.py --codes`, made up when no file is given; equal ones are taken once, for all
alike. Each way is a process of its own: its seconds, and the most memory that it took beyond its libraries, the codes
included. ``faiss.IndexBinaryMultiHash`` is exact by pigeonhole where hashes x (flips + 1) is above the radius;
``9x28x1`` means 9 hashes of 28 bits with one flip. All of the named parameters are measured, and ratios are to the
fastest. Of the others that are exact, ``6x42x2`` takes some ten times as long at 100,000 codes, and ``18x14x0`` the
square of the number of codes. *exact*: all pairs within 19 bits at 100,000 codes, against brute force. *join*: pairs
within 17 bits, and within 31. *wide*: recall within 64 bits, against brute force on a sample of the codes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from accuracy import table
from hamming_ways import WIDE
from scale_features import Recipe, codes

NEAR, EXACT, FAR = 17, 19, 31


def in_child(kind: str, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).with_name("hamming_ways.py")), kind, *map(str, arguments)]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    print(result, file=sys.stderr, flush=True)
    return result


def row(result: dict[str, Any], beside: dict[str, Any]) -> tuple[str, ...]:
    """Return a row of the table, with ratios to another way."""
    return (
        result["way"],
        str(result["radius"]),
        f"{result['pairs']:,}",
        f"{result['seconds']:.1f} ({result['cpu']:.1f})",
        f"{result['seconds'] / beside['seconds']:.2f}",
        ("at most " if result["at_most"] else "") + f"{result['held'] / 1e6:.0f}",
        f"{result['held'] / beside['held']:.2f}",
    )


HEAD = ("way", "radius", "pairs", "seconds (of processors)", "time, ratio", "held MB", "memory, ratio")


def exact(path: Path, options: argparse.Namespace) -> None:
    """All pairs, against brute force."""
    some = path.with_name(f"some-{options.exact_count}.npy")
    np.save(some, np.load(path, mmap_mode="r")[: options.exact_count])
    results = [in_child("join", some, way, EXACT, options.workers) for way in ("ours", "flat")]
    same = results[0]["pairs"] == results[1]["pairs"] and results[0]["mixed"] == results[1]["mixed"]
    print(f"\nWithin {EXACT} bits, {options.exact_count:,} codes: {'every pair is' if same else 'NOT'} the same\n")
    print(table(HEAD, [row(result, results[1]) for result in results]))


def join(path: Path, options: argparse.Namespace) -> None:
    """Ours within 17 and 31 bits, and faiss within 17."""
    peers = [in_child("join", path, way, NEAR, options.workers) for way in options.multihash]
    near, far = (in_child("join", path, "ours", radius, options.workers) for radius in (NEAR, FAR))
    best = min(peers, key=lambda result: float(result["seconds"]))
    same = all((peer["pairs"], peer["mixed"]) == (near["pairs"], near["mixed"]) for peer in peers)
    print(f"\nSelf-join; within {NEAR} bits {'all found the same pairs' if same else 'the pairs DIFFER'}\n")
    print(table(HEAD, [row(result, best) for result in (*peers, near, far)]))
    print(f"\n{best['seconds'] / near['seconds']:.1f} times faster than {best['way']}, ", end="")
    print(f"{near['held'] / best['held']:.2f} of its memory; {FAR} bits take ", end="")
    print(f"{far['seconds'] / near['seconds']:.1f} times as long as {NEAR}")


def wide(path: Path, options: argparse.Namespace) -> None:
    """Recall of the wide search."""
    result = in_child("wide", path, options.queries, options.workers, options.tables, options.neighbors)
    print(f"\nWithin {WIDE} bits, {options.tables} tables, {options.neighbors} neighbors at most\n")
    bands = [f"{low}-{high} bits ({count:,})" for low, high, count, _ in result["bands"]]
    head = ("queries", "pairs by brute force", "found of all", "found of the nearest", *bands, "CPU seconds")
    found = (f"{share:.4f}" for share in (result["all"], result["nearest"], *(band[3] for band in result["bands"])))
    print(table(head, [(f"{result['queries']:,}", f"{result['pairs']:,}", *found, f"{result['cpu']:.1f}")]))
    print(f"\n{result['pictures']:,} queries have a pair; of {result['met']:,} at least one was found")


def prepared(options: argparse.Namespace) -> Path:
    """Return a file of different codes, in an order that says nothing."""
    options.work.mkdir(parents=True, exist_ok=True)
    made = np.load(options.codes) if options.codes else codes(Recipe(options.count), options.workers)
    different = np.unique(np.ascontiguousarray(made).view("V32").ravel()).view(np.uint8).reshape(-1, 32)
    path: Path = options.work / "codes.npy"
    np.save(path, np.random.default_rng(3).permutation(different))
    print(f"{len(made):,} codes, {len(different):,} of them different")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=Path)
    parser.add_argument("--count", type=int, default=3_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parts = {"exact": exact, "join": join, "wide": wide}
    parser.add_argument("--parts", nargs="+", choices=tuple(parts), default=list(parts))
    parser.add_argument("--multihash", nargs="+", default=["9x28x1", "10x24x1"])
    parser.add_argument("--exact-count", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--tables", type=int, default=320)
    parser.add_argument("--neighbors", type=int, default=64)
    parser.add_argument("--work", type=Path, default=Path("build/hamming"))
    options = parser.parse_args()
    path = prepared(options)
    for name in options.parts:
        parts[name](path, options)


if __name__ == "__main__":
    main()
