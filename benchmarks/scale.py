"""Measure how time and memory of the grouping grow with the number of images.

Usage::

    python benchmarks/scale.py [--images 1000 10000 100000 1000000 3000000] [--measured ...]
                               [--memory-mb 600] [--workers 2] [--mix varied|alike] [--work build/scale] [--docs docs]

Features are made up (`scale_features.py`) or reused. Then, in a fresh process for each number of images, all that a
run does after its extraction is done on them: stages 1, 2, 3 and 5, groups, result and report. Stage 4 has no pixels to
compare, so the truth answers for it; its time is that of asking. Peaks are those of the whole process as the system
counts them; *held* is the peak less what the process took after imports and warm-up. Beside it stands what it takes to
hold all features at once, measured at up to 10,000 images and projected beyond.

Writes ``scale.md``, ``scale-time.svg`` and ``scale-memory.svg`` to the folder of ``--docs``, and prints the tables.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from accuracy import table
from scale_features import Recipe, generate, open_features, read_truth
from scaling.curves import log_curves
from scaling.oracle import write_clusters
from scaling.pictures import MIXES
from scaling.planted import found_by_band

FEW = 100
"""Images that are grouped before anything is measured."""

WHOLE_UP_TO = 10_000
"""Numbers of images up to which all features are really held at once."""


def child(kind: str, root: str, recipe: str, few: str, workers: str, memory_mb: str) -> None:
    """Measure in this process, and print what it took."""
    # Imported here, so that the process that waits does not load what is measured.
    from scaling.grouping import measure_grouping, say  # noqa: PLC0415
    from scaling.whole import measure_whole  # noqa: PLC0415

    features = open_features(Path(root), Recipe(**json.loads(recipe)))
    if kind == "whole":
        say(measure_whole(features))
    else:
        beside = open_features(Path(few), Recipe(FEW))
        say(measure_grouping(features, beside, int(workers), int(memory_mb) * 10**6))


def in_child(kind: str, root: Path, recipe: Recipe, options: argparse.Namespace) -> dict[str, Any]:
    told = json.dumps({"count": recipe.count, "seed": recipe.seed, "mix": recipe.mix})
    few = options.work / f"run-{FEW}-few"
    command = [sys.executable, __file__, "--child", kind, root, told, few, options.workers, options.memory_mb]
    said = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return result


def measure(count: int, options: argparse.Namespace) -> dict[str, Any]:
    """Make up images if they are not there, and measure."""
    from scaling.grouping import clear_results  # noqa: PLC0415

    root, recipe = options.work / f"run-{count}", Recipe(count, options.seed, options.mix)
    generate(root, recipe, os.cpu_count() or 1)
    write_clusters(read_truth(root, recipe), root / "clusters.int32")
    few = options.work / f"run-{FEW}-few"
    generate(few, Recipe(FEW), 1)
    write_clusters(read_truth(few, Recipe(FEW)), few / "clusters.int32")
    clear_results(root)
    print(f"{count:,} images", file=sys.stderr, flush=True)
    result = in_child("grouping", root, recipe, options)
    result["found"] = found_by_band(root, read_truth(root, recipe))
    result["report_bytes"] = sum(path.stat().st_size for path in (root / "report").rglob("*") if path.is_file())
    if count <= WHOLE_UP_TO:
        result["whole"] = in_child("whole", root, recipe, options)
    (options.work / f"result-{count}.json").write_text(json.dumps(result, indent=1))
    return result


def held(result: dict[str, Any]) -> int:
    """Return the bytes above what the process took with nothing done."""
    return int(result["peak"] - result["base"])


def whole_bytes_an_image(results: Sequence[dict[str, Any]]) -> float:
    """Return the bytes an image that holding everything takes, from the largest number for which it was done."""
    whole = [result["whole"] for result in results if "whole" in result]
    return float((whole[-1]["peak"] - whole[-1]["base"]) / whole[-1]["images"]) if whole else float("nan")


def tables(results: Sequence[dict[str, Any]], options: argparse.Namespace) -> str:
    """Return all tables in Markdown."""
    names = [stage["name"] for stage in results[0]["stages"]]
    time_rows = [
        (
            f"{r['images']:,}",
            *(f"{s['seconds']:.1f} ({s['cpu_seconds']:.1f})" for s in r["stages"]),
            f"**{seconds(r):.1f}**",
        )
        for r in results
    ]
    peak_rows = [
        (
            f"{r['images']:,}",
            *(f"{s['peak_rss_bytes'] / 1e6:.0f}" for s in r["stages"]),
            f"**{r['peak'] / 1e6:.0f}**",
            f"{r['base'] / 1e6:.0f}",
        )
        for r in results
    ]
    pair_rows = [
        (
            f"{r['images']:,}",
            *(f"{r['pairs'][name]['proposed']:,}" for name in ("wavelet", "color", "global")),
            f"{r['pairs']['global']['undecided']:,}",
            f"{r['judged']:,}",
            f"{r['counts'].get('groups', 0):,}",
            f"{r['report_bytes'] / 1e6:.1f}",
        )
        for r in results
    ]
    largest = results[-1]
    band_rows = [
        (f["kind"], f["band"], f"{f['planted']:,}", share(f["proposed"], f), share(f["grouped"], f))
        for f in largest["found"]
    ]
    return "\n\n".join(
        [
            f"`--memory {options.memory_mb}MB`, {options.workers} workers, mix `{options.mix}`, seed {options.seed}.",
            "### Seconds (of all processors together)",
            table(("images", *names, "all"), time_rows),
            growth(results),
            "### Peak memory of the process, MB",
            table(("images", *names, "whole process", "with nothing done"), peak_rows),
            "### Held, against all features at once, MB",
            table(
                ("images", "held", "forecast of stages 1 to 3", "all features at once", "saving"),
                list(held_rows(results)),
            ),
            "### Pairs",
            table(
                (
                    "images",
                    "proposed",
                    "to color",
                    "to corners",
                    "left for stage 4",
                    "asked in stage 4",
                    "groups",
                    "report MB",
                ),
                pair_rows,
            ),
            f"### Planted copies found, {largest['images']:,} images",
            table(("kind", "distance or area", "planted", "proposed with the original", "in its group"), band_rows),
        ]
    )


def growth(results: Sequence[dict[str, Any]]) -> str:
    """Say how much longer more images take."""
    pairs = [(one, other) for one, other in pairwise(results)] + [(r, results[-1]) for r in results[:-2]]
    said = [f"{b['images']:,} / {a['images']:,}: {seconds(b) / seconds(a):.1f}" for a, b in pairs]
    return "Times of more images to those of fewer: " + "; ".join(said) + "."


def held_rows(results: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return what is held beside what holding everything takes."""
    each = whole_bytes_an_image(results)
    rows = []
    for r in results:
        measured = "whole" in r
        whole = r["whole"]["peak"] - r["whole"]["base"] if measured else each * r["images"]
        said = f"{whole / 1e6:,.0f}" + ("" if measured else " (projected)")
        saving = f"{100 * (1 - held(r) / whole):.1f} %"
        rows.append((f"{r['images']:,}", f"{held(r) / 1e6:.0f}", f"{r['forecast'] / 1e6:.0f}", said, saving))
    return rows


