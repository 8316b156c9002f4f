"""One set under several configurations: what each finds, and what it costs an image."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evaluation.finished import Measured, measure
from evaluation.markdown import table
from imgsieve.config import RunConfig

__all__ = ["variant_table"]

_SEARCH = ("wavelet", "color", "global")


def variant_table(default: Measured, variants: Iterable[tuple[str, RunConfig]], work: Path) -> str:
    """Run over the set of a finished measurement with other options; return the table, the default first.

    Costs are processor time, so that they hold on a machine with other work to do, and bytes of the features' files.
    """
    truth = default.folder.parent / "truth.csv"
    lines = [_cells("default", default, work / f"set-{default.name}")]
    for name, config in variants:
        measured = measure(truth, default.folder, work, config, "variant")
        lines.append(_cells(name, measured, work / f"set-{measured.name}"))
    head = ("options", "recall", "lost", "pairs proposed", "pairs verified", "extraction, ms an image",
            "search, ms an image", "stage 4, ms an image", "features, bytes an image")  # fmt: skip
    return table(head, lines)


def _cells(name: str, measured: Measured, run_folder: Path) -> list[object]:
    images, pairs = len(measured.finished.rows), measured.summary["pairs"]
    spent = {stage["name"]: 1000 * stage["cpu_seconds"] / images for stage in measured.summary["stages"]}
    stored = sum(part.stat().st_size for part in (run_folder / "features").glob("part-*.parquet"))
    return [
        name,
        f"{measured.score.recall:.4f}",
        measured.score.photos_lost,
        f"{pairs['wavelet']['proposed']:,}",
        f"{pairs['local']['proposed']:,}",
        f"{spent['extract']:.2f}",
        f"{sum(spent[stage] for stage in _SEARCH):.2f}",
        f"{spent['local']:.2f}",
        f"{stored / images:,.0f}",
    ]
