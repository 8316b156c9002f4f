"""Read the groups of a finished run of N images one after another, and print time and memory.

Usage::

    python benchmarks/finished_groups.py OUT [--images 1000000] [--size 3]

OUT gets a made-up result: groups of ``--size`` images each, whose members lie all over the table.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import imgsieve
from imgsieve.config import RunConfig
from imgsieve.memory import resident_bytes
from imgsieve.runs.folder import RunFolder
from imgsieve.schema import DUPLICATE, GROUPS, KEPT
from scaling.process import peak_bytes

ROWS = 16_384


def make_run(root: Path, count: int, size: int) -> None:
    """Write the result of a made-up run."""
    shutil.rmtree(root, ignore_errors=True)
    folder = RunFolder(root)
    groups = np.random.default_rng(1).permutation(count) // size
    keeps = np.zeros(count, bool)
    keeps[np.unique(groups, return_index=True)[1]] = True
    with folder.table_writer("groups.parquet", GROUPS, "made up") as writer:
        for start in range(0, count, ROWS):
            writer.write(_rows(start, groups[start : start + ROWS], keeps[start : start + ROWS]))
    config = RunConfig()
    manifest = {"parts": [], "rows": count, "bytes": 0, "fingerprint": "made up"}
    told = {"state": "finished", "sources": [], "config": config.as_dict(), "fingerprint": config.fingerprint()}
    folder.write_json("run.json", {**told, "version": "made up", "manifest": manifest})


def _rows(start: int, groups: np.ndarray, keeps: np.ndarray) -> pa.Table:
    names = [f"folder {image % 997}/{image:09d}.jpg" for image in range(start, start + len(groups))]
    told: dict[str, Any] = {
        "image_id": pa.array(np.arange(start, start + len(groups))),
        "uri": pa.array([f"file:///pictures/{name}" for name in names]),
        "file": pa.array(names),
        "status": pa.array(np.where(keeps, KEPT, DUPLICATE)),
        "group": pa.array(groups.astype(np.int64)),
        "keep": pa.array(keeps.astype(np.int8)),
        "format": pa.repeat("jpeg", len(groups)),
        "size": pa.repeat(100_000, len(groups)),
        **{name: pa.array(np.full(len(groups), 640, np.int32)) for name in ("width", "height")},
        **{name: pa.array(np.ones(len(groups), np.float32)) for name in ("quality", "block_share", "still_share")},
    }
    columns = [told.get(field.name, pa.nulls(len(groups), field.type)) for field in GROUPS]
    return pa.Table.from_arrays(
        [column.cast(field.type) for column, field in zip(columns, GROUPS, strict=True)], schema=GROUPS
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=3)
    options = parser.parse_args()
    if not (options.out / "run.json").exists():
        make_run(options.out, options.images, options.size)
        print("made; give the command again to measure it in a fresh process")
        return
    with imgsieve.open_run(options.out) as run:
        base, began, members = resident_bytes(), time.process_time(), 0
        for number, group in enumerate(imgsieve.iter_groups(run)):
            assert group.number == number
            members += len(group.members)
    seconds = time.process_time() - began
    print(f"{members:,} members of {number + 1:,} groups in {seconds:.0f} s of the processor")
    print(f"memory: {base / 1e6:.0f} MB before, {peak_bytes() / 1e6:.0f} MB at most")


if __name__ == "__main__":
    main()
