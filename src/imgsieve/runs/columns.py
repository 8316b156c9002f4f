"""Columns of the features, read part by part and never whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imgsieve.runs.folder import RunFolder
from imgsieve.runs.ledger import FeatureLedger

__all__ = ["FeatureColumns", "fixed_bytes"]


class _Sized(Protocol):
    """What knows how many bytes it takes."""

    @property
    def nbytes(self) -> int:
        """Bytes of its content."""
        ...


Held = TypeVar("Held", bound=_Sized)


@dataclass(frozen=True)
class FeatureColumns:
    """The features of a run: parts of consecutive images."""

    folder: RunFolder
    parts: tuple[str, ...]
    starts: NDArray[np.int64]
    """Shape (parts + 1,): the first image of each part, and the number of images."""
    fingerprint: str
    ledger: FeatureLedger | None = None
    """Counts what is read, if there is one."""

    @property
    def count(self) -> int:
        """Number of images."""
        return int(self.starts[-1])

    def read(self, columns: Sequence[str]) -> Iterator[tuple[int, pa.Table]]:
        """Yield the first image and the table of each part."""
        for start, part in zip(self.starts[:-1], self.parts, strict=True):
            yield int(start), self._part(part, columns)

    def _part(self, part: str, columns: Sequence[str]) -> pa.Table:
        """Read one part on this thread, and let go of its file."""
        path = self.folder.path(part)
        table = pq.read_table(path, columns=list(columns), use_threads=False, memory_map=False)
        return self.counted(table, len(table))

    def counted(self, held: Held, images: int) -> Held:
        """Return a table or an array with features of so many images, counted until it is gone."""
        if self.ledger is not None:
            self.ledger.follow(held, images, held.nbytes)
        return held

    def take(self, images: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Return the rows of images, in their order; an image may be asked for more than once."""
        wanted, inverse = np.unique(images, return_inverse=True)
        edges = np.searchsorted(wanted, self.starts)
        pieces = []
        for i, part in enumerate(self.parts):
            rows = wanted[edges[i] : edges[i + 1]] - self.starts[i]
            if len(rows):
                pieces.append(self._part(part, columns).take(pa.array(rows)))
        return self.counted(pa.concat_tables(pieces).take(pa.array(inverse)), len(images))


def fixed_bytes(column: pa.ChunkedArray, width: int) -> NDArray[np.uint8]:
    """Return a column of fixed-size binary as shape (n, width), uint8; nulls become zeros."""
    if column.null_count:
        column = pc.fill_null(column, pa.scalar(bytes(width), pa.binary(width)))
    pieces = [
        np.frombuffer(chunk.buffers()[1], np.uint8)[chunk.offset * width : (chunk.offset + len(chunk)) * width]
        for chunk in column.chunks
        if len(chunk)
    ]
    if not pieces:
        return np.empty((0, width), np.uint8)
    return np.concatenate(pieces).reshape(-1, width)
