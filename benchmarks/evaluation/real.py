"""Real groups of copies and real look-alikes, named by tables: what comes together, what does not and why."""

from __future__ import annotations

import csv
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from evaluation.finished import STAGES, Finished
from evaluation.markdown import table
from imgsieve.config import RunConfig
from imgsieve.runs import run

__all__ = ["Tally", "report_groups", "report_negatives"]


@dataclass(frozen=True)
class Tally:
    """How many of how many pairs."""

    count: int
    total: int


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _copied(files: Iterable[str], root: Path, target: Path) -> Path:
    """Copy files into a folder of their own; return it."""
    shutil.rmtree(target, ignore_errors=True)
    for file in sorted(set(files)):
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, target / file)
    return target


def _run_over(files: Iterable[str], root: Path, work: Path, config: RunConfig | None) -> Finished:
    """Copy files, run over them, and read what came out."""
    images, out = _copied(files, root, work / "images"), work / "run"
    shutil.rmtree(out, ignore_errors=True)
    run([str(images)], out, config)
    return Finished.load(out)


def report_groups(groups_file: Path, root: Path, work: Path, config: RunConfig | None = None) -> Tally:
    """Print, kind by kind, how much of each group came together, and each miss; return pairs together, of all."""
    listed = _rows(groups_file)
    finished = _run_over((row["file"] for row in listed), root, work / "groups", config)
    groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in listed:
        groups[row["kind"], row["group"]].append(row["file"])
    figures: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (kind, _), files in groups.items():
        pairs = list(combinations(files, 2))
        figures[kind].update(groups=1, files=len(files), pairs=len(pairs))
        figures[kind]["together"] += sum(finished.together(*pair) for pair in pairs)
    head = ("kind", "groups", "files", "pairs together", "all pairs")
    lines = [(kind, f["groups"], f["files"], f["together"], f["pairs"]) for kind, f in sorted(figures.items())]
    print("\n## Groups\n\n" + table(head, lines) + "\n\n### Misses\n")
    misses = [line for (kind, _), files in groups.items() for line in _misses(kind, files, finished)]
    print(table(("kind", "file", "not with", "what decided"), misses) if misses else "none")
    of = {file: group for group, files in groups.items() for file in files}
    merged = [
        (file, row["keeper"], row["reason"])
        for file, row in finished.rows.items()
        if row["keeper"] and of[file] != of[row["keeper"]]
    ]
    print("\n### Groups that were merged\n")
    print(table(("file", "merged with", "why"), merged) if merged else "none")
    totals = sum(figures.values(), Counter[str]())
    return Tally(totals["together"], totals["pairs"])


def _misses(kind: str, files: Sequence[str], finished: Finished) -> list[tuple[str, str, str, str]]:
    """Return a line for each file outside the largest part of its group: the pair that came furthest, and why not."""
    parts: defaultdict[object, list[str]] = defaultdict(list)
    for file in files:
        group = finished.rows[file]["group"]
        parts[file if group is None else group].append(file)
    main = max(parts.values(), key=len)
    lines = []
    for file in files:
        if file in main:
            continue
        row = finished.rows[file]
        if row["status"] == "failed":
            lines.append((kind, file, "any", f"{row['error_kind']}: {row['error']}"))
            continue
        kept = next((f for f in main if finished.rows[f]["keep"]), main[0])
        furthest = max((f for f in main), key=lambda f: (finished.story(file, f)[0], f == kept))
        lines += [(kind, file, other, finished.story(file, other)[1]) for other in dict.fromkeys((kept, furthest))]
    return lines


def report_negatives(pairs_file: Path, root: Path, work: Path, config: RunConfig | None = None) -> Tally:
    """Print which pairs were wrongly merged; return how many, of all."""
    pairs = _rows(pairs_file)
    finished = _run_over((row[side] for row in pairs for side in "ab"), root, work / "negatives", config)
    merged = [row for row in pairs if finished.together(row["a"], row["b"])]
    all_of, wrong = Counter(row["why"] for row in pairs), Counter(row["why"] for row in merged)
    reached = Counter(row["why"] for row in pairs if finished.story(row["a"], row["b"])[0] == len(STAGES))
    lines = [(why, count, reached[why], wrong[why]) for why, count in sorted(all_of.items())]
    print("\n## Look-alikes\n\n" + table(("why", "pairs", "compared by pixels", "merged"), lines))
    told = [(row["a"], row["b"], finished.story(row["a"], row["b"])[1]) for row in merged]
    print("\n" + (table(("a", "b", "what decided"), told) if told else "None was merged."))
    return Tally(len(merged), len(pairs))
