"""Tables of a run folder that are read batch by batch."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

__all__ = ["open_table"]

_BUFFER_BYTES = 1 << 18
"""Read ahead for each column, so that a row group is never in memory whole."""


def open_table(path: Path) -> pq.ParquetFile:
    """Open a table to be read batch by batch, each of which is all that is held.

    Arrow would read ahead, and hold what it read until the file is closed: in the end all of a table of pairs, which
    may have hundreds of millions of rows.

    Raises
    ------
    FileNotFoundError
        There is none.
    pyarrow.ArrowInvalid
        It is not a table.
    """
    return pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
