"""The result of a run: one row an image in ``groups.parquet`` and ``groups.csv``, written part by part."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import RunConfig
from imgsieve.features.quality import COLUMNS
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.evidence import Evidence
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.proposals import Identities
from imgsieve.schema import DUPLICATE, FAILED, GROUPS, KEPT, QUALITY_PARTS, SCORES
from imgsieve.search.groups import NO_KEEPER
from imgsieve.stages import quality

__all__ = ["Assignment", "Counts", "assign", "class_rank", "write_results"]

_CSV_COLUMNS = (
    *("file", "group", "keep", "status", "keeper", "relation", "stage", "quality", "width", "height", "format"),
    *("size", "reason", "error_kind", "error", "uri"),
)
_TAKEN_OVER = (
    *("image_id", "uri", "file", "size", "format", "width", "height", "error_kind", "error"),
    *(name for name in COLUMNS if name not in ("format", "width", "height")),
)


@dataclass(frozen=True)
class Assignment:
    """Who is kept, and whom each duplicate goes with."""

    keeper: NDArray[np.int64]
    """Shape (n,): the kept image of each duplicate, `NO_KEEPER` for images that are kept."""
    group: NDArray[np.int64]
    """Shape (n,): number of the group, in the order of the keepers, -1 for an image alone."""


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


def assign(known: Identities, stars: NDArray[np.int64], rank: NDArray[np.int64]) -> Assignment:
    """Choose the kept image of each star: the best of those that equal its center.

    Parameters
    ----------
    stars
        Shape (n,): the center of each star's members, among the first of their equals.
    rank
        Shape (n,): the lower, the better.
    """
    count = len(stars)
    center = np.where(stars[known.first] == NO_KEEPER, known.first, stars[known.first])
    best = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(best, known.first, rank)
    by_rank = np.empty(count, np.int64)
    by_rank[rank] = np.arange(count)
    kept = by_rank[best[center]]
    keeper = np.where(kept == np.arange(count), NO_KEEPER, kept)
    keepers = np.unique(keeper[keeper != NO_KEEPER])
    group = np.full(count, -1, np.int64)
    group[keepers] = np.arange(len(keepers))
    duplicates = keeper != NO_KEEPER
    group[duplicates] = group[keeper[duplicates]]
    return Assignment(keeper, group)


def class_rank(known: Identities, rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ranks in which the first of equal images stands where the best of them does."""
    best = rank.copy()
    np.minimum.at(best, known.first, rank)
    return best


def write_results(
    folder: RunFolder,
    features: FeatureColumns,
    known: Identities,
    assignment: Assignment,
    made: NDArray[np.bool_],
    config: RunConfig,
    fingerprint: str,
) -> Counts:
    """Write ``groups.parquet`` and ``groups.csv``.

    Parameters
    ----------
    made
        Shape (n,): images known to be made from another one.
    """
    counts = Counts()
    evidence = Evidence.load(folder, known.first)
    reasons = _reasons(features, assignment, made[known.first], config)
    with (
        folder.text_writer("groups.csv") as handle,
        folder.table_writer("groups.parquet", GROUPS, fingerprint) as writer,
    ):
        lines = csv.writer(handle, lineterminator="\r\n")
        lines.writerow(_CSV_COLUMNS)
        for start, part in features.read(_TAKEN_OVER):
            rows = list(_rows(start, part, assignment, evidence, reasons, features, config))
            for row in rows:
                _count(counts, row)
                lines.writerow([_plain(row[name]) for name in _CSV_COLUMNS])
            writer.write(pa.Table.from_pylist(rows, GROUPS))
    counts.groups = int(assignment.group.max(initial=-1)) + 1
    counts.failed_by_kind = dict(sorted(counts.failed_by_kind.items()))
    return counts


def _plain(value: Any) -> Any:
    """Return a value as it stands in the CSV file."""
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else value


def _count(counts: Counts, row: dict[str, Any]) -> None:
    """Add one row to the counts."""
    counts.images += 1
    if row["status"] == FAILED:
        counts.failed += 1
        kind = row["error_kind"]
        counts.failed_by_kind[kind] = counts.failed_by_kind.get(kind, 0) + 1
    elif row["status"] == KEPT:
        counts.kept += 1
    else:
        counts.bytes_to_free += row["size"]
        if row["relation"] == "exact":
            counts.exact_duplicates += 1
        else:
            counts.near_duplicates += 1


def _rows(
    start: int,
    part: pa.Table,
    assignment: Assignment,
    evidence: Evidence,
    reasons: dict[int, str],
    features: FeatureColumns,
    config: RunConfig,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one part of the features."""
    parts, score = quality.measure(part, config.quality)
    duplicates = assignment.keeper[start : start + len(part)]
    keepers = np.unique(duplicates[duplicates != NO_KEEPER])
    files: dict[int, str] = {}
    if len(keepers):
        files = dict(zip(keepers.tolist(), features.take(keepers, ["file"])["file"].to_pylist(), strict=True))
    names = ("image_id", "uri", "file", "size", "format", "width", "height", "error_kind", "error")
    for number, row in enumerate(part.select(names).to_pylist()):
        image = start + number
        group, keeper = int(assignment.group[image]), int(assignment.keeper[image])
        failed = row["error_kind"] is not None
        out = {
            **row,
            "status": FAILED if failed else KEPT if keeper == NO_KEEPER else DUPLICATE,
            "group": group if group >= 0 else None,
            "keep": int(keeper == NO_KEEPER),
            "keeper": files.get(keeper),
            "keeper_id": keeper if keeper != NO_KEEPER else None,
            "relation": None,
            "stage": None,
            "reason": reasons.get(image),
            "quality": None if failed else float(score[number]),
            **{f"quality_{p}": None if failed else float(parts[p][number]) for p in QUALITY_PARTS},
            **{f.name: None for f in SCORES},
        }
        if keeper != NO_KEEPER:
            out |= evidence.of(image, keeper)
        yield out


def _reasons(
    features: FeatureColumns, assignment: Assignment, made: NDArray[np.bool_], config: RunConfig
) -> dict[int, str]:
    """Return, for each keeper of a group, why it is kept."""
    members = np.nonzero(assignment.group >= 0)[0]
    groups = int(assignment.group.max(initial=-1)) + 1
    own = np.zeros((groups, len(QUALITY_PARTS)))
    others = np.zeros((groups, len(QUALITY_PARTS)))
    sizes = np.bincount(assignment.group[members], minlength=groups)
    keepers = np.zeros(groups, np.int64)
    copies = np.bincount(assignment.group[members][made[members]], minlength=groups)
    for start, part in features.read([*COLUMNS, "error_kind"]):
        inside = members[(members >= start) & (members < start + len(part))]
        if not len(inside):
            continue
        parts, _ = quality.measure(part, config.quality)
        values = np.stack([parts[name] for name in QUALITY_PARTS], axis=1)[inside - start]
        group, kept = assignment.group[inside], assignment.keeper[inside] == NO_KEEPER
        own[group[kept]], keepers[group[kept]] = values[kept], inside[kept]
        np.add.at(others, group[~kept], values[~kept])
    means = others / np.maximum(sizes - 1, 1)[:, None]
    return {
        int(keepers[g]): quality.reason_of(
            dict(zip(QUALITY_PARTS, own[g], strict=True)),
            dict(zip(QUALITY_PARTS, means[g], strict=True)),
            int(sizes[g]),
            int(copies[g]) if not made[keepers[g]] else 0,
            config.quality,
        )
        for g in range(groups)
    }
