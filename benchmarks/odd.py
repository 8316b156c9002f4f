"""Run over a folder of malformed and rare files, and tell what became of each.

Usage::

    python benchmarks/odd.py FOLDER [--work build/odd] [--memory-mb 2048]

Prints tables in Markdown: what was read by format, and what failed by kind, with examples. Ends with an error when
a file of the folder is not told of exactly once.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow.parquet as pq

from accuracy import table
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.runs import run

EXAMPLES = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/odd"))
    parser.add_argument("--memory-mb", type=int, default=2048)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    config = RunConfig(execution=ExecutionConfig(memory_bytes=options.memory_mb * 10**6))
    summary = run([str(options.folder)], options.work, config).summary
    rows = pq.read_table(options.work / "groups.parquet").to_pylist()
    memory = summary["memory"]
    print(
        f"{summary['images']} files in {summary['seconds']:.1f} s, peak {memory['measured_peak_bytes'] / 1e6:.0f} MB "
        f"of {memory['budget_bytes'] / 1e6:.0f} MB; {summary['failed']} failed, {summary['groups']} groups\n"
    )
    read = Counter(row["format"] for row in rows if row["status"] != "failed")
    print(table(("read as", "files"), read.most_common()))
    failures: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["status"] == "failed":
            failures[row["error_kind"]].append(f"{row['file']}: {row['error']}")
    lines = [(kind, len(told), "; ".join(told[:EXAMPLES])) for kind, told in sorted(failures.items())]
    print("\n" + table(("kind of failure", "files", "such as"), lines))
    there = sorted(
        str(path.relative_to(options.folder))
        for path in options.folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    told_of = sorted(row["file"] for row in rows)
    if there != told_of:
        sys.exit(f"not told of exactly once: {sorted(set(there) ^ set(told_of))}")
    print(f"\nAll {len(there)} files are accounted for.")


if __name__ == "__main__":
    main()
