"""Counts of what the stages said of pairs."""

from __future__ import annotations

from collections import Counter

import pyarrow.compute as pc

from imgsieve.runs.folder import RunFolder
from imgsieve.schema import Verdict
from imgsieve.tables import open_table

__all__ = ["pair_counts", "verdict_counts"]

_BATCH_PAIRS = 65_536


def pair_counts(folder: RunFolder) -> dict[str, dict[str, int]]:
    """Return, by stage, how many pairs it saw, accepted, rejected and passed on."""
    counts = {}
    for stage in ("wavelet", "color", "global", "local"):
        found = verdict_counts(folder, stage)
        counts[stage] = {
            "proposed": found.total(),
            "accepted": found[Verdict.ACCEPTED],
            "rejected": found[Verdict.REJECTED],
            "undecided": found[Verdict.UNDECIDED],
        }
    return counts


def verdict_counts(folder: RunFolder, stage: str) -> Counter[str]:
    """Count the verdicts of one stage, a bounded number of pairs at a time."""
    counts: Counter[str] = Counter()
    with open_table(folder.path(f"pairs/{stage}.parquet")) as file:
        for batch in file.iter_batches(_BATCH_PAIRS, columns=["verdict"], use_threads=False):
            for row in pc.value_counts(batch.column(0)).to_pylist():
                counts[row["values"]] += row["counts"]
    return counts
