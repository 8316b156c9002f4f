"""Rows that come in any order and are wanted by ranges of a key: they wait on the disk in between."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Spill"]

_HELD_ROWS = 16_384
"""Rows that are gathered before they are divided among the ranges."""


class Spill:
    """Divides rows among ranges; each range is a file without a name, which is gone when the context ends.

    Parameters
    ----------
    folder
        Where the files are made.
    schema
        Of the rows.
    bounds
        Shape (ranges - 1,), ascending: the first key of each range but the first.
    """

    def __init__(self, folder: Path, schema: pa.Schema, bounds: NDArray[np.int64]) -> None:
        self._folder = folder
        self._schema = schema
        self._bounds = bounds
        self._stack = ExitStack()
        self._files: dict[int, tuple[IO[bytes], Any]] = {}
        self._held: list[tuple[pa.Table, NDArray[np.int64]]] = []
        self._count = 0

    def add(self, rows: pa.Table, keys: NDArray[np.integer]) -> None:
        """Add rows with their keys, shape (n,)."""
        if len(rows):
            self._held.append((rows, np.searchsorted(self._bounds, keys, side="right")))
            self._count += len(rows)
        if self._count >= _HELD_ROWS:
            self._divide()

    def tables(self) -> Iterator[pa.Table]:
        """Yield the rows of each range in turn, in the order in which they came; rows can be added no more."""
        self._divide()
        for number in range(len(self._bounds) + 1):
            yield self._read(number) if number in self._files else self._schema.empty_table()

    def _divide(self) -> None:
        """Write the held rows to the files of their ranges."""
        if not self._held:
            return
        table = pa.concat_tables([rows for rows, _ in self._held]).combine_chunks()
        numbers = np.concatenate([numbers for _, numbers in self._held])
        self._held, self._count = [], 0
        order = np.argsort(numbers, kind="stable")
        table, numbers = table.take(pa.array(order)), numbers[order]
        starts = np.searchsorted(numbers, np.arange(len(self._bounds) + 2))
        for number in np.unique(numbers).tolist():
            low, high = int(starts[number]), int(starts[number + 1])
            self._writer(number).write_table(table.slice(low, high - low))

    def _writer(self, number: int) -> Any:
        """Return the writer of a range."""
        if number not in self._files:
            file = self._stack.enter_context(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - the stack closes it
            self._files[number] = file, pa.ipc.new_stream(file, self._schema)
        return self._files[number][1]

    def _read(self, number: int) -> pa.Table:
        """Read a range, and let go of its file."""
        file, writer = self._files.pop(number)
        writer.close()
        file.seek(0)
        with pa.ipc.open_stream(file) as reader:
            table = reader.read_all()
        file.close()
        return table

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
