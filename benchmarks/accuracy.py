"""Measure what a run finds, what it misses and why, and what it wrongly merges.

Usage::

    python benchmarks/accuracy.py --set TRUTH.csv IMAGES [--set TRUTH.csv IMAGES ...]
    python benchmarks/accuracy.py --root DIR --groups GROUPS.csv --negatives PAIRS.csv

A set is a folder of pictures with a truth as `scoring.py` reads it, and optionally a column ``keep`` (1 for what
a person would keep). GROUPS has the columns ``group``, ``file`` and ``kind``: the files of one group show one
picture. PAIRS has the columns ``a``, ``b`` and ``why``: pictures that look alike and are not the same. Files are
named relative to DIR; they are copied to the work folder (``--work``, default ``build/accuracy``), where the run
folders stay. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from imgsieve.runs import run
from scoring import read_groups, read_truth, score

STAGES = ("wavelet", "color", "global", "local")
SCORES = {
    "wavelet": ("distance_bits",),
    "color": ("dominant_distance", "pixel_difference", "histogram_correlation"),
    "global": ("similarity",),
    "local": ("inliers", "block_share", "still_share", "color_shift"),
}


@dataclass(frozen=True)
class Finished:
    """A finished run: its rows by file, and what each stage said of pairs of images."""

    rows: dict[str, dict[str, Any]]
    said: dict[tuple[int, int], dict[str, dict[str, Any]]]

    @classmethod
    def load(cls, out: Path) -> Finished:
        """Read a run folder."""
        rows = {row["file"]: row for row in pq.read_table(out / "groups.parquet").to_pylist()}
        said: defaultdict[tuple[int, int], dict[str, dict[str, Any]]] = defaultdict(dict)
        for stage in STAGES:
            for pair in pq.read_table(out / f"pairs/{stage}.parquet").to_pylist():
                said[pair["a"], pair["b"]][stage] = pair
        return cls(rows, dict(said))

    def together(self, one: str, other: str) -> bool:
        """Return whether two files are in one group."""
        group = self.rows[one]["group"]
        return group is not None and group == self.rows[other]["group"]

    def story(self, one: str, other: str) -> tuple[int, str]:
        """Return how far a pair came, and what the last stage that saw it said."""
        ids = sorted((self.rows[one]["image_id"], self.rows[other]["image_id"]))
        stages = self.said.get((ids[0], ids[1]), {})
        if not stages:
            return 0, "not proposed"
        last = list(stages)[-1]
        pair = stages[last]
        scores = ", ".join(f"{name} {_number(pair[name])}" for name in SCORES[last] if pair[name] is not None)
        why = pair.get("why") or {"undecided": "never needed by a keeper"}.get(pair["verdict"], pair["verdict"])
        return len(stages), f"{last}: {why} ({scores})"


def _number(value: float) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)


def measure_set(truth_file: Path, images: Path, work: Path) -> tuple[list[object], Mapping[str, float]]:
    """Run over one set; return its row of the table, and recall by edit."""
    out = work / f"set-{images.resolve().parent.name}-{images.name}"
    shutil.rmtree(out, ignore_errors=True)
    summary = run([str(images)], out).summary
    result = score(read_truth(truth_file), read_groups(out / "groups.csv"))
    row = [
        images.resolve().parent.name,
        f"{summary['images']:,}",
        f"{result.recall:.4f}",
        f"{result.pair_precision:.5f}",
        result.photos_lost,
        keeper_share(truth_file, Finished.load(out)),
        f"{summary['seconds']:.0f}",
        f"{summary['memory']['measured_peak_bytes'] / 1e6:.0f}",
    ]
    return row, result.recall_by_edit


def keeper_share(truth_file: Path, finished: Finished) -> str:
    """Return the share of groups whose kept file is one a person would keep."""
    with truth_file.open(newline="", encoding="utf-8") as stream:
        wished = {row["file"]: row.get("keep") for row in csv.DictReader(stream)}
    kept = [f for f, row in finished.rows.items() if row["keep"] and row["group"] is not None and wished.get(f)]
    return f"{sum(wished[f] == '1' for f in kept) / len(kept):.3f}" if kept else "-"


def copied(files: Iterable[str], root: Path, target: Path) -> Path:
    """Copy files into a folder of their own; return it."""
    shutil.rmtree(target, ignore_errors=True)
    for file in sorted(set(files)):
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, target / file)
    return target


def run_over(files: Iterable[str], root: Path, work: Path, name: str) -> Finished:
    """Copy files, run over them, and read what came out."""
    images, out = copied(files, root, work / name / "images"), work / name / "run"
    shutil.rmtree(out, ignore_errors=True)
    run([str(images)], out)
    return Finished.load(out)


def report_groups(groups_file: Path, root: Path, work: Path) -> None:
    """Print, kind by kind, how much of each group came together, and each miss."""
    with groups_file.open(newline="", encoding="utf-8") as stream:
        listed = list(csv.DictReader(stream))
    finished = run_over((row["file"] for row in listed), root, work, "groups")
    groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in listed:
        groups[row["kind"], row["group"]].append(row["file"])
    figures: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (kind, _), files in groups.items():
        pairs = list(combinations(files, 2))
        figures[kind].update(groups=1, files=len(files), pairs=len(pairs))
        figures[kind]["together"] += sum(finished.together(*pair) for pair in pairs)
    print("\n## Groups\n")
    print(
        table(
            ("kind", "groups", "files", "pairs together", "all pairs"),
            [(kind, f["groups"], f["files"], f["together"], f["pairs"]) for kind, f in sorted(figures.items())],
        )
    )
    print("\n### Misses\n")
    misses = [line for (kind, _), files in groups.items() for line in _misses(kind, files, finished)]
    print(table(("kind", "file", "not with", "what decided"), misses) if misses else "none")
    print("\n### Groups that were merged\n")
    of = {file: group for group, files in groups.items() for file in files}
    merged = [
        (file, row["keeper"], row["reason"])
        for file, row in finished.rows.items()
        if row["keeper"] and of[file] != of[row["keeper"]]
    ]
    print(table(("file", "merged with", "why"), merged) if merged else "none")


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


def report_negatives(pairs_file: Path, root: Path, work: Path) -> None:
    """Print which pairs were wrongly merged."""
    with pairs_file.open(newline="", encoding="utf-8") as stream:
        pairs = list(csv.DictReader(stream))
    finished = run_over((row[side] for row in pairs for side in "ab"), root, work, "negatives")
    merged = [row for row in pairs if finished.together(row["a"], row["b"])]
    all_of, wrong = Counter(row["why"] for row in pairs), Counter(row["why"] for row in merged)
    reached = Counter(row["why"] for row in pairs if finished.story(row["a"], row["b"])[0] == len(STAGES))
    print("\n## Look-alikes\n")
    print(
        table(
            ("why", "pairs", "compared by pixels", "merged"),
            [(why, count, reached[why], wrong[why]) for why, count in sorted(all_of.items())],
        )
    )
    lines = [(row["a"], row["b"], finished.story(row["a"], row["b"])[1]) for row in merged]
    print("\n" + (table(("a", "b", "what decided"), lines) if lines else "None was merged."))


def report_sets(sets: Sequence[tuple[str, str]], work: Path) -> None:
    """Print the figures of all sets, and recall by edit."""
    measured = [measure_set(Path(truth), Path(images), work) for truth, images in sets]
    head = ("set", "images", "recall", "precision", "lost", "keeper", "seconds", "peak MB")
    print("\n## Sets\n\n" + table(head, [row for row, _ in measured]))
    edits = sorted({edit for _, by_edit in measured for edit in by_edit})
    lines = [(edit, *(f"{by_edit[edit]:.3f}" if edit in by_edit else "-" for _, by_edit in measured)) for edit in edits]
    print("\n### Recall by edit\n\n" + table(("edit", *(str(row[0]) for row, _ in measured)), lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", nargs=2, action="append", default=[], metavar=("TRUTH", "IMAGES"), dest="sets")
    parser.add_argument("--groups", type=Path)
    parser.add_argument("--negatives", type=Path)
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--work", type=Path, default=Path("build/accuracy"))
    options = parser.parse_args()
    if options.sets:
        report_sets(options.sets, options.work)
    if options.groups:
        report_groups(options.groups, options.root, options.work)
    if options.negatives:
        report_negatives(options.negatives, options.root, options.work)


if __name__ == "__main__":
    main()
