"""Work with a finished run as a table: which folders hold most of the duplicates, and which to look at by hand.

    python examples/pandas_table.py RUN

With pandas installed the same tables come as data frames by ``.to_pandas()``; this page prints from either.
"""

from __future__ import annotations

import importlib.util
import sys

import pyarrow as pa
import pyarrow.compute as pc

import imgsieve


def by_folder(run: imgsieve.Run) -> pa.Table:
    """Return how many duplicates each top folder has, and their bytes."""
    images = run.images(["file", "status", "size"])
    duplicates = images.filter(pc.equal(images["status"], "duplicate"))
    folders = pc.list_element(pc.split_pattern(duplicates["file"], "/", max_splits=1), 0)
    counted = (
        duplicates.append_column("folder", folders).group_by("folder").aggregate([("size", "sum"), ([], "count_all")])
    )
    return counted.sort_by([("count_all", "descending"), ("folder", "ascending")])


def least_sure(run: imgsieve.Run, count: int = 5) -> pa.Table:
    """Return the near duplicates that agree with their keepers in the smallest share of blocks."""
    columns = ["file", "keeper", "relation", "block_share", "reason"]
    groups = run.groups(columns)
    near = groups.filter(pc.equal(groups["relation"], "near"))
    return near.sort_by([("block_share", "ascending"), ("file", "ascending")]).slice(0, count)


def show(title: str, table: pa.Table) -> None:
    """Print a table, as a data frame where there is pandas."""
    print(title)
    if importlib.util.find_spec("pandas"):
        print(table.to_pandas().to_string(index=False))
    else:
        for row in table.to_pylist():
            print("  " + ", ".join(f"{name} {value}" for name, value in row.items()))


def main(place: str) -> None:
    """Print both tables of a run."""
    with imgsieve.open_run(place) as run:
        show("Duplicates by folder", by_folder(run))
        show("Least sure", least_sure(run))


if __name__ == "__main__":
    main(sys.argv[1])
