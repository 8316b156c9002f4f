"""Hold every threshold of stages 1 to 4 against what copies and strangers measure.

Usage::

    python benchmarks/calibrate.py SET [SET ...] [--most 3000] [--target 1] [--plots docs]

A SET is a folder with ``images`` and ``truth.csv`` as `evaluation_sets.py` makes it. Over each runs the program with
wider radii and nothing rejected before stage 4, so that scores on both sides of the thresholds are seen; then stage 4,
with its defaults, judges at most ``--most`` pairs of copies and as many of strangers, drawn at random from the
proposed ones. Prints, by threshold: quantiles of both, the share of copies lost and of strangers passed at the
default, and the operating point: the loosest value at which no more than ``--target`` of a million proposed pairs of
strangers would be accepted, everything else as it is. As long as fewer than a million are judged, that is the loosest
value that none of them passes, and the printed bound (95 %, Clopper and Pearson) says how little is known.

``--plots`` writes ``calibration.svg`` there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.charts import Panel, distributions
from evaluation.finished import measure
from evaluation.markdown import table
from evaluation.operating import Threshold, per_million, upper_bound
from evaluation.scores import Gathered, accepted, gather, loosened, thresholds
from imgsieve.config import RunConfig

_COPY_QUANTILES = (0.01, 0.05, 0.5)
_STRANGER_QUANTILES = (0.5, 0.95, 0.99)


def _quantiles(scores: NDArray[np.float64], shares: Sequence[float]) -> str:
    return " / ".join(f"{value:.3g}" for value in np.quantile(scores, shares)) if len(scores) else "-"


def distribution_row(threshold: Threshold) -> list[object]:
    """Return what copies and strangers have, and what the default does to them; poor scores of copies come first."""
    flip = (lambda shares: shares) if threshold.at_least else (lambda shares: tuple(1 - share for share in shares))
    return [
        threshold.name,
        f"{'at least' if threshold.at_least else 'at most'} {threshold.value:g}",
        f"{len(threshold.copies):,}",
        _quantiles(threshold.copies, flip(_COPY_QUANTILES)),
        f"{len(threshold.strangers):,}",
        _quantiles(threshold.strangers, flip(_STRANGER_QUANTILES)),
        f"{threshold.lost():.4f}",
        per_million(threshold.passed()),
    ]


def operating_row(threshold: Threshold, target: float, of: int) -> list[object]:
    """Return the operating point of one threshold of stage 4."""
    passing = int(threshold.passes(threshold.alone).sum())
    stopped = len(threshold.alone) - passing
    edge = threshold.edge(target, of)
    agrees = edge is None or (threshold.value >= edge if threshold.at_least else threshold.value <= edge)
    return [
        threshold.name,
        f"{threshold.value:g}",
        stopped,
        passing,
        "any" if edge is None else f"{edge:g}",
        f"{threshold.lost():.4f}",
        "-" if edge is None else f"{threshold.lost_at(edge):.4f}",
        "yes" if agrees else "**no**",
    ]


def _report(all_gathered: Sequence[Gathered], names: Sequence[str], config: RunConfig, target: float) -> None:
    found = thresholds(all_gathered, config)
    head = ("threshold", "default", "copies", "1 / 5 / 50 %", "strangers", "50 / 95 / 99 %", "copies lost",
            "strangers passed, of a million")  # fmt: skip
    print("\n### What copies and strangers measure\n")
    print(table(head, map(distribution_row, found)))
    strangers = [entry for gathered in all_gathered for entry in gathered.judged[False]]
    count, wrong = len(strangers), accepted(strangers)
    print(f"\n### Operating points of stage 4, target {target:g} of a million proposed pairs of strangers\n")
    head = ("threshold", "default", "stopped by it alone", "accepted in spite of all", "operating point",
            "copies lost at the default", "at the operating point", "default strict enough")  # fmt: skip
    late = [threshold for threshold in found if threshold.name.startswith("local")]
    print(table(head, [operating_row(threshold, target / 1e6, count) for threshold in late]))
    bound = upper_bound(wrong, count)
    print(
        f"\n{wrong} of {count:,} judged pairs of strangers were accepted: {per_million(wrong / count)} of a million, "
        f"less than {per_million(bound)} with 95 % confidence."
    )
    lines = []
    for name, gathered in zip(names, all_gathered, strict=True):
        cells = [(accepted(entries), len(entries)) for entries in (gathered.judged[True], gathered.judged[False])]
        lines.append((name, f"{gathered.proposed:,}", *(f"{count} of {of:,}" for count, of in cells)))
    print("\n" + table(("set", "strangers proposed", "copies accepted", "strangers accepted"), lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--most", type=int, default=3000)
    parser.add_argument("--target", type=float, default=1.0, help="false accepts of a million proposed pairs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("build/calibrate"))
    parser.add_argument("--plots", type=Path)
    options = parser.parse_args()
    config, all_gathered, names = RunConfig(), [], []
    for folder in options.sets:
        measured = measure(folder / "truth.csv", folder / "images", options.work, loosened(config), "loosened")
        run_folder = options.work / f"set-{measured.name}"
        all_gathered.append(gather(measured, run_folder, most=options.most, seed=options.seed))
        names.append(measured.name.removesuffix("-loosened"))
    _report(all_gathered, names, config, options.target)
    if options.plots:
        panels = [
            Panel(t.name.split(".")[-1], t.copies, t.strangers, t.value, t.low, t.high)
            for t in thresholds(all_gathered, config)
        ]
        svg = distributions("Scores of copies and strangers", panels)
        (options.plots / "calibration.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
