"""A report of many groups is written in memory that follows the number of grouped images only by a few bytes each."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from report_runs import group_sizes, make_run

from imgsieve import schema

MEMBER_BYTES = 150
"""Bytes a grouped image at most, as stated in `imgsieve.report.inventory`, beside what the first page takes."""

_CHILD = """
import sys
from pathlib import Path
from imgsieve.report import write_report
write_report(Path(sys.argv[1]))
def resident(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))
before = resident("VmRSS:")
page = write_report(Path(sys.argv[2]))
print(resident("VmHWM:") - before, page.stat().st_size)
"""


def _many(run, copies):
    """Repeat the images of a run under new numbers and in groups of their own."""
    table = pq.read_table(run / "groups.parquet")
    count, groups = len(table), 1 + max(table["group"].drop_null().to_pylist())
    with pq.ParquetWriter(run / "many.parquet", schema.GROUPS) as writer:
        for copy in range(copies):
            ids = pa.array([image + copy * count for image in table["image_id"].to_pylist()], pa.int64())
            numbers = pa.array(
                [None if group is None else group + copy * groups for group in table["group"].to_pylist()], pa.int64()
            )
            changed = table.set_column(0, "image_id", ids).set_column(4, "group", numbers)
            writer.write_table(changed.cast(schema.GROUPS))
    (run / "many.parquet").replace(run / "groups.parquet")
    return copies * sum(numbers.is_valid().to_pylist())


@pytest.mark.skipif(sys.platform != "linux", reason="reads the resident memory from /proc")
def test_twenty_thousand_groups_take_a_few_bytes_an_image(tmp_path):
    small = make_run(tmp_path / "small", group_sizes(40, 60))
    large = make_run(tmp_path / "large", group_sizes(2000, 60), thumbnails=False)
    members = _many(large, 10)
    told = subprocess.run(
        [sys.executable, "-c", _CHILD, small, large], capture_output=True, text=True, check=True
    ).stdout
    grown, index = map(int, told.split())
    assert len(list((large / "report/groups").glob("page-*.html"))) >= 400
    assert members > 40_000
    # Reading batches and rendering pages takes a fixed amount, which the small report has shown already.
    assert grown < MEMBER_BYTES * members + 24e6
    assert index < 100_000
