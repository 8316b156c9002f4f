"""Score groups of files against a truth.

Usage::

    python benchmarks/scoring.py TRUTH.csv GROUPS.csv

TRUTH has the columns ``file``, ``source`` (equal for all files made from one photograph) and ``transform``
(``original``, the name of an edit, or ``distractor`` for a photograph without edits). GROUPS has the columns
``file`` and ``group``; a file that it does not name, or whose group is empty, stands alone. Files that the
truth does not list, such as broken ones, are left out of account.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Score", "TruthRow", "read_groups", "read_truth", "score"]

_NO_GROUP = ("", "-1")
_NOT_EDITS = ("original", "distractor")


@dataclass(frozen=True, kw_only=True)
class TruthRow:
    """What one file is."""

    file: str
    source: str
    transform: str


@dataclass(frozen=True, kw_only=True)
class Score:
    """How well groups agree with the truth."""

    recall: float
    """Share of the edits that are grouped with their original: the mean over the kinds of edit."""
    pair_precision: float
    """Share of the grouped pairs that are made from one photograph; 1 where nothing is grouped."""
    photos_lost: int
    """Photographs that would vanish if one file of each group were kept."""
    recall_by_edit: Mapping[str, float]


def read_truth(table: Path) -> list[TruthRow]:
    """Read a truth table."""
    with table.open(newline="", encoding="utf-8") as stream:
        return [
            TruthRow(file=row["file"], source=row["source"], transform=row["transform"])
            for row in csv.DictReader(stream)
        ]


def read_groups(table: Path) -> dict[str, str]:
    """Read the group of each file that has one."""
    with table.open(newline="", encoding="utf-8") as stream:
        return {row["file"]: row["group"] for row in csv.DictReader(stream) if row["group"] not in _NO_GROUP}


def score(truth: Sequence[TruthRow], group_of: Mapping[str, str]) -> Score:
    """Compare groups with the truth; see `Score` for the measures."""
    members: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in truth:
        if row.file in group_of:
            members[group_of[row.file]][row.source] += 1
    grouped = sum(_pairs(sources.total()) for sources in members.values())
    true = sum(_pairs(count) for sources in members.values() for count in sources.values())
    by_edit = _recall_by_edit(truth, group_of)
    return Score(
        recall=_mean(by_edit.values()),
        pair_precision=true / grouped if grouped else 1.0,
        photos_lost=sum(len(sources) - 1 for sources in members.values()),
        recall_by_edit=by_edit,
    )


def _recall_by_edit(truth: Sequence[TruthRow], group_of: Mapping[str, str]) -> dict[str, float]:
    original = {row.source: row.file for row in truth if row.transform == "original"}
    found: defaultdict[str, list[bool]] = defaultdict(list)
    for row in truth:
        if row.transform not in _NOT_EDITS:
            group = group_of.get(row.file)
            found[row.transform].append(group is not None and group == group_of.get(original[row.source]))
    return {edit: _mean(hits) for edit, hits in sorted(found.items())}


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("truth", type=Path)
    parser.add_argument("groups", type=Path)
    options = parser.parse_args()
    result = score(read_truth(options.truth), read_groups(options.groups))
    print(f"recall {result.recall:.5f}  pair precision {result.pair_precision:.5f}  lost {result.photos_lost}")
    print("  ".join(f"{edit} {100 * share:.0f}" for edit, share in result.recall_by_edit.items()))


if __name__ == "__main__":
    main()
