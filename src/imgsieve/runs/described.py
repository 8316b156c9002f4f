"""Stage 1, third part: pairs that the descriptors of whole pictures propose.

Descriptors are put in the order of their cells, on disk; those of each cell are compared with those of the cells that
are near, a bounded number at a time. Few pictures have one cell, so all are compared with all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import GlobalConfig
from imgsieve.executors import Executor
from imgsieve.runs.block_spill import BlockSpill
from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.schema import DESCRIPTOR_BYTES
from imgsieve.search.byte_cells import centers_of, nearest_centers
from imgsieve.stages import wavelet
from imgsieve.stages.neighbors import Neighbors

__all__ = ["Portions", "propose_described"]

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
        size, end = self.dtype.itemsize, int(self.edges[cell + 1])
        for begin in range(int(self.edges[cell]), end, most):
            count = min(most, end - begin)
            yield np.frombuffer(os.pread(self.descriptor, count * size, begin * size), self.dtype)


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
            for size, proposals in executor.map(lambda queries: self._compared(queries, cells), asked):
                spill.add(proposals)
                count += size
                done(count)

    def _sorted(self, file: IO[bytes], executor: Executor) -> _Cells:
        """Write the records of all pictures to a file, cell by cell."""
        centers = self._centers()
        sizes = []
        with BlockSpill(self._features.folder, self._record, self._cells, _WAITING) as waiting:
            for records in executor.map(lambda part: self._placed(part, centers), self._described(self._images)):
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

    def _placed(self, part: tuple[NDArray[np.int32], NDArray[np.int8]], centers: NDArray[np.int8]) -> NDArray[np.void]:
        """Return the records of some pictures."""
        records = np.empty(len(part[0]), self._record)
        records["image"], records["descriptor"] = part
        records["probes"] = nearest_centers(np.ascontiguousarray(part[1]), centers, self._probes)
        return records

    def _compared(self, queries: NDArray[np.void], cells: _Cells) -> tuple[int, NDArray[np.void]]:
        """Return how many asked, and the pairs that they propose."""
        neighbors = Neighbors(queries["descriptor"], queries["image"], self._config)
        for cell in np.unique(queries["probes"]).tolist():
            asking = np.nonzero((queries["probes"] == cell).any(axis=1))[0]
            for others in cells.read(cell, _OTHERS):
                neighbors.meet(asking, others["descriptor"], others["image"])
        return len(queries), wavelet.descriptor_proposals(*neighbors.proposed())
