"""Records on their way to the disk and back, sorted into buckets: more of them than memory holds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgsieve.runs.folder import RunFolder

__all__ = ["BlockSpill"]

_BLOCK_RECORDS = 1 << 18
_NEAR_BUCKETS = 64
"""Buckets whose places are in memory at a time: those of all would be millions of numbers."""

_EDGE = np.dtype(np.uint32)


class BlockSpill:
    """Records by bucket, in files without names, so nothing is left of them however the process ends.

    Records wait until a block is full, which is then written in the order of its buckets; where each bucket begins in
    each block is written to a second file. Not for several threads at once.

    Parameters
    ----------
    folder
        The run folder.
    dtype
        Of the records.
    buckets
        How many there are.
    block_records
        How many records wait at least before they are written, and less than twice as many.
    """

    def __init__(
        self, folder: RunFolder, dtype: np.dtype[np.void], buckets: int, block_records: int = _BLOCK_RECORDS
    ) -> None:
        self._dtype = dtype
        self._buckets = buckets
        self._block_records = block_records
        self._file = tempfile.TemporaryFile(dir=folder.root)  # noqa: SIM115 - closed by __exit__
        self._edges_file = tempfile.TemporaryFile(dir=folder.root)  # noqa: SIM115 - likewise
        self._waiting: list[tuple[NDArray[np.void], NDArray[np.int64]]] = []
        self._count = 0
        self._starts: list[int] = []
        self._written = 0
        self._near: tuple[int, NDArray[np.uint32]] | None = None

    def add(self, records: NDArray[np.void], numbers: NDArray[np.int64]) -> None:
        """Take records and the bucket of each; those of a bucket stay in their order."""
        for begin in range(0, len(records), self._block_records):
            part = slice(begin, begin + self._block_records)
            self._waiting.append((records[part], numbers[part]))
            self._count += len(records[part])
            if self._count >= self._block_records:
                self._write()

    def _write(self) -> None:
        """Write what waits as one block."""
        if not self._count:
            return
        records = np.concatenate([records for records, _ in self._waiting])
        numbers = np.concatenate([numbers for _, numbers in self._waiting])
        self._waiting, self._count = [], 0
        order = np.argsort(numbers, kind="stable")
        edges = np.searchsorted(numbers[order], np.arange(self._buckets + 1))
        self._edges_file.write(edges.astype(_EDGE).data)
        self._file.write(records[order].view(np.uint8).data)
        self._starts.append(self._written)
        self._written += len(records)

    def finish(self) -> None:
        """Write the last block; from here on buckets can be read."""
        self._write()
        self._file.flush()
        self._edges_file.flush()

    def size(self, bucket: int) -> int:
        """Return how many records a bucket has."""
        edges = self._edges(bucket).astype(np.int64)
        return int((edges[:, 1] - edges[:, 0]).sum())

    def _edges(self, bucket: int) -> NDArray[np.uint32]:
        """Return where a bucket begins and ends in each block: shape (blocks, 2)."""
        first = bucket - bucket % _NEAR_BUCKETS
        if self._near is None or self._near[0] != first:
            count = min(_NEAR_BUCKETS, self._buckets - first) + 1
            edges = np.empty((len(self._starts), count), _EDGE)
            for block, row in enumerate(edges):
                place = (block * (self._buckets + 1) + first) * _EDGE.itemsize
                row[:] = np.frombuffer(os.pread(self._edges_file.fileno(), row.nbytes, place), _EDGE)
            self._near = first, edges
        return self._near[1][:, bucket - first : bucket - first + 2]

    def read(self, bucket: int, most: int | None = None) -> NDArray[np.void]:
        """Return the records of a bucket in their order, the first ``most`` if there are more."""
        size = self.size(bucket)
        return next(self.pieces(bucket, size if most is None else min(size, most)), np.empty(0, self._dtype))

    def pieces(self, bucket: int, most: int) -> Iterator[NDArray[np.void]]:
        """Yield the records of a bucket in their order, ``most`` at a time."""
        rest = self.size(bucket)
        out, at = np.empty(min(rest, most), self._dtype), 0
        for start, edges in zip(self._starts, self._edges(bucket).tolist(), strict=True):
            low, high = start + edges[0], start + edges[1]
            while low < high:
                length = min(high - low, len(out) - at)
                out[at : at + length] = self._records(low, length)
                at, low = at + length, low + length
                if at == len(out):
                    yield out
                    rest -= at
                    out, at = np.empty(min(rest, most), self._dtype), 0

    def _records(self, first: int, count: int) -> NDArray[np.void]:
        """Read records that are next to each other."""
        size = self._dtype.itemsize
        return np.frombuffer(os.pread(self._file.fileno(), count * size, first * size), self._dtype)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._edges_file.close()
