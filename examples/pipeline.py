"""Let new pictures into a collection only if it does not have them yet.

    python examples/pipeline.py COLLECTION INBOX RUN

COLLECTION is a folder with a run over it in RUN; if there is none yet, it is made. Each picture of INBOX is asked for
in the run. What is not there is moved into COLLECTION, and the run is brought up to date in the end, for which only
the new pictures are read.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import imgsieve
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.errors import ImageError
from imgsieve.runs import run as find_duplicates


def ingest(collection: Path, inbox: Path, place: Path) -> tuple[list[Path], list[Path]]:
    """Move what is new.

    Returns
    -------
    What was moved, and what stays in the inbox: copies of what the collection has, and files that are no pictures.
    """
    moved, left = [], []
    with imgsieve.open_run(place) as run:
        for picture in sorted(path for path in inbox.iterdir() if path.is_file()):
            try:
                answer = run.search(picture, limit=5)
            except ImageError as error:
                print(f"{picture.name}: left, {error}")
                left.append(picture)
                continue
            if answer or answer.undecided:
                known = (*answer.matches, *answer.undecided)[0]
                print(f"{picture.name}: left, {known.relation} duplicate of {known.file} ({known.why})")
                left.append(picture)
            else:
                print(f"{picture.name}: new, {answer.why}")
                moved.append(Path(shutil.move(picture, collection / picture.name)))
    return moved, left


def main(collection: Path, inbox: Path, place: Path) -> None:
    """Make the run if there is none, let pictures in, and bring the run up to date."""
    options = RunConfig(execution=ExecutionConfig(workers=2))
    if not (place / "summary.json").exists():
        find_duplicates([str(collection)], place, options)
    moved, left = ingest(collection, inbox, place)
    # Pictures of the inbox were compared with the collection and not with each other: that is what this run finds.
    result = find_duplicates([str(collection)], place, options)
    reused = result.summary["reused_features"] + result.summary["resumed_images"]
    print(f"{len(moved)} moved, {len(left)} left; {result.summary['images']} images, {reused} known before")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
