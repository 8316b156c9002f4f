"""Stage 1, third part: pairs that the descriptors of whole pictures propose.

Descriptors are put in the order of their cells, on disk; those of each cell are compared with those of the cells that
are near, a bounded number at a time. Few pictures have one cell, so all are compared with all. Where tasks share no
memory, each is given the cells that it needs by the store of objects.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import GlobalConfig
from imgsieve.executors import Executor, Shared, Titled
from imgsieve.runs.block_spill import BlockSpill
from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.schema import DESCRIPTOR_BYTES
from imgsieve.search.byte_cells import centers_of, nearest_centers
from imgsieve.stages import wavelet
from imgsieve.stages.neighbors import Neighbors

__all__ = ["Portions", "propose_described"]

_PIECE = 1 << 16
"""Descriptors that lie in the store of objects together, 10 MB: with fewer, the driver is busy naming them."""

_SAMPLES_A_CELL, _MOST_SAMPLES = 40, 1 << 16
_QUERIES, _OTHERS = 1024, 8192
"""Descriptors that ask, and of those that are asked, in memory at a time for a worker."""

_WAITING = 1 << 14

Done = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Portions:
    """How pictures are divided. It tells which are compared, so all runs have the same."""

    one_cell: int = 32_768
    """Up to so many pictures, all are compared with all."""
    cell_rows: int = 512
    """Beyond, pictures of a cell on average, unless there would be more cells than"""
    most_cells: int = 4096
    probes: int = 12
    """Cells that a picture is compared with."""


_PORTIONS = Portions()


def propose_described(
    features: FeatureColumns,
    images: NDArray[np.int32],
    config: GlobalConfig,
    executor: Executor,
    spill: PairSpill,
    done: Done,
    portions: Portions = _PORTIONS,
) -> None:
    """Spill the pairs of pictures of which one's descriptor is among the nearest of the other's.

    Parameters
    ----------
    images
        Shape (n,), increasing: those that take part.
    done
        Told how many images' worth of the work is done.
    portions
        How pictures are divided.
    """
    if len(images) > 1:
        _Nearest(features, images, config, portions).run(executor, spill, done)


@dataclass(frozen=True)
class _Cells:
    """Records on the disk, those of each cell together."""

    descriptor: int
    """The open file."""
    dtype: np.dtype[np.void]
    edges: NDArray[np.int64]
    """Shape (cells + 1,): where each begins, and the end."""

    def read(self, cell: int, most: int) -> Iterator[NDArray[np.void]]:
        """Yield the records of a cell, ``most`` at a time; any thread may ask."""
        end = int(self.edges[cell + 1])
        for begin in range(int(self.edges[cell]), end, most):
            yield self._between(begin, min(begin + most, end))

    def _between(self, begin: int, end: int) -> NDArray[np.void]:
        """Return the records from one place to another."""
        size = self.dtype.itemsize
        return np.frombuffer(os.pread(self.descriptor, (end - begin) * size, begin * size), self.dtype)

    def others(self, cell: int) -> Iterator[NDArray[np.void]]:
        """Yield the records of a cell in the pieces in which they are asked."""
        return self.read(cell, _OTHERS)

    def shared(self, executor: Executor) -> list[Shared[NDArray[np.void]]]:
        """Put all records into the store of objects, piece by piece."""
        count = int(self.edges[-1])
        return [executor.share(self._between(k, min(k + _PIECE, count))) for k in range(0, count, _PIECE)]


class _Nearest:
    """The search of one run."""

    def __init__(
        self, features: FeatureColumns, images: NDArray[np.int32], config: GlobalConfig, portions: Portions
    ) -> None:
        self._features = features
        self._images = images
        self._config = config
        cells = min(len(images) // portions.cell_rows, portions.most_cells)
        self._cells = max(1, cells) if len(images) > portions.one_cell else 1
        self._probes = min(portions.probes, self._cells)
        self._record = np.dtype(
            [("image", "<i4"), ("probes", "<u2", (self._probes,)), ("descriptor", "i1", (DESCRIPTOR_BYTES,))]
        )

    def run(self, executor: Executor, spill: PairSpill, done: Done) -> None:
        """Put descriptors in the order of their cells, and compare them cell by cell."""
        with tempfile.TemporaryFile(dir=self._features.folder.root) as file:
            cells = self._sorted(file, executor)
            asked = (queries for cell in range(self._cells) for queries in cells.read(cell, _QUERIES))
            count = 0
            for size, proposals in self._compared(executor, cells, asked):
                spill.add(proposals)
                count += size
                done(count)

    def _compared(
        self, executor: Executor, cells: _Cells, asked: Iterator[NDArray[np.void]]
    ) -> Iterator[tuple[int, NDArray[np.void]]]:
        """Yield how many asked, and the pairs that they propose."""
        config = self._config
        if not executor.elsewhere:
            return executor.map(lambda queries: _proposed(queries, cells.others, config), asked)
        pieces, edges = cells.shared(executor), cells.edges

        def tasks() -> Iterator[_Asked]:
            for queries in asked:
                needed = {k for cell in _probed(queries) for k in _pieces_of(edges, cell)}
                yield _Asked(queries, {k: pieces[k] for k in needed})

        return executor.map(Titled("wavelet: descriptors", _Compare(config, edges)), tasks())

    def _sorted(self, file: IO[bytes], executor: Executor) -> _Cells:
        """Write the records of all pictures to a file, cell by cell."""
        centers = self._centers()
        sizes = []
        with BlockSpill(self._features.folder, self._record, self._cells, _WAITING) as waiting:
            place = Titled("wavelet: cells of descriptors", _Place(self._record, centers, self._probes))
            for records in executor.map(place, self._described(self._images)):
                waiting.add(records, records["probes"][:, 0].astype(np.int64))
            waiting.finish()
            for cell in range(self._cells):
                sizes.append(waiting.size(cell))
                for piece in waiting.pieces(cell, _OTHERS):
                    file.write(piece.view(np.uint8).data)
        file.flush()
        return _Cells(file.fileno(), self._record, np.concatenate([[0], np.cumsum(sizes)]))

    def _described(self, images: NDArray[np.int32]) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int8]]]:
        """Yield images, in their order, and their descriptors, those of each part of the features together."""
        for start, part in self._features.read(["descriptor"]):
            low, high = np.searchsorted(images, (start, start + len(part)))
            if low < high:
                chosen = images[low:high]
                yield chosen, fixed_bytes(part["descriptor"], DESCRIPTOR_BYTES)[chosen - start].view(np.int8)

    def _centers(self) -> NDArray[np.int8]:
        """Return the centers of the cells, from an even sample."""
        if self._cells == 1:
            return np.zeros((1, DESCRIPTOR_BYTES), np.int8)
        samples = min(len(self._images), self._cells * _SAMPLES_A_CELL, _MOST_SAMPLES)
        chosen = np.unique(self._images[np.linspace(0, len(self._images) - 1, samples).astype(np.int64)])
        return centers_of(np.concatenate([found for _, found in self._described(chosen)]), self._cells)


@dataclass(frozen=True)
class _Place:
    """Finds the cells of some pictures."""

    record: np.dtype[np.void]
    centers: NDArray[np.int8]
    probes: int

    def __call__(self, part: tuple[NDArray[np.int32], NDArray[np.int8]]) -> NDArray[np.void]:
        """Return their records."""
        records = np.empty(len(part[0]), self.record)
        records["image"], records["descriptor"] = part
        # Compiled loops want memory that may be written, which that of other processes may not.
        records["probes"] = nearest_centers(np.array(part[1]), np.array(self.centers), self.probes)
        return records


@dataclass(frozen=True)
class _Asked:
    """Those that ask, and the pieces, by number, that hold the cells that they are compared with."""

    queries: NDArray[np.void]
    pieces: Mapping[int, Shared[NDArray[np.void]]]


@dataclass(frozen=True)
class _Compare:
    """Compares in a process that has nothing but what is in the task."""

    config: GlobalConfig
    edges: NDArray[np.int64]
    """Shape (cells + 1,): where each cell begins, and the end."""

    def __call__(self, asked: _Asked) -> tuple[int, NDArray[np.void]]:
        """Return how many asked, and the pairs that they propose."""
        # The store is asked once for each piece: it maps pages, and does not copy them.
        pieces = {k: piece.value for k, piece in asked.pieces.items()}
        return _proposed(asked.queries, lambda cell: self._others(pieces, cell), self.config)

    def _others(self, pieces: Mapping[int, NDArray[np.void]], cell: int) -> Iterator[NDArray[np.void]]:
        """Yield the records of a cell in the parts in which they are asked."""
        for k in _pieces_of(self.edges, cell):
            begin, end = np.clip(self.edges[cell : cell + 2] - k * _PIECE, 0, _PIECE).tolist()
            for first in range(begin, end, _OTHERS):
                yield pieces[k][first : min(first + _OTHERS, end)]


def _pieces_of(edges: NDArray[np.int64], cell: int) -> range:
    """Return which pieces hold the records of a cell."""
    begin, end = edges[cell : cell + 2].tolist()
    return range(begin // _PIECE, -(-end // _PIECE)) if end > begin else range(0)


def _probed(queries: NDArray[np.void]) -> list[int]:
    """Return the cells that any of those that ask is compared with."""
    cells: list[int] = np.unique(queries["probes"]).tolist()
    return cells


def _proposed(
    queries: NDArray[np.void], others_of: Callable[[int], Iterable[NDArray[np.void]]], config: GlobalConfig
) -> tuple[int, NDArray[np.void]]:
    """Return how many asked, and the pairs that they propose, by the records of each cell that they probe."""
    neighbors = Neighbors(queries["descriptor"], queries["image"], config)
    for cell in _probed(queries):
        asking = np.nonzero((queries["probes"] == cell).any(axis=1))[0]
        for others in others_of(cell):
            neighbors.meet(asking, others["descriptor"], others["image"])
    return len(queries), wavelet.descriptor_proposals(*neighbors.proposed())
