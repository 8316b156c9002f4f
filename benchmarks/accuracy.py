"""Measure what a run finds, what it misses and why, and what it wrongly merges.

Usage::

    python benchmarks/accuracy.py --photos DIR [DIR ...] --photos DIR [--seed 1]
    python benchmarks/accuracy.py --set TRUTH.csv IMAGES [--set TRUTH.csv IMAGES ...]
    python benchmarks/accuracy.py --root DIR --groups GROUPS.csv --negatives PAIRS.csv

With ``--photos``, sets are made of each group of folders (see `evaluation_sets.py`) below the work folder, with seeds
that count up from ``--seed`` (those that an earlier call made stay), and one table tells every figure that is asked
for, with its bar and whether it was reached. What each stage did with copies and strangers follows, what a run finds
and costs with other options (``--ablation``: without one part at a time), and what other tools find on the same
pictures where ``--peer-python TOOL=PYTHON`` names their environment; ``--plots DIR`` writes ``accuracy-edits.svg``.
With ``--photos`` and with ``--set``, every miss is listed with what decided in ``failures.md`` of the work folder.

A set is a folder of pictures with a truth as `scoring.py` reads it, and optionally a column ``keep`` (1 for what
a person would keep). GROUPS has the columns ``group``, ``file`` and ``kind``: the files of one group show one
picture. PAIRS has the columns ``a``, ``b`` and ``why``: pictures that look alike and are not the same. Files are
named relative to DIR; they are copied to the work folder (``--work``, default ``build/accuracy``), where the run
folders stay. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from evaluation.ablation import by_edit, by_stage, edit_table, fate, keeper_table, without
from evaluation.bars import (
    Row,
    bar_table,
    crop_rows,
    looked_at_row,
    mixed_rows,
    negative_row,
    real_row,
    share_row,
    synthetic_rows,
)
from evaluation.charts import bars
from evaluation.finished import Measured, measure
from evaluation.markdown import table
from evaluation.real import report_groups, report_negatives
from evaluation.rivals import rival_rows
from evaluation.variants import variant_table
from evaluation.verifying import speed
from evaluation_sets import MAKERS
from imgsieve.config import Effort, RunConfig, load_config

_EFFORTS = ((Effort.BALANCED, 0.75), (Effort.THOROUGH, 0.90))
_MOST_PAIRS = 150


def set_row(measured: Measured) -> list[object]:
    """Return the line of one set."""
    summary, (good, judged) = measured.summary, measured.keepers()
    return [
        measured.name,
        f"{summary['images']:,}",
        f"{measured.score.recall:.4f}",
        f"{measured.score.pair_precision:.5f}",
        measured.score.photos_lost,
        f"{good / judged:.3f}" if judged else "-",
        f"{summary['seconds']:.0f}",
        f"{summary['memory']['measured_peak_bytes'] / 1e6:.0f}",
    ]


def report_sets(all_measured: Sequence[Measured]) -> None:
    """Print the figures of all sets, and recall by edit."""
    head = ("set", "images", "recall", "precision", "lost", "keeper", "seconds", "peak MB")
    print("\n## Sets\n\n" + table(head, map(set_row, all_measured)))
    print("\n### What became of copies, by edit\n\n" + edit_table(by_edit(all_measured)))
    print("\n### Copies that were kept in place of their originals\n\n" + keeper_table(all_measured))
    print("\n### What stages did with pairs")
    for measured in all_measured:
        print(f"\n{measured.name}:\n\n{by_stage(measured)}")


def failures(all_measured: Sequence[Measured]) -> str:
    """Return all that was lost and missed, with what decided."""
    lines = ["# Failures"]
    for measured in all_measured:
        source = measured.source
        wrong = [(source[file], file, source[keeper], keeper, reason) for file, keeper, reason in measured.wrong()]
        lines += [f"\n## {measured.name}\n\nPictures: `{measured.folder}`\n\n### Wrongly merged\n"]
        lines.append(table(("source", "file", "source", "with", "reason"), wrong) if wrong else "none")
        missed = [
            (row.transform, fate(measured, row), row.file, measured.original[row.source],
             measured.finished.story(row.file, measured.original[row.source])[1])
            for row in measured.copies()
            if not measured.found(row)
        ]  # fmt: skip
        lines += ["\n### Missed\n", table(("edit", "lost by", "copy", "original", "what decided"), sorted(missed))]
        unkept = [
            (file, measured.finished.rows[file]["reason"])
            for file, row in measured.finished.rows.items()
            if row["keep"] and row["group"] is not None and measured.wished.get(file) == "0"
        ]
        lines += ["\n### Kept, though a person would keep another\n", table(("file", "reason"), unkept)]
    return "\n".join(lines) + "\n"


class Bench:
    """Makes the sets, runs over them, and gathers the rows of the table."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._work: Path = options.work
        self._measured: list[Measured] = []

    def report(self) -> None:
        """Print everything."""
        groups = [[Path(folder) for folder in folders] for folders in self._options.photos]
        mixed = [self._made("mixed", folders, number) for number, folders in enumerate(groups)]
        rows = [*mixed_rows(mixed, by_edit(mixed))]
        for number, folders in enumerate(groups):
            rows += self._rows_of(folders, number)
        rows += synthetic_rows(self._made("synthetic", [], 0))
        rows += self._real_rows()
        rows += self._speed_rows(mixed)
        print("\n## Figures and bars\n\n" + bar_table(rows))
        report_sets(self._measured)
        (self._work / "failures.md").write_text(failures(self._measured), encoding="utf-8")
        if self._options.plots:
            self._plot(mixed)
        self._report_variants(mixed[0])
        self._report_rivals(mixed[0])

    def _made(self, kind: str, folders: Sequence[Path], number: int, config: RunConfig | None = None) -> Measured:
        """Make a set unless it is there, and run over it."""
        seed = self._options.seed + number
        folder = self._work / "sets" / f"{folders[0].name if folders else 'made'}-{seed}" / kind
        if not (folder / "truth.csv").is_file():
            MAKERS[kind](folder, folders, seed)
        measured = measure(
            folder / "truth.csv", folder / "images", self._work, config, "" if config is None else "other"
        )
        if config is None:
            self._measured.append(measured)
        return measured

    def _rows_of(self, folders: Sequence[Path], number: int) -> Iterator[Row]:
        """Yield the rows that one group of folders gives, apart from those of the mixed sets."""
        if number in self._options.without_lookalikes:
            return
        for effort, bar in _EFFORTS:
            config = load_config(None, effort=effort)
            other = None if config == RunConfig() else config
            yield from crop_rows(self._made("crops", folders, number, other), effort, bar)
        yield from share_row(self._made("squashed", folders, number), "copies squashed to 128 x 128 and blurred", 0.98)
        yield looked_at_row(self._made("tenth", folders, number))

    def _real_rows(self) -> Iterator[Row]:
        """Yield the rows of real groups and look-alikes, where they are named."""
        options = self._options
        if options.groups:
            yield real_row(report_groups(options.groups, options.root, self._work))
        if options.negatives:
            yield negative_row(report_negatives(options.negatives, options.root, self._work))

    def _speed_rows(self, mixed: Sequence[Measured]) -> Iterator[Row]:
        """Yield what stage 4 verifies in a second of one core."""
        measured = mixed[0]
        stage = next(stage for stage in measured.summary["stages"] if stage["name"] == "local")
        rate = stage["items"] / max(stage["cpu_seconds"], 1e-9)
        yield Row(
            "pairs that stage 4 verifies a second of processor time, run", f"{rate:.0f} of {stage['items']:,}", "", None
        )
        folder = self._work / f"set-{measured.name}"
        for kind, found in speed(measured, folder, most=_MOST_PAIRS, seed=self._options.seed).items():
            told = f"{found.a_second:.0f}; {found.compared_a_second:.0f} without decoding (of {found.pairs})"
            yield Row(f"- single pairs, {kind}, one thread", told, "", None)

    def _plot(self, mixed: Sequence[Measured]) -> None:
        """Draw recall by edit."""
        shares = {name: fates["found"] / fates.total() for name, fates in by_edit(mixed)}
        svg = bars(f"Copies found, by edit ({len(mixed)} sets)", shares, 0.9)
        (Path(self._options.plots) / "accuracy-edits.svg").write_text(svg, encoding="utf-8")

    def _report_variants(self, measured: Measured) -> None:
        """Print what a run finds, and costs, with the other searches and without one of its parts."""
        efforts = [(f"search {effort}", load_config(None, effort=effort)) for effort in Effort]
        variants = [(name, config) for name, config in efforts if config != RunConfig()]
        if self._options.ablation:
            variants += [(f"without {name}", config) for name, config in without(RunConfig())]
        print(f"\n### Other options, {measured.name}\n\n" + variant_table(measured, variants, self._work))

    def _report_rivals(self, measured: Measured) -> None:
        """Print what other tools find."""
        pythons = dict(entry.split("=", 1) for entry in self._options.peer_python)
        own = measured.score
        rows = [("imgsieve", f"{own.recall:.3f}", f"{own.pair_precision:.3f}", str(own.photos_lost))]
        rows += rival_rows(measured.folder, measured.truth, pythons, self._work / "rivals")
        print(f"\n### Other tools, {measured.name}\n\n" + table(("tool", "recall", "pair precision", "lost"), rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", nargs="+", action="append", default=[], metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", nargs=2, action="append", default=[], metavar=("TRUTH", "IMAGES"), dest="sets")
    parser.add_argument("--groups", type=Path)
    parser.add_argument("--negatives", type=Path)
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--work", type=Path, default=Path("build/accuracy"))
    parser.add_argument("--without-lookalikes", type=int, nargs="*", default=[], metavar="N",
                        help="numbers of --photos, from 0, of which only the mixed set is made")  # fmt: skip
    parser.add_argument("--ablation", action="store_true", help="also run with one part left out at a time")
    parser.add_argument("--peer-python", action="append", default=[], metavar="TOOL=PYTHON")
    parser.add_argument("--plots", type=Path, help="folder for the plots")
    options = parser.parse_args()
    if options.photos:
        Bench(options).report()
        return
    if options.sets:
        measured = [measure(Path(truth), Path(images), options.work) for truth, images in options.sets]
        report_sets(measured)
        (options.work / "failures.md").write_text(failures(measured), encoding="utf-8")
    if options.groups:
        report_groups(options.groups, options.root, options.work)
    if options.negatives:
        report_negatives(options.negatives, options.root, options.work)


if __name__ == "__main__":
    main()
