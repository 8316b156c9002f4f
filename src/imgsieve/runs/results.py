"""The result of a run: one row an image in ``groups.parquet`` and ``groups.csv``, written part by part."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.config import RunConfig
from imgsieve.features.quality import COLUMNS
from imgsieve.runs.assignment import Assignment
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.evidence import Evidence, RangeEvidence
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.keeping import Keeping
from imgsieve.schema import DUPLICATE, FAILED, GROUPS, KEPT, QUALITY_PARTS
from imgsieve.search.groups import NO_KEEPER
from imgsieve.stages import quality

__all__ = ["Counts", "write_results"]

_CSV_COLUMNS = (
    *("file", "group", "keep", "status", "keeper", "relation", "stage", "quality", "width", "height", "format"),
    *("size", "reason", "error_kind", "error", "uri"),
)
_TAKEN_OVER = ("image_id", "uri", "file", "size", "format", "width", "height", "error_kind", "error")
_READ = (*_TAKEN_OVER, *(name for name in COLUMNS if name not in _TAKEN_OVER))

_RANGE_IMAGES = 65_536
"""Images whose evidence is in memory at once: about 9 MB if all of them are duplicates."""
_MOST_RANGES = 48
"""Four times as many files are open at once at most."""


@dataclass
class Counts:
    """What a run found."""

    images: int = 0
    failed: int = 0
    failed_by_kind: dict[str, int] = field(default_factory=dict)
    exact_duplicates: int = 0
    near_duplicates: int = 0
    groups: int = 0
    kept: int = 0
    bytes_to_free: int = 0


def write_results(
    folder: RunFolder,
    features: FeatureColumns,
    first: NDArray[np.int32],
    assignment: Assignment,
    made: NDArray[np.bool_],
    config: RunConfig,
    fingerprint: str,
    done: Callable[[int], None],
) -> Counts:
    """Write ``groups.parquet`` and ``groups.csv``.

    Parameters
    ----------
    first
        Shape (n,): the first image that each is equal to.
    made
        Shape (n,): images known to be made from another one.
    done
        Told the number of images that are written.
    """
    counts = Counts(groups=len(assignment.keepers))
    bounds = _bounds(features.starts)
    with (
        Evidence(folder, first, assignment.keeper, bounds) as evidence,
        Keeping(features, assignment, made, config.quality) as keeping,
        folder.text_writer("groups.csv") as handle,
        folder.table_writer("groups.parquet", GROUPS, fingerprint) as writer,
    ):
        lines = csv.writer(handle, lineterminator="\r\n")
        lines.writerow(_CSV_COLUMNS)
        for start, part, shown in _with_evidence(features, evidence, bounds):
            rows = _rows(start, part, shown, assignment, keeping, config)
            _count(counts, rows)
            lines.writerows(_lines(rows))
            writer.write(rows)
            done(start + len(part))
    counts.failed_by_kind = dict(sorted(counts.failed_by_kind.items()))
    return counts


def _bounds(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where ranges of images begin, each with the first image of a part; that of the first is left out."""
    images = max(_RANGE_IMAGES, -(-int(starts[-1]) // _MOST_RANGES))
    opens = np.unique(np.searchsorted(starts, np.arange(images, int(starts[-1]), images)))
    return np.unique(starts[opens])


def _with_evidence(
    features: FeatureColumns, evidence: Evidence, bounds: NDArray[np.int64]
) -> Iterator[tuple[int, pa.Table, RangeEvidence]]:
    """Yield the parts of the features with the evidence of the range that each lies in."""
    ranges = evidence.ranges()
    number, shown = 0, next(ranges)
    for start, part in features.read(_READ):
        while number < len(bounds) and start >= bounds[number]:
            number, shown = number + 1, next(ranges)
        yield start, part, shown


def _lines(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Return rows as they stand in the CSV file; nulls become empty."""
    columns = {name: rows[name].to_pylist() for name in _CSV_COLUMNS}
    columns["quality"] = [None if value is None else f"{value:.2f}" for value in columns["quality"]]
    return zip(*columns.values(), strict=True)


def _count(counts: Counts, rows: pa.Table) -> None:
    """Add rows to the counts."""
    by_status = {entry["values"]: entry["counts"] for entry in pc.value_counts(rows["status"]).to_pylist()}
    exact = pc.sum(pc.equal(rows["relation"], "exact")).as_py() or 0
    counts.images += len(rows)
    counts.failed += by_status.get(FAILED, 0)
    counts.kept += by_status.get(KEPT, 0)
    counts.exact_duplicates += exact
    counts.near_duplicates += by_status.get(DUPLICATE, 0) - exact
    counts.bytes_to_free += int(rows["size"].to_numpy()[rows["keep"].to_numpy() == 0].sum())
    for entry in pc.value_counts(rows["error_kind"].drop_null()).to_pylist():
        counts.failed_by_kind[entry["values"]] = counts.failed_by_kind.get(entry["values"], 0) + entry["counts"]


def _rows(
    start: int,
    part: pa.Table,
    shown: RangeEvidence,
    assignment: Assignment,
    keeping: Keeping,
    config: RunConfig,
) -> pa.Table:
    """Return the rows of one part of the features."""
    end = start + len(part)
    group, keeper = assignment.group[start:end], assignment.keeper[start:end]
    duplicate, failed = keeper != NO_KEEPER, part["error_kind"].is_valid().to_numpy()
    parts, score = quality.measure(part, config.quality)
    told = shown.of(start, end)
    status = np.where(failed, 2, duplicate.astype(np.int8))
    columns = {
        **{name: part[name] for name in _TAKEN_OVER},
        **told,
        "status": pa.array([KEPT, DUPLICATE, FAILED]).take(pa.array(status)),
        "group": pa.array(group, pa.int64(), mask=group < 0),
        "keep": pa.array((~duplicate).astype(np.int8)),
        "keeper": _texts(np.where(duplicate, group, -1), keeping.name),
        "keeper_id": pa.array(keeper, pa.int64(), mask=~duplicate),
        "reason": pc.coalesce(told["reason"], _texts(np.where(duplicate, -1, group), keeping.reason)),
        "quality": pa.array(score, mask=failed),
        **{f"quality_{name}": pa.array(parts[name], mask=failed) for name in QUALITY_PARTS},
    }
    return pa.Table.from_arrays([columns[name] for name in GROUPS.names], schema=GROUPS)


def _texts(groups: NDArray[np.int32], text: Callable[[int], str]) -> pa.Array:
    """Return a text of each group, null for -1."""
    return pa.array([None if group < 0 else text(group) for group in groups.tolist()], pa.string())
