"""A file of records of any length that are read again by their number.

What is read in the order of ``image_id`` is often wanted in another: members of a group are far apart in the tables
and stand together on a page. The records wait on disk in between; only their places, 8 bytes each, are in memory.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["RecordFile"]


class RecordFile:
    """Records of bytes, appended one after another, then read by number.

    Parameters
    ----------
    folder
        Where the file is; it has no name, so nothing is left of it, however the process ends.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=1 << 20)  # noqa: SIM115 - `__exit__` closes it
        self._ends = array("q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, record: bytes) -> int:
        """Write a record at the end and return its number, counted from 0."""
        self._file.write(record)
        self._ends.append(self._ends[-1] + len(record))
        return len(self) - 1

    def read(self, number: int) -> bytes:
        """Return the record of this number."""
        begin, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._file.fileno(), end - begin, begin)

    def flush(self) -> None:
        """Hand buffered records to the system, so that they can be read."""
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
