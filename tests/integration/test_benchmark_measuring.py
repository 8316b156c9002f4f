"""What the benchmarks of accuracy read from a run: so a change of the run's tables is noticed here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.ablation import by_edit, by_stage, edit_table, keeper_table
from evaluation.bars import bar_table, looked_at_row, mixed_rows, synthetic_rows
from evaluation.finished import Measured, measure
from evaluation.gathering import accepted, gather, loosened
from evaluation.scores import thresholds
from evaluation.sets import mixed
from evaluation.synthetic import KINDS, synthetic
from evaluation.verifying import speed
from imgsieve.config import RunConfig
from imgsieve.demo import render_scene


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("measuring")


@pytest.fixture(scope="module")
def folder(work: Path) -> Path:
    photos = work / "photos"
    photos.mkdir()
    for seed in range(10):
        Image.fromarray(render_scene(np.random.default_rng(seed), 320, 240)).save(photos / f"{seed}.png")
    return mixed(work / "sets" / "mixed", [photos], sources=6, per=8, distractors=4, collages=1, seed=3)


@pytest.fixture(scope="module")
def measured(work: Path, folder: Path) -> Measured:
    return measure(folder / "truth.csv", folder / "images", work)


def test_every_copy_has_a_fate_and_every_figure_a_line(measured: Measured) -> None:
    edits = by_edit([measured])
    assert sum(fates.total() for _, fates in edits) == 48
    assert sum(fates["found"] for _, fates in edits) == sum(measured.found(row) for row in measured.copies())
    shown = edit_table(edits)
    assert all(f"| {name} |" in shown for name, _ in edits)
    assert "recall, mean over edits, sets-mixed" in bar_table([*mixed_rows([measured], edits), looked_at_row(measured)])
    kept = {row.transform for row in measured.copies() if measured.found(row) and _kept(measured, row.file)}
    listed = {line.split(" | ")[0].removeprefix("| ") for line in keeper_table([measured]).splitlines()[2:]}
    assert listed == kept


def _kept(measured: Measured, file: str) -> bool:
    return bool(measured.finished.rows[file]["keep"]) and measured.wished[file] == "0"


def test_pairs_are_counted_as_the_run_counts_them(measured: Measured) -> None:
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in by_stage(measured).splitlines()[2:]]
    for name, *cells in lines:
        copies, strangers = cells[:4], cells[4:]
        counted = measured.summary["pairs"][name]
        sums = [int(one) + int(other) for one, other in zip(copies, strangers, strict=True)]
        assert sums == [counted[what] for what in ("proposed", "accepted", "rejected", "undecided")]


def test_single_pairs_are_judged_as_in_the_run(work: Path, folder: Path, measured: Measured) -> None:
    wide = measure(folder / "truth.csv", folder / "images", work, loosened(RunConfig()), "wide")
    gathered = gather(wide, work / f"set-{wide.name}", most=200, nearest=3, reach=58, seed=1)
    told = {entry.pair: entry.found.verdict for kind in (True, False) for entry in gathered.judged[kind]}
    both = 0
    for pair, said in wide.finished.said.items():
        if "local" in said and pair in told and said["local"]["met"] == said.get("wavelet", {}).get("orientation"):
            both += 1
            assert said["local"]["verdict"] == told[pair]
    assert both > 20
    assert accepted(gathered.judged[True]) > len(gathered.judged[True]) / 2
    found = {threshold.name: threshold for threshold in thresholds([gathered], RunConfig())}
    assert len(found["wavelet.max_distance_bits"].scores.copies) == 48
    assert len(found["local.min_block_share"].scores.copies) > 20
    assert speed(measured, work / f"set-{measured.name}", most=5, seed=1)["copies"].pairs == 5


def test_generated_pictures_are_told_by_kind(work: Path) -> None:
    folder = synthetic(work / "sets" / "synthetic", seed=2, scale=0.1)
    rows = list(synthetic_rows(measure(folder / "truth.csv", folder / "images", work)))
    assert len(rows) == 1 + len(KINDS)
    assert all(row.bar == "0; all" for row in rows[1:])
