"""One way of joining codes, measured in a process that loads nothing else; `hamming.py` starts it.

Usage::

    python benchmarks/hamming_ways.py join CODES.npy WAY RADIUS WORKERS
    python benchmarks/hamming_ways.py wide CODES.npy QUERIES WORKERS TABLES NEIGHBORS
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgsieve.memory import resident_bytes
from scaling.joins import MultiHash, Tally, brute_force, faiss_flat, faiss_multihash, ours, ours_wide
from scaling.process import forget_peak, recent_peak_bytes

WIDE = 64
BANDS = ((0, 17), (18, 31), (32, 47), (48, 53), (54, 58), (59, 64))
WARM_CODES = 4000


def ways(name: str) -> Callable[..., None]:
    """Return a join by its name."""
    if name in {"ours", "flat"}:
        return {"ours": ours, "flat": faiss_flat}[name]
    return partial(faiss_multihash, parameters=MultiHash.of(name))


def measure_join(path: str, way: str, radius: int, workers: int) -> dict[str, Any]:
    """Join in this process; libraries are loaded, and loops compiled, before anything is measured."""
    join = ways(way)
    warm = np.random.default_rng(0).integers(0, 256, (WARM_CODES, 32), dtype=np.uint8)
    join(warm, radius, workers, Tally())
    base, exact = resident_bytes(), forget_peak()
    loaded = np.load(path)
    tally = Tally()
    started, busy = time.perf_counter(), time.process_time()
    join(loaded, radius, workers, tally)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    return {
        "way": way,
        "radius": radius,
        "seconds": seconds,
        "cpu": busy,
        "held": recent_peak_bytes() - base,
        "at_most": not exact,
        "pairs": tally.count,
        "mixed": tally.mixed,
    }


def measure_wide(path: str, queries: int, workers: int, tables: int, neighbors: int) -> dict[str, Any]:
    """Compare the wide search with brute force on a sample."""
    loaded = np.load(path)
    sample = np.sort(np.random.default_rng(5).choice(len(loaded), min(queries, len(loaded)), replace=False))
    rows, columns, bits = brute_force(loaded, sample, WIDE, workers)
    started = time.process_time()
    found = ours_wide(loaded, sample, WIDE, workers, tables, neighbors)
    busy = time.process_time() - started
    was_found = np.isin(rows << 32 | columns, found[0] << 32 | found[1])
    wanted = nearest_only(rows, bits, neighbors)
    bands = [(low, high, (bits >= low) & (bits <= high) & wanted) for low, high in BANDS]
    return {
        "queries": len(sample),
        "pairs": len(rows),
        "all": share(was_found),
        "nearest": share(was_found[wanted]),
        "bands": [(low, high, int(mine.sum()), share(was_found[mine])) for low, high, mine in bands],
        "pictures": len(np.unique(rows)),
        "met": len(np.unique(rows[was_found])),
        "cpu": busy,
    }


def nearest_only(rows: NDArray[np.int64], bits: NDArray[np.int64], neighbors: int) -> NDArray[np.bool_]:
    """Return which pairs are nearer than any that the limit of neighbors may leave out.

    Of a query with more pairs than that, only those at distances that are wanted in full.
    """
    wanted = np.ones(len(rows), bool)
    counts = np.bincount(rows)
    for row in np.nonzero(counts > neighbors)[0]:
        mine = rows == row
        limit = np.sort(bits[mine])[neighbors]
        wanted[mine] = bits[mine] < limit
    return wanted


def share(found: NDArray[np.bool_]) -> float:
    return float(found.mean()) if len(found) else 1.0


def main() -> None:
    kind, path, *rest = sys.argv[1:]
    if kind == "join":
        print(json.dumps(measure_join(path, rest[0], int(rest[1]), int(rest[2]))))
    else:
        print(json.dumps(measure_wide(path, *map(int, rest))))


if __name__ == "__main__":
    main()
