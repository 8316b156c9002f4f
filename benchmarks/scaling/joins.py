"""Self-joins of codes, ours and those of faiss, behind one face: pairs are handed on block by block.

`ours` and `ours_wide` are the only places that know this project's own search.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]

BITS = 256
_QUERIES = 16_384


@dataclass
class Tally:
    """Counts pairs, and sums them up so that two sets can be told apart; any thread may add."""

    count: int = 0
    mixed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, one: NDArray[np.integer], other: NDArray[np.integer]) -> None:
        """Take pairs in, each once, in any order, either row first."""
        a, b = one.astype(np.uint64), other.astype(np.uint64)
        keys = np.minimum(a, b) << np.uint64(32) | np.maximum(a, b)
        keys = (keys ^ (keys >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        keys ^= keys >> np.uint64(32)
        with self._lock:
            self.count += len(keys)
            self.mixed = (self.mixed + int(keys.sum(dtype=np.uint64))) % (1 << 64)


def ours(codes: Codes, radius: int, workers: int, tally: Tally) -> None:
    """Join with this project's exact search."""
    from imgsieve.search.hamming import self_join  # noqa: PLC0415 - only where it is measured

    with ThreadPoolExecutor(workers) as pool:
        self_join(codes, radius, lambda pairs: tally.add(pairs[0], pairs[1]), pool.map)


def ours_wide(codes: Codes, sample: NDArray[np.int64], radius: int, workers: int, tables: int, neighbors: int) -> Pairs:
    """Return the pairs of sampled codes that this project's wide search finds: rows of the sample, and of the codes."""
    from imgsieve.search.nearest import Nearest  # noqa: PLC0415 - only where it is measured
    from imgsieve.search.tables import search, tables_for  # noqa: PLC0415

    nearest = Nearest(len(sample), neighbors, radius)
    with ThreadPoolExecutor(workers) as pool:
        chosen = tables_for(len(codes), tables, 0)
        search(codes[sample][None], sample.astype(np.int32), codes, chosen, nearest, pool.map)
    rows, columns = nearest.pairs()[:2]
    return rows.astype(np.int64), columns.astype(np.int64)


@dataclass(frozen=True)
class MultiHash:
    """Parameters of ``faiss.IndexBinaryMultiHash``."""

    hashes: int
    bits: int
    flips: int

    @classmethod
    def of(cls, text: str) -> MultiHash:
        """Read ``HASHESxBITSxFLIPS``."""
        return cls(*(int(part) for part in text.split("x")))

    @property
    def radius(self) -> int:
        """Up to so many bits nothing is missed: by pigeonhole, one substring has no more flips than are tried."""
        return self.hashes * (self.flips + 1) - 1

    def check(self, radius: int) -> None:
        """Refuse parameters that are not exact."""
        if self.hashes * self.bits > BITS or self.radius < radius:
            raise SystemExit(f"{self}: exact up to {self.radius} bits, {radius} are asked for; {BITS} bits there are")


def faiss_multihash(codes: Codes, radius: int, workers: int, tally: Tally, parameters: MultiHash) -> None:
    """Join with ``faiss.IndexBinaryMultiHash``."""
    import faiss  # noqa: PLC0415 - only where it is measured

    parameters.check(radius)
    faiss.omp_set_num_threads(workers)
    index = faiss.IndexBinaryMultiHash(BITS, parameters.hashes, parameters.bits)
    index.nflip = parameters.flips
    index.add(codes)
    _search(index, codes, radius, tally)


def faiss_flat(codes: Codes, radius: int, workers: int, tally: Tally) -> None:
    """Join by brute force, with ``faiss.IndexBinaryFlat``."""
    import faiss  # noqa: PLC0415 - only where it is measured

    faiss.omp_set_num_threads(workers)
    index = faiss.IndexBinaryFlat(BITS)
    index.add(codes)
    _search(index, codes, radius, tally)


def brute_force(
    codes: Codes, sample: NDArray[np.int64], radius: int, workers: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of sampled codes within a radius: rows of the sample and of the codes, and distances."""
    import faiss  # noqa: PLC0415 - only where it is measured

    faiss.omp_set_num_threads(workers)
    index = faiss.IndexBinaryFlat(BITS)
    index.add(codes)
    limits, bits, found = index.range_search(codes[sample], radius + 1)
    rows = np.repeat(np.arange(len(sample)), np.diff(limits).astype(np.int64))
    other = sample[rows] != found
    return rows[other], found[other], bits[other].astype(np.int64)


def _search(index: object, codes: Codes, radius: int, tally: Tally) -> None:
    """Search with all codes, block by block; faiss finds what is nearer than its radius, so one bit is added."""
    for at in range(0, len(codes), _QUERIES):
        limits, _, found = index.range_search(codes[at : at + _QUERIES], radius + 1)  # type: ignore[attr-defined]
        rows = at + np.repeat(np.arange(len(limits) - 1), np.diff(limits).astype(np.int64))
        later = found > rows
        tally.add(rows[later], found[later])
