"""Measure the search by cells against brute force: time, memory, and recall on a sample of vectors.

Usage::

    python benchmarks/vectors.py [--vectors 200000] [--dimensions 128] [--queries 2000] [--threads 2]
                                  [--subjects 4000]

Vectors are made up: subjects, kinds of picture within a subject, and three in ten a copy of another with noise. They
lie in a memory map. Recall is the share of the near pairs of the sampled vectors, found by comparing them with all,
that the search by cells finds as well.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from accuracy import table
from imgsieve.memory import resident_bytes
from imgsieve.search.vectors import near_blocks, near_pairs, projected_bytes

NEIGHBORS, LEAST = 16, 0.75
BLOCK = 10_000


def write_vectors(path: Path, count: int, dimensions: int, kinds: int) -> None:
    """Write unit vectors in float16, block by block."""
    rng = np.random.default_rng(7)
    subjects = rng.standard_normal((kinds, dimensions))
    with path.open("wb") as file:
        for at in range(0, count, BLOCK):
            rows = min(BLOCK, count - at)
            chosen = rng.integers(0, len(subjects), rows)
            wide = 0.75 * subjects[chosen] + rng.standard_normal((rows, dimensions))
            copies = rng.random(rows) < 0.3
            wide[copies] = wide[rng.integers(0, rows, copies.sum())]
            wide += rng.uniform(0, 0.6, (rows, 1)) * rng.standard_normal((rows, dimensions))
            file.write((wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float16).tobytes())


def pairs_of(sample: NDArray[np.int64], vectors: NDArray[np.float16]) -> set[int]:
    """Return the near pairs of sampled vectors by brute force, as numbers."""
    found: set[int] = set()
    asked = vectors[sample].astype(np.float32)
    near = np.full((len(sample), 0), 0.0, np.float32)
    rows = np.empty((len(sample), 0), np.int64)
    for at in range(0, len(vectors), BLOCK):
        part = vectors[at : at + BLOCK].astype(np.float32)
        near = np.hstack([near, asked @ part.T])
        rows = np.hstack([rows, np.tile(np.arange(at, at + len(part)), (len(sample), 1))])
        best = np.argsort(-near, axis=1, kind="stable")[:, : NEIGHBORS + 1]
        near, rows = np.take_along_axis(near, best, 1), np.take_along_axis(rows, best, 1)
    for query, line, values in zip(sample, rows, near, strict=True):
        others = line[(values >= LEAST) & (line != query)]
        found |= {int(key) for key in np.minimum(query, others) << 32 | np.maximum(query, others)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=200_000)
    parser.add_argument("--dimensions", type=int, default=128)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--subjects", type=int, default=4000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors"
        write_vectors(path, options.vectors, options.dimensions, options.subjects)
        vectors = np.memmap(path, np.float16, "r").reshape(options.vectors, options.dimensions)
        near_pairs(np.eye(64, dtype=np.float16), 2, 0.5)
        base = resident_bytes()
        started, busy = time.perf_counter(), time.process_time()
        keys = [a << 32 | b for a, b in near_blocks(vectors, NEIGHBORS, LEAST, threads=options.threads, exact_rows=0)]
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - base
        found = np.unique(np.concatenate(keys))
        sample = np.random.default_rng(8).choice(options.vectors, min(options.queries, options.vectors), replace=False)
        expected = pairs_of(np.sort(sample), vectors)
    recall = np.isin(np.fromiter(expected, np.int64), found).mean()
    row = (
        f"{options.vectors:,}",
        options.dimensions,
        f"{seconds:.0f} ({busy:.0f})",
        f"{peak / 1e6:.0f}",
        f"{projected_bytes(options.vectors, options.dimensions, NEIGHBORS, exact_rows=0) / 1e6:.0f}",
        f"{len(found):,}",
        f"{len(expected):,}",
        f"{recall:.4f}",
    )
    head = ("vectors", "dimensions", "seconds (of processors)", "held MB", "projected MB", "pairs", "sampled", "recall")
    print(table(head, [row]))


if __name__ == "__main__":
    main()