def share(count: Any, row: dict[str, Any]) -> str:
    return f"{count / row['planted']:.3f}"


def seconds(result: dict[str, Any]) -> float:
    return float(sum(stage["seconds"] for stage in result["stages"]))


def draw(results: Sequence[dict[str, Any]], docs: Path) -> None:
    """Draw time and memory against the number of images."""
    each = whole_bytes_an_image(results)
    times = {
        stage["title"]: [(r["images"], max(0.01, r["stages"][k]["seconds"])) for r in results]
        for k, stage in enumerate(results[0]["stages"])
    }
    everything = {"all stages": [(r["images"], seconds(r)) for r in results]}
    memory = {
        "whole process": [(r["images"], r["peak"] / 1e6) for r in results],
        "held": [(r["images"], max(0.1, held(r) / 1e6)) for r in results],
        "all features at once": [(r["images"], each * r["images"] / 1e6) for r in results],
    }
    curves = log_curves("Grouping: time against images", "images", "seconds", {**everything, **times})
    (docs / "scale-time.svg").write_text(curves)
    peaks = log_curves("Grouping: peak memory against images", "images", "MB", memory)
    (docs / "scale-memory.svg").write_text(peaks)


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000, 3_000_000])
    parser.add_argument("--measured", type=int, nargs="*", default=[], help="numbers whose results in WORK are taken")
    parser.add_argument("--memory-mb", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mix", choices=tuple(MIXES), default="varied")
    parser.add_argument("--work", type=Path, default=Path("build/scale"))
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    # The first grouping of a machine compiles, which takes memory of its own; it is made and not counted.
    measure(1000, options)
    results = [
        json.loads((options.work / f"result-{count}.json").read_text())
        if count in options.measured
        else measure(count, options)
        for count in sorted({*options.images, *options.measured})
    ]
    text = tables(results, options)
    words = "What the grouping of made-up images takes; `benchmarks/scale.py` writes this page.\n"
    pictures = "![time](scale-time.svg)\n\n![memory](scale-memory.svg)"
    (options.docs / "scale.md").write_text(f"# Scale\n\n{words}\n{text}\n\n{pictures}\n")
    draw(results, options.docs)
    print(text)


if __name__ == "__main__":
    main()
