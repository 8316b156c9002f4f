"""Records on their way to the disk and back, sorted into buckets: more of them than memory holds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgsieve.runs.folder import RunFolder

__all__ = ["BlockSpill"]

_BLOCK_RECORDS = 1 << 18


class BlockSpill:
    """Records by bucket, in one file without a name, so nothing is left of it however the process ends.

    Records wait until a block is full, which is then written in the order of its buckets; where each bucket begins in
    each block is kept in memory. Not for several threads at once.

    Parameters
    ----------
    folder
        The run folder.
    dtype
        Of the records.
    buckets
        How many there are.
    """

    def __init__(self, folder: RunFolder, dtype: np.dtype[np.void], buckets: int) -> None:
        self._dtype = dtype
        self._buckets = buckets
        self._file = tempfile.TemporaryFile(dir=folder.root)  # noqa: SIM115 - closed by __exit__
        self._waiting: list[tuple[NDArray[np.void], NDArray[np.int64]]] = []
        self._count = 0
        self._blocks: list[NDArray[np.int64]] = []
        self._written = 0

    def add(self, records: NDArray[np.void], numbers: NDArray[np.int64]) -> None:
        """Take records and the bucket of each; those of a bucket stay in their order."""
        for begin in range(0, len(records), _BLOCK_RECORDS):
            part = slice(begin, begin + _BLOCK_RECORDS)
            self._waiting.append((records[part], numbers[part]))
            self._count += len(records[part])
            if self._count >= _BLOCK_RECORDS:
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
        self._blocks.append(self._written + edges)
        self._file.write(records[order].tobytes())
        self._written += len(records)

    def finish(self) -> None:
        """Write the last block; from here on buckets can be read."""
        self._write()
        self._file.flush()

    def size(self, bucket: int) -> int:
        """Return how many records a bucket has."""
        return int(sum(edges[bucket + 1] - edges[bucket] for edges in self._blocks))

    def read(self, bucket: int, most: int | None = None) -> NDArray[np.void]:
        """Return the records of a bucket in their order, the first ``most`` if there are more."""
        size = self.size(bucket)
        return next(self.pieces(bucket, size if most is None else min(size, most)), np.empty(0, self._dtype))

    def pieces(self, bucket: int, most: int) -> Iterator[NDArray[np.void]]:
        """Yield the records of a bucket in their order, ``most`` at a time."""
        rest = self.size(bucket)
        out, at = np.empty(min(rest, most), self._dtype), 0
        for edges in self._blocks:
            low, high = int(edges[bucket]), int(edges[bucket + 1])
            while low < high:
                length = min(high - low, len(out) - at)
                self._file.seek(low * self._dtype.itemsize)
                out[at : at + length] = np.frombuffer(self._file.read(length * self._dtype.itemsize), self._dtype)
                at, low = at + length, low + length
                if at == len(out):
                    yield out
                    rest -= at
                    out, at = np.empty(min(rest, most), self._dtype), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
