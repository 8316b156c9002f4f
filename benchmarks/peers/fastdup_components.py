"""Group a folder with fastdup; runs in that tool's own environment.

    fastdup_components.py FOLDER RESULT.csv SIMILARITY

RESULT gets the columns file (relative to FOLDER) and group: the connected components that fastdup itself
writes.
"""

import csv
import shutil
import sys
from pathlib import Path

import fastdup


def column_pairs(table, key, value):
    """Yield two columns of a CSV file."""
    with table.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            yield row[key], row[value]


def main():
    folder, result, similarity = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), float(sys.argv[3])
    work = result.parent / "fastdup-work"
    shutil.rmtree(work, ignore_errors=True)
    fastdup.create(work_dir=str(work), input_dir=str(folder)).run(threshold=similarity, ccthreshold=similarity)
    path_of = dict(column_pairs(work / "atrain_features.dat.csv", "index", "filename"))
    rows = [
        (Path(path_of[row]).resolve().relative_to(folder).as_posix(), component)
        for row, component in column_pairs(work / "connected_components.csv", "__id", "component_id")
    ]
    with result.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "group"))
        writer.writerows(sorted(rows))


if __name__ == "__main__":
    main()
