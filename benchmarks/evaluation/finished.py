"""Finished runs: their rows, what each stage said of every pair, and how they score against a truth."""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from imgsieve.config import RunConfig
from imgsieve.runs import run
from scoring import Score, TruthRow, read_groups, read_truth, score

__all__ = ["STAGES", "Finished", "Measured", "measure", "measure_strangers"]

STAGES = ("wavelet", "color", "global", "local")

_SCORES = {
    "wavelet": ("distance_bits", "votes"),
    "color": ("dominant_distance", "pixel_difference", "histogram_correlation"),
    "global": ("similarity", "matches", "visible", "cosine"),
    "local": ("inliers", "block_share", "still_share", "color_shift"),
}

Pair = tuple[int, int]


@dataclass(frozen=True)
class Finished:
    """A finished run: its rows by file, and what each stage said of pairs of images."""

    rows: dict[str, dict[str, Any]]
    said: dict[Pair, dict[str, dict[str, Any]]]

    @classmethod
    def load(cls, out: Path) -> Finished:
        """Read a run folder."""
        rows = {row["file"]: row for row in pq.read_table(out / "groups.parquet").to_pylist()}
        said: defaultdict[Pair, dict[str, dict[str, Any]]] = defaultdict(dict)
        for stage in STAGES:
            for pair in pq.read_table(out / f"pairs/{stage}.parquet").to_pylist():
                said[pair["a"], pair["b"]][stage] = pair
        return cls(rows, dict(said))

    def together(self, one: str, other: str) -> bool:
        """Return whether two files are in one group."""
        group = self.rows[one]["group"]
        return group is not None and group == self.rows[other]["group"]

    def pair(self, one: str, other: str) -> Mapping[str, Mapping[str, Any]]:
        """Return what each stage that saw a pair said of it, in the order of the stages."""
        ids = sorted((self.rows[one]["image_id"], self.rows[other]["image_id"]))
        return self.said.get((ids[0], ids[1]), {})

    def story(self, one: str, other: str) -> tuple[int, str]:
        """Return how far a pair came, and what the last stage that saw it said."""
        stages = self.pair(one, other)
        if not stages:
            return 0, "not proposed"
        last = list(stages)[-1]
        pair = stages[last]
        scores = ", ".join(f"{name} {_number(pair[name])}" for name in _SCORES[last] if pair.get(name) is not None)
        why = pair.get("why") or {"undecided": "never needed by a keeper"}.get(pair["verdict"], pair["verdict"])
        return len(stages), f"{last}: {why} ({scores})"


def _number(value: float) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Measured:
    """A set, a run over it, and how the two agree."""

    name: str
    folder: Path
    truth: list[TruthRow]
    wished: Mapping[str, str]
    """What the truth says of keeping each file: "1" for those that a person would keep."""
    finished: Finished
    summary: Mapping[str, Any]
    score: Score
    config: RunConfig = field(default_factory=RunConfig)

    @cached_property
    def original(self) -> dict[str, str]:
        """The original of each source."""
        return {row.source: row.file for row in self.truth if row.transform == "original"}

    @cached_property
    def source(self) -> dict[str, str]:
        """The source of each file."""
        return {row.file: row.source for row in self.truth}

    @cached_property
    def file(self) -> dict[int, str]:
        """The file of each image."""
        return {row["image_id"]: file for file, row in self.finished.rows.items()}

    def copies(self) -> Iterator[TruthRow]:
        """Yield the files that are edits of another one."""
        return (row for row in self.truth if row.transform not in ("original", "distractor"))

    def is_copy(self, pair: Pair) -> bool:
        """Return whether two images are made from one source."""
        return self.source[self.file[pair[0]]] == self.source[self.file[pair[1]]]

    def found(self, row: TruthRow) -> bool:
        """Return whether an edited copy is grouped with its original."""
        return self.finished.together(row.file, self.original[row.source])

    def wrong(self) -> list[tuple[str, str, str]]:
        """Return the duplicates that are no copies of their keeper, with the keeper and the reason."""
        rows = self.finished.rows.items()
        return [
            (file, row["keeper"], row["reason"])
            for file, row in rows
            if row["keeper"] and file in self.source and self.source[file] != self.source[row["keeper"]]
        ]

    def keepers(self) -> tuple[int, int]:
        """Return how many kept files of groups a person would keep, of how many."""
        kept = [f for f, row in self.finished.rows.items() if row["keep"] and row["group"] is not None]
        judged = [self.wished[f] for f in kept if self.wished.get(f)]
        return judged.count("1"), len(judged)


def measure(truth_file: Path, images: Path, work: Path, config: RunConfig | None = None, label: str = "") -> Measured:
    """Run over one set and compare the result with the truth.

    Parameters
    ----------
    work
        The run folder is made below it and stays; one of an earlier call is removed.
    label
        Tells runs over one set with different options apart.
    """
    config = config or RunConfig()
    name = "-".join((*images.resolve().parts[-3:-1], *([label] if label else [])))
    out = work / f"set-{name}"
    shutil.rmtree(out, ignore_errors=True)
    summary = run([str(images)], out, config).summary
    truth = read_truth(truth_file)
    with truth_file.open(newline="", encoding="utf-8") as stream:
        wished = {row["file"]: row.get("keep") or "" for row in csv.DictReader(stream)}
    result = score(truth, read_groups(out / "groups.csv"))
    return Measured(name, images, truth, wished, Finished.load(out), summary, result, config)


def measure_strangers(images: Path, work: Path, config: RunConfig, label: str) -> Measured:
    """Run over a folder of photographs of which none is a copy of another."""
    name = f"{images.resolve().name}-{label}"
    out = work / f"set-{name}"
    shutil.rmtree(out, ignore_errors=True)
    summary = run([str(images)], out, config).summary
    finished = Finished.load(out)
    truth = [TruthRow(file=file, source=file, transform="distractor") for file in finished.rows]
    return Measured(name, images, truth, {}, finished, summary, score(truth, read_groups(out / "groups.csv")), config)
