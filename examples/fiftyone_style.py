"""Tag the samples of a dataset with what a run found, as curators of datasets do.

    python examples/fiftyone_style.py RUN

Where FiftyOne is installed, a dataset of that name is made, with a tag and the fields below on each sample; else the
same loop goes over plain objects, which is how it would look for any other library of datasets.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import imgsieve


@dataclass
class Sample:
    """A picture of a dataset."""

    filepath: str
    tags: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)


def samples(run: imgsieve.Run) -> Iterator[Sample]:
    """Yield a sample for every image of a run, those of groups with the group and why they are in it."""
    alone = {"group": None, "keeper": None, "quality": None, "reason": None}
    grouped: dict[str, Sample] = {}
    for group in imgsieve.iter_groups(run):
        for member in group.members:
            facts = {"group": group.number, "quality": member.quality, "reason": member.reason}
            tag = "keeper" if member.keep else f"{member.relation}-duplicate"
            keeper = None if member.keep else path_of(group.keeper.uri)
            grouped[member.uri] = Sample(path_of(member.uri), [tag], {**facts, "keeper": keeper})
    for batch in run.batches(["uri", "status"]):
        for row in batch.to_pylist():
            tag = "failed" if row["status"] == "failed" else "unique"
            yield grouped.get(row["uri"]) or Sample(path_of(row["uri"]), [tag], dict(alone))


def path_of(uri: str) -> str:
    """Return the path of a file of this machine; the URL of any other."""
    return unquote(uri.removeprefix("file://")) if uri.startswith("file://") else uri


def to_fiftyone(found: list[Sample], name: str) -> None:
    """Make a dataset of FiftyOne."""
    import fiftyone  # noqa: PLC0415 - an example works without

    dataset = fiftyone.Dataset(name, overwrite=True)
    dataset.add_samples([fiftyone.Sample(filepath=one.filepath, tags=one.tags, **one.fields) for one in found])
    print(f"the dataset {name} has {len(dataset)} samples; look at it with: fiftyone app launch {name}")


def main(place: str) -> None:
    """Tag the samples of a run, and print how many have each tag."""
    with imgsieve.open_run(place) as run:
        found = list(samples(run))
    for tag, count in sorted(Counter(tag for one in found for tag in one.tags).items()):
        print(f"{tag}: {count}")
    if importlib.util.find_spec("fiftyone"):
        to_fiftyone(found, f"imgsieve-{Path(place).name}")


if __name__ == "__main__":
    main(sys.argv[1])
