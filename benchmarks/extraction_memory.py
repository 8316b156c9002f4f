"""Measure what the extraction pass takes at its peak, beside what was projected, for growing numbers of pictures.

Usage::

    python benchmarks/extraction_memory.py [--images 2000 50000] [--workers 2] [--memory-mb 600]
                                           [--work build/extraction-memory]

Small JPEGs are made once, all of them different; each pass is a process of its own over the first so many of them (by
hard links), which ends after the extraction. "start-up" is the peak of the process before it, "peak" the largest
resident memory during the pass. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from accuracy import table
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.demo import render_quick
from imgsieve.executors import ThreadExecutor
from imgsieve.memory import peak_resident_bytes
from imgsieve.runs.extraction import extract
from imgsieve.runs.manifest import list_sources
from imgsieve.runs.mirror import open_run_folder
from imgsieve.runs.pictures import PictureReader
from imgsieve.runs.preparation import prepare
from imgsieve.runs.progress import Monitor
from imgsieve.runs.state import open_state
from imgsieve.storage import ListingFilter, Traffic, open_source

WIDTH, HEIGHT = 96, 64
DISTINCT = 2000
CHUNK = 1000


def name_of(number: int) -> str:
    return f"{number // CHUNK:04d}/{number:07d}.jpg"


def picture(number: int, drawn: dict[int, NDArray[np.uint8]]) -> bytes:
    """Encode a picture: one of the drawn ones with a pattern of its own laid into a corner."""
    base = number % DISTINCT
    if base not in drawn:
        drawn[base] = render_quick(np.random.default_rng(base), WIDTH, HEIGHT)
    pixels = drawn[base].copy()
    pattern = np.random.default_rng((7, number)).integers(0, 256, (4, 6, 3), np.uint8)
    pixels[-32:, -48:] = pattern.repeat(8, 0).repeat(8, 1)
    return bytes(simplejpeg.encode_jpeg(pixels, quality=85, colorspace="RGB"))


def generate(folder: Path, images: int) -> None:
    """Write the pictures that are not there yet."""
    drawn: dict[int, NDArray[np.uint8]] = {}
    for number in range(images):
        target = folder / name_of(number)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(picture(number, drawn))


def linked(pictures: Path, folder: Path, images: int) -> Path:
    """Return a folder with hard links to the first pictures."""
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(images):
        target = folder / name_of(number)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(pictures / name_of(number))
    return folder


def measure(images: str, out: str, workers: str, memory_mb: str) -> None:
    """Extract in this process, and print what it took."""
    config = RunConfig(execution=ExecutionConfig(workers=int(workers), memory_bytes=int(memory_mb) * 10**6))
    with Traffic(config.network).open() as traffic:
        source = open_source(images, ListingFilter.of(config.source), traffic)
        ready = prepare(config, remote=False)
        started = peak_resident_bytes()
        folder = open_run_folder(out, traffic)
        with folder.locked():
            state = open_state(folder, [source.uri], config)
            manifest = list_sources([source], folder, ignore)
            plan = ready.plan(manifest)
            monitor = Monitor()
            with monitor.sampling(), closing(PictureReader([source], plan, config.decode, 1)) as reader:
                reader.for_stage("extract")
                with monitor.stage("extract", "", None):
                    extract(state, manifest, config, reader, ThreadExecutor(ready.workers), None, ignore)
    figures = {
        "images": manifest.rows,
        "seconds": monitor.stages[0].seconds,
        "start": started,
        "base": ready.base_bytes,
        "projected": plan.projected_by_stage["extraction"],
        "peak": monitor.stages[0].peak_rss_bytes,
    }
    print(json.dumps(figures))


def ignore(_: int) -> None:
    """Take progress and do nothing with it."""


def measured(options: argparse.Namespace, images: int) -> dict[str, float]:
    """Run the extraction of some pictures in a process of its own."""
    folder, out = linked(options.work / "pictures", options.work / "images", images), options.work / "out"
    shutil.rmtree(out, ignore_errors=True)
    arguments = [str(folder), str(out), str(options.workers), str(options.memory_mb)]
    said = subprocess.run([sys.executable, __file__, "--child", *arguments], stdout=subprocess.PIPE, check=True)
    return dict(json.loads(said.stdout))


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        measure(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[2000, 50_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=600)
    parser.add_argument("--work", type=Path, default=Path("build/extraction-memory"))
    options = parser.parse_args()
    pictures = options.work / "pictures"
    generate(pictures, max(options.images))
    results = [measured(options, count) for count in options.images]
    print(
        table(
            ("images", "seconds", "start-up MB", "base MB", "projected MB", "peak MB", "peak / projected"),
            [
                (
                    f"{r['images']:,}",
                    f"{r['seconds']:.1f}",
                    *(f"{r[key] / 1e6:.0f}" for key in ("start", "base", "projected", "peak")),
                    f"{r['peak'] / r['projected']:.2f}",
                )
                for r in results
            ],
        )
    )


if __name__ == "__main__":
    main()
