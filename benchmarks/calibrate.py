"""Hold every threshold of stages 1 to 4 against what copies and strangers measure.

Usage::

    python benchmarks/calibrate.py SET [SET ...] [--strangers DIR ...] [--most 3000] [--target 1] [--plots docs]

A SET is a folder with ``images`` and ``truth.csv`` as `evaluation_sets.py` makes it; a DIR has photographs of which
none is a copy of another. Over each runs the program with wider radii and nothing rejected before stage 4, so that
scores on both sides of the thresholds are seen; then stage 4, with its defaults, judges at most ``--most`` pairs of
copies and as many of strangers: those that were proposed and, of each picture, the ``--nearest`` whose codes are
nearest, whether they would be proposed or not. Prints, by threshold: quantiles of both, the share of copies lost and
of strangers passed at the default, and the operating point: the loosest value at which no more than ``--target`` of a
million judged strangers would be accepted, all else as it is. As long as fewer than a million are judged, that is the
loosest value that none of them passes, and the printed bound (95 %, Clopper and Pearson) says how little is known.
Bounds are of pairs of sources: what was made from two photographs is not many pairs that know nothing of each other.
Strangers that were accepted are listed: look at them before believing that they are strangers. Collages and their
parts are counted by themselves, as neither is a copy of the other and a part is all there.

``--plots`` writes ``calibration.svg`` there.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.charts import Panel, distributions
from evaluation.finished import measure, measure_strangers
from evaluation.gathering import Gathered, accepted, gather, loosened
from evaluation.markdown import table
from evaluation.operating import Threshold, per_million, upper_bound
from evaluation.scores import thresholds
from evaluation.verifying import Judged
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
        f"{len(threshold.scores.copies):,}",
        _quantiles(threshold.scores.copies, flip(_COPY_QUANTILES)),
        f"{len(threshold.scores.strangers):,}",
        _quantiles(threshold.scores.strangers, flip(_STRANGER_QUANTILES)),
        f"{threshold.lost():.4f}",
        per_million(threshold.passed()),
    ]


def operating_row(threshold: Threshold, target: float, of: int) -> list[object]:
    """Return the operating point of one threshold of stage 4."""
    passing = int(threshold.passes(threshold.alone).sum())
    stopped = len(threshold.alone) - passing
    edge = threshold.edge(target, of)
    beyond = edge is not None and not threshold.low <= edge <= threshold.high
    agrees = edge is None or (threshold.value >= edge if threshold.at_least else threshold.value <= edge)
    return [
        threshold.name,
        f"{threshold.value:g}",
        stopped,
        passing,
        "any" if edge is None else "none" if beyond else f"{edge:g}",
        f"{threshold.lost():.4f}",
        "-" if edge is None or beyond else f"{threshold.lost_at(edge):.4f}",
        "yes" if agrees else "**no**",
    ]


def _report(all_gathered: Sequence[Gathered], config: RunConfig, target: float) -> None:
    found = thresholds(all_gathered, config)
    head = ("threshold", "default", "copies", "1 / 5 / 50 %", "strangers", "50 / 95 / 99 %", "copies lost",
            "strangers passed, of a million")  # fmt: skip
    print("\n### What copies and strangers measure\n")
    print(table(head, map(distribution_row, found)))
    strangers = [entry for gathered in all_gathered for entry in gathered.judged[False]]
    print(f"\n### Operating points of stage 4, target {target:g} of a million pairs of strangers\n")
    head = ("threshold", "default", "stopped by it alone", "accepted in spite of all", "operating point",
            "copies lost at the default", "at the operating point", "default strict enough")  # fmt: skip
    late = [threshold for threshold in found if threshold.name.startswith("local")]
    print(table(head, [operating_row(threshold, target / 1e6, len(strangers)) for threshold in late]))
    print("\n### What stage 4 accepts\n")
    counts = [(gathered.name, _counts(gathered)) for gathered in all_gathered]
    counts.append(("all", sum((count for _, count in counts), Counter())))
    counted = ("set", "copies accepted", "strangers accepted", "of those that are proposed", "pairs of sources",
                "of a million of these",
               "at most (95 %)", "collages with a part")  # fmt: skip
    print(table(counted, [_accepted_row(name, count) for name, count in counts]))
    print("\n### Reasons of stage 4\n")
    print(table(("reason", "copies", "strangers"), _reasons(all_gathered)))
    lines = [line for gathered in all_gathered for line in _wrong(gathered)]
    print("\nStrangers that were accepted:\n")
    print(table(("set", "one", "source", "other", "source", "why"), lines) if lines else "none")


def _wrong(gathered: Gathered) -> list[Sequence[str]]:
    """Return a line for each pair of strangers that stage 4 accepted."""
    lines: list[Sequence[str]] = []
    for entry in gathered.judged[False]:
        one, other = (gathered.file[image] for image in entry.pair)
        if accepted([entry]):
            lines.append((gathered.name, one, gathered.source[one], other, gathered.source[other], entry.found.why))
    return lines


def _reasons(all_gathered: Sequence[Gathered]) -> list[tuple[object, ...]]:
    """Return how often each reason was given, numbers left out, with its verdict."""
    counts = {
        kind: Counter(
            f"{entry.found.verdict}: {re.sub(r'[0-9]+', 'N', entry.found.why)}"
            for gathered in all_gathered
            for entry in gathered.judged[kind]
        )
        for kind in (True, False)
    }
    order = counts[True] + counts[False]
    return [(reason, counts[True][reason], counts[False][reason]) for reason, _ in order.most_common()]


def _counts(gathered: Gathered) -> Counter[str]:
    """Return how many pairs of each kind stage 4 judged, and accepted."""
    strangers = gathered.judged[False]
    kinds = {
        "copies": gathered.judged[True],
        "strangers": strangers,
        "proposed": [entry for entry, proposed in zip(strangers, gathered.proposed, strict=True) if proposed],
        "collages": gathered.collages,
    }
    counts: Counter[str] = Counter()
    for kind, entries in kinds.items():
        counts[kind], counts[f"{kind} accepted"] = len(entries), accepted(entries)
    verdicts = [(_sources(gathered, entry), accepted([entry])) for entry in kinds["proposed"]]
    counts["sources"] = len({sources for sources, _ in verdicts})
    counts["sources accepted"] = len({sources for sources, taken in verdicts if taken})
    return counts


def _sources(gathered: Gathered, entry: Judged) -> frozenset[str]:
    """Return what both pictures of a pair are made from."""
    return frozenset(gathered.source[gathered.file[image]] for image in entry.pair)


def _accepted_row(name: str, counts: Counter[str]) -> list[object]:
    """Return what stage 4 accepted of one set, or of all."""
    kinds = ("copies", "strangers", "proposed", "sources")
    cells = [f"{counts[f'{kind} accepted']:,} of {counts[kind]:,}" for kind in kinds]
    rates = _rates(counts["sources accepted"], counts["sources"])
    return [name, *cells, *rates, f"{counts['collages accepted']} of {counts['collages']}"]


def _rates(count: int, of: int) -> tuple[str, str]:
    """Return how many of a million, and how many at most with 95 % confidence."""
    return (per_million(count / of), per_million(upper_bound(count, of))) if of else ("-", "-")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--strangers", nargs="+", type=Path, default=[], metavar="DIR")
    parser.add_argument("--nearest", type=int, default=16)
    parser.add_argument("--most", type=int, default=3000)
    parser.add_argument("--target", type=float, default=1.0, help="false accepts of a million proposed pairs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("build/calibrate"))
    parser.add_argument("--plots", type=Path)
    options = parser.parse_args()
    config, work = RunConfig(), options.work
    wide = loosened(config)
    measured = [measure(folder / "truth.csv", folder / "images", work, wide, "wide") for folder in options.sets]
    measured += [measure_strangers(folder, work, wide, "wide") for folder in options.strangers]
    reach = config.wavelet.max_distance_bits
    all_gathered = [
        gather(
            one, work / f"set-{one.name}", most=options.most, nearest=options.nearest, reach=reach, seed=options.seed
        )
        for one in measured
    ]
    _report(all_gathered, config, options.target)
    if options.plots:
        panels = [
            Panel(t.name, t.scores.copies, t.scores.strangers, t.value, t.low, t.high)
            for t in thresholds(all_gathered, config)
        ]
        svg = distributions("Scores of copies and strangers", panels)
        (options.plots / "calibration.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
