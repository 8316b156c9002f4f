"""Stage 4 without pixels: pairs are judged by the truth about made-up images."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.runs.verdicts import Candidates
from imgsieve.schema import PAIRS_LOCAL, Verdict

_BLANK = -2
_BATCH = 8192

_SCORES = {"inliers": 100, "block_share": 0.95, "still_share": 0.97, "color_shift": 2.0}
"""What is written for accepted pairs; for others a quarter of it."""


def write_clusters(truth: Iterable[pa.Table], path: Path) -> None:
    """Write the cluster of every image to a flat file of int32."""
    with path.open("wb") as file:
        for table in truth:
            file.write(table["cluster"].to_numpy().astype(np.int32).tobytes())


class Oracle:
    """A `imgsieve.runs.verification.Verifier` that knows who is a copy of whom.

    Images of one cluster are copies of each other. Nearly blank pages are not: there is nothing on them to compare.
    Pages of the file are dropped after each batch, so it hardly counts as memory of the process.

    Parameters
    ----------
    path
        The result of `write_clusters`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.pairs = 0
        """How many pairs were asked for."""

    def __call__(self, pairs: Candidates) -> Iterator[pa.Table]:
        """Answer, a bounded number of pairs at a time."""
        with self._path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pages:
            for first in range(0, len(pairs), _BATCH):
                batch = pairs[first : first + _BATCH]
                self.pairs += len(batch)
                yield _verdicts(batch, _accepted(batch, pages))
                pages.madvise(mmap.MADV_DONTNEED)


def _accepted(pairs: Candidates, pages: mmap.mmap) -> NDArray[np.bool_]:
    """Return which pairs are copies."""
    clusters = np.frombuffer(pages, np.int32)
    head, tail = clusters[pairs.head], clusters[pairs.tail]
    return np.asarray((head == tail) & (head > _BLANK))


def _verdicts(pairs: Candidates, accepted: NDArray[np.bool_]) -> pa.Table:
    """Return the rows of stage 4."""
    rows = len(pairs)
    strength = np.where(accepted, 1.0, 0.25)
    known = {
        "a": np.minimum(pairs.head, pairs.tail),
        "b": np.maximum(pairs.head, pairs.tail),
        "orientation": np.maximum(pairs.orientation, 0),
        "region": pairs.region,
        "votes": pairs.votes,
        "met": pairs.orientation,
        "verdict": np.where(accepted, Verdict.ACCEPTED, Verdict.REJECTED),
        "coverage_a": np.ones(rows),
        "coverage_b": np.ones(rows),
        "made": np.zeros(rows, np.int8),
        "why": np.where(accepted, "", "known to be another picture"),
        **{name: value * strength for name, value in _SCORES.items()},
    }
    columns = [
        pa.array(known[field.name]).cast(field.type, safe=False) if field.name in known else pa.nulls(rows, field.type)
        for field in PAIRS_LOCAL
    ]
    return pa.Table.from_arrays(columns, schema=PAIRS_LOCAL)
