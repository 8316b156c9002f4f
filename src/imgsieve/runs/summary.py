"""Counts of what the stages said of pairs."""

from __future__ import annotations

import pyarrow.compute as pc
import pyarrow.parquet as pq

from imgsieve.runs.folder import RunFolder
from imgsieve.schema import Verdict

__all__ = ["pair_counts"]


def pair_counts(folder: RunFolder) -> dict[str, dict[str, int]]:
    """Return, by stage, how many pairs it saw, accepted, rejected and passed on."""
    counts = {}
    for stage in ("wavelet", "color", "global", "local"):
        path = folder.path(f"pairs/{stage}.parquet")
        verdicts = pq.read_table(path, columns=["verdict"], use_threads=False)["verdict"]
        found = {row["values"]: row["counts"] for row in pc.value_counts(verdicts).to_pylist()}
        counts[stage] = {
            "proposed": len(verdicts),
            "accepted": found.get(Verdict.ACCEPTED, 0),
            "rejected": found.get(Verdict.REJECTED, 0),
            "undecided": found.get(Verdict.UNDECIDED, 0),
        }
    return counts
