"""Measure how the memory of a whole run grows with the number of images.

Usage::

    python benchmarks/memory_growth.py [--images 1000 5000 20000] [--side 128] [--workers 2] [--memory-mb 2048]
                                       [--work build/memory-growth]

Small JPEGs are generated once, in parallel, a tenth of them near-duplicates of others; each run is a process of its
own over the first so many of them (by hard links), and the peak is that of the whole process as the system counts
it. Prints a table in Markdown, and the slope between neighbors in bytes an image.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from accuracy import table
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.demo import encode, render_quick
from imgsieve.memory import peak_resident_bytes
from imgsieve.runs import run

CHUNK = 500


def name_of(number: int) -> str:
    return f"{number // 1000:04d}/{number:07d}.jpg"


def write_chunk(folder: Path, side: int, first: int) -> None:
    """Write the pictures of one chunk; every tenth is a worn copy of the one before."""
    for number in range(first, first + CHUNK):
        target = folder / name_of(number)
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = number % 10 == 9
        pixels = render_quick(np.random.default_rng(number - copy), side, side * 3 // 4)
        data = encode(pixels[3:, 3:] if copy else pixels, "jpg", quality=55 if copy else 88)
        partial_file = target.with_suffix(".partial")
        partial_file.write_bytes(data)
        partial_file.replace(target)


def generate(folder: Path, images: int, side: int) -> None:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(partial(write_chunk, folder, side), range(0, images, CHUNK)))


def linked(pictures: Path, folder: Path, images: int) -> Path:
    """Return a folder with hard links to the first pictures."""
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(images):
        target = folder / name_of(number)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(pictures / name_of(number))
    return folder


def measure(images: str, out: str, workers: str, memory_mb: str) -> None:
    """Run in this process, and print what it took."""
    execution = ExecutionConfig(workers=int(workers), memory_bytes=int(memory_mb) * 10**6)
    summary = run([images], Path(out), RunConfig(execution=execution)).summary
    peak = peak_resident_bytes()
    stages = {stage["name"]: stage["peak_rss_bytes"] for stage in summary["stages"]}
    base = summary["memory"]["base_bytes"]
    counts = {key: summary[key] for key in ("images", "seconds", "groups", "failed")}
    print(json.dumps({**counts, "peak": peak, "base": base, "stages": stages}))


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        measure(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 5000, 20000])
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=2048)
    parser.add_argument("--work", type=Path, default=Path("build/memory-growth"))
    options = parser.parse_args()
    pictures = options.work / f"pictures-{options.side}"
    generate(pictures, max(options.images), options.side)
    results = []
    # The first run of a machine compiles, which takes memory of its own; it is made and not counted.
    for count in (CHUNK, *sorted(options.images)):
        images, out = linked(pictures, options.work / "images", count), options.work / "out"
        shutil.rmtree(out, ignore_errors=True)
        arguments = [str(images), str(out), str(options.workers), str(options.memory_mb)]
        said = subprocess.run([sys.executable, __file__, "--child", *arguments], stdout=subprocess.PIPE, check=True)
        results.append(json.loads(said.stdout))
    del results[0]
    stages = [name for name in results[0]["stages"] if name != "prepare"]
    mb = [
        (
            f"{r['images']:,}",
            f"{r['seconds']:.0f}",
            f"{r['groups']:,}",
            *(f"{size / 1e6:.0f}" for size in (r["base"], *(r["stages"][s] for s in stages), r["peak"])),
        )
        for r in results
    ]
    print(table(("images", "seconds", "groups", "base MB", *(f"{s} MB" for s in stages), "peak MB"), mb))
    for less, more in pairwise(results):
        slope = (more["peak"] - less["peak"]) / (more["images"] - less["images"])
        print(f"\n{slope:,.0f} bytes an image from {less['images']:,} to {more['images']:,}")


if __name__ == "__main__":
    main()
