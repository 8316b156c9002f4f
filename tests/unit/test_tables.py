"""Tables that are read batch by batch are never in memory whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import imgsieve
from imgsieve.tables import open_table

_GROUPS, _ROWS = 40, 16_384
_BYTES = _GROUPS * _ROWS * 16


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A table of two columns of noise, 10 MB."""
    path, rng = tmp_path_factory.mktemp("tables") / "large.parquet", np.random.default_rng(4)
    with pq.ParquetWriter(path, pa.schema({"a": pa.int64(), "b": pa.int64()})) as writer:
        for _ in range(_GROUPS):
            writer.write(pa.table({name: rng.integers(0, 1 << 62, _ROWS) for name in "ab"}))
    return path


def test_what_was_read_is_not_held(large):
    before, most, rows = pa.total_allocated_bytes(), 0, 0
    with open_table(large) as table:
        for batch in table.iter_batches(1024, use_threads=False):
            rows += len(batch)
            del batch
            most = max(most, pa.total_allocated_bytes() - before)
    assert rows == _GROUPS * _ROWS
    assert most < _BYTES / 8


def test_rows_are_those_of_the_table(large):
    with open_table(large) as table:
        read = pa.Table.from_batches(list(table.iter_batches(5000, columns=["b"])))
    assert read.equals(pq.read_table(large, columns=["b"]))


def test_what_is_no_table_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_table(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(pa.ArrowInvalid):
        open_table(tmp_path / "text.parquet")


def test_all_tables_are_opened_so():
    root = Path(imgsieve.__file__).parent
    others = [path for path in root.rglob("*.py") if re.search(r"pq\.ParquetFile\(", path.read_text(encoding="utf-8"))]
    assert others == [root / "tables.py"]
