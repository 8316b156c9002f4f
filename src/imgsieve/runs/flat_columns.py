"""A few columns of fixed width, copied to one flat file whose rows are read by image number, at random.

The pairs of a batch name images from anywhere. A Parquet part must be opened and decoded for one row as for all, so a
batch would decode nearly all parts; of a flat file only the rows themselves are read. They are read by ``pread`` and
not through a memory map, whose pages would count as memory of this process as long as the map lasts.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.ledger import FeatureLedger

__all__ = ["FlatColumns", "flat_columns"]

_NEAR_BYTES = 2048
"""Rows that are closer than this are read together: a system call costs about as much as copying so many bytes."""

_SPAN_BYTES = 1 << 20
"""The most that is read together."""


@dataclass(frozen=True)
class FlatColumns:
    """Columns of fixed width, on disk, one row an image; see `flat_columns`."""

    count: int
    """Number of images."""
    width: int
    """Bytes of a row."""
    places: Mapping[str, tuple[int, int]]
    """Where each column begins and ends within a row, by name."""
    descriptor: int
    """The open file."""
    ledger: FeatureLedger | None = None
    """Counts what is read, if there is one."""

    def take(self, images: NDArray[np.integer], columns: Sequence[str]) -> dict[str, NDArray[np.uint8]]:
        """Return the rows of images, in their order; an image may be asked for more than once.

        Holds three to five times what it returns: columns that stand next to each other in the file are read at once,
        with what lies between near rows.

        Parameters
        ----------
        images
            Shape (n,), of any integer type: image numbers.
        columns
            Names of columns.

        Returns
        -------
        By name, shape (n, width of the column), uint8; zeros where the features hold null.

        Raises
        ------
        IndexError
            A number is not that of an image.
        OSError
            The file cannot be read.
        """
        wanted, inverse = np.unique(images.astype(np.int64), return_inverse=True)
        if len(wanted) and not 0 <= wanted[0] <= wanted[-1] < self.count:
            raise IndexError(f"images {wanted[0]} to {wanted[-1]} are asked for; there are {self.count}")
        begin = min((self.places[name][0] for name in columns), default=0)
        end = max((self.places[name][1] for name in columns), default=0)
        data, offsets = self._read(wanted, begin, end)
        if not len(data):
            return {name: np.empty((len(images), np.diff(self.places[name])[0]), np.uint8) for name in columns}
        rows = np.lib.stride_tricks.sliding_window_view(data, end - begin)[offsets[inverse]]
        slices = {name: slice(self.places[name][0] - begin, self.places[name][1] - begin) for name in columns}
        # Compiled loops want rows without gaps.
        found = {name: np.ascontiguousarray(rows[:, place]) for name, place in slices.items()}
        if self.ledger is not None and found:
            size = sum(values.nbytes for values in found.values())
            self.ledger.follow(next(iter(found.values())), len(images), size)
        return found

    def _read(self, wanted: NDArray[np.int64], begin: int, end: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Read the bytes from ``begin`` to ``end`` of rows that ascend; return all, and where those of each row are."""
        first, last = self._spans(wanted)
        sizes = (last - first) * self.width + (end - begin)
        edges = np.concatenate([[0], np.cumsum(sizes)])
        data = np.empty(int(edges[-1]), np.uint8)
        view, starts = data.data, first * self.width + begin
        for start, low, high in zip(starts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if os.preadv(self.descriptor, [view[low:high]], start) != high - low:
                raise OSError("the scratch file of feature columns ends too early")
        span = np.searchsorted(first, wanted, side="right") - 1
        return data, edges[:-1][span] + (wanted - first[span]) * self.width

    def _spans(self, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first and the last row of each stretch that is read at once."""
        near = max(_NEAR_BYTES // self.width, 1)
        opens = np.ones(len(wanted), bool)
        # Stretches also end where a multiple of the largest span is crossed.
        block = wanted // max(_SPAN_BYTES // self.width, 1)
        opens[1:] = (np.diff(wanted) > near) | (block[1:] != block[:-1])
        closes = np.roll(opens, -1)
        return wanted[opens], wanted[closes]


@contextmanager
def flat_columns(features: FeatureColumns, widths: Mapping[str, int]) -> Iterator[FlatColumns]:
    """Copy columns of the features to a flat file in the run folder, for as long as the context lasts.

    The file has no name, so nothing is left of it, however the process ends. It takes ``features.count`` times the
    sum of the widths on disk, and memory for one part at a time.

    Parameters
    ----------
    features
        The committed features.
    widths
        Bytes of each column, in the order in which they stand in a row: those that are read together should stand
        next to each other.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    ends = list(accumulate(widths.values(), initial=0))
    places = {name: (ends[i], ends[i + 1]) for i, name in enumerate(widths)}
    with tempfile.TemporaryFile(dir=features.folder.root) as file:
        for _, part in features.read(list(widths)):
            columns = [fixed_bytes(part[name], width) for name, width in widths.items()]
            file.write(np.concatenate(columns, axis=1).tobytes())
            # Or it would stay until the next one is read.
            del part, columns
        file.flush()
        yield FlatColumns(features.count, ends[-1], places, file.fileno(), features.ledger)
