"""Ask a run about pictures that it has not seen, copies of what it has, and count what is found.

Usage::

    python benchmarks/search_recall.py SET OUT [--held 150] [--seed 3] [--workers 2]

SET is a folder with ``images/`` and ``truth.csv`` (columns file, source, transform), as `evaluation_sets.py` makes
them. One image of each of so many sources is held out, a run is made over all others in OUT, and each that was held
out is asked for. *Found* counts those for which at least one image of the same source is a match, *wrong* those for
which an image of another source is.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import shutil
import statistics
from collections import Counter, defaultdict
from pathlib import Path

import imgsieve
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.runs import run as find_duplicates

Row = dict[str, str]


def hold_out(rows: list[Row], count: int, seed: int) -> list[Row]:
    """Choose one image of each of some sources that have several."""
    by_source: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row["source"]].append(row)
    chance = random.Random(seed)
    several = [members for members in by_source.values() if len(members) > 1]
    return [chance.choice(members) for members in chance.sample(several, min(count, len(several)))]


def copy_rest(source: Path, target: Path, rows: list[Row], held: set[str]) -> None:
    """Link all images that were not held out into a folder of their own."""
    shutil.rmtree(target, ignore_errors=True)
    for row in rows:
        if row["file"] not in held:
            path = target / row["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(source / row["file"], path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--held", type=int, default=150)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with (options.set / "truth.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    held = hold_out(rows, options.held, options.seed)
    names = {row["file"] for row in held}
    copy_rest(options.set / "images", options.out / "images", rows, names)
    config = RunConfig(execution=ExecutionConfig(workers=options.workers))
    find_duplicates([str(options.out / "images")], options.out / "run", config)
    source_of = {row["file"]: row["source"] for row in rows}
    counts, missed, seconds = Counter[str](), Counter[str](), []
    with imgsieve.open_run(options.out / "run") as run:
        run.search(options.set / "images" / held[0]["file"])  # makes the index
        for row in held:
            answer = run.search(options.set / "images" / row["file"], limit=50)
            seconds.append(answer.seconds)
            matched = {one.file for one in answer}
            same = {file for file, source in source_of.items() if source == row["source"]} - names
            counts["found"] += bool(matched & same)
            counts["whole"] += matched >= same
            counts["wrong"] += bool(matched - same)
            if not matched & same:
                missed[row["transform"]] += 1
    print(f"{len(held)} asked of {len(rows) - len(held):,} images: {counts['found']} found, {counts['whole']} with all")
    print(f"of their source, {counts['wrong']} with a wrong one; {statistics.median(seconds):.2f} s each")
    print(f"missed: {dict(missed)}")


if __name__ == "__main__":
    main()
