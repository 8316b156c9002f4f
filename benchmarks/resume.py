"""Kill a run at random moments, let it go on each time, and compare the result with that of an undisturbed run.

Usage::

    python benchmarks/resume.py [--kills 20] [--pictures 600] [--seed 1] [--work build/resume]

Half of the kills each hit a run of their own, which is then resumed; the other half hit one single run, again and
again, in ever later stages. A moment is an event of the run (a few hundred, over all stages) and some milliseconds
after it. The pictures are as many as asked for and byte copies of them, so that there are several shards. Prints a
table in Markdown and ends with an error if any result differs by a byte.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from accuracy import table
from imgsieve.demo import encode, render_quick
from imgsieve.runs import Event, run
from imgsieve.runs.extraction import SHARD_ROWS

STAGES = ("list", "extract", "wavelet", "color", "global", "local", "quality")


def write_pictures(folder: Path, pictures: int) -> None:
    """Write pictures, a worse copy of every third, and byte copies up to three shards."""
    folder.mkdir(parents=True)
    written = []
    for number in range(pictures):
        pixels = render_quick(np.random.default_rng(number), 160, 120)
        written.append(encode(pixels, "jpg", quality=90))
        (folder / f"{number:05d}.jpg").write_bytes(written[-1])
        if number % 3 == 0:
            (folder / f"{number:05d}-worn.jpg").write_bytes(encode(pixels[4:, 6:], "jpg", quality=50))
    for number in range(3 * SHARD_ROWS - len(list(folder.iterdir()))):
        (folder / f"copy-{number:05d}.jpg").write_bytes(written[number % pictures])


def child(images: Path, out: Path) -> subprocess.Popen[str]:
    """Start a run in a process of its own, which prints a line for every event."""
    command = [sys.executable, __file__, "--child", str(images), str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def tell(event: Event) -> None:
    os.write(1, f"{event.stage} {event.done}\n".encode())


def killed(images: Path, out: Path, event: int, delay: float, stage: str = "") -> str:
    """Kill a run after so many events, of a stage or of all; return which one, nothing if it ended before."""
    with child(images, out) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event -= line.startswith(stage)
            if event < 0:
                time.sleep(delay)
                process.kill()
                return line.strip()
    return ""


def finished(images: Path, out: Path) -> int:
    """Let a run come to its end; return how many events it had."""
    with child(images, out) as process:
        assert process.stdout is not None
        count = sum(1 for _ in process.stdout)
    if process.returncode:
        sys.exit(f"the run in {out} ended with {process.returncode}")
    return count


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        run([sys.argv[2]], Path(sys.argv[3]), listener=tell)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("build/resume"))
    options = parser.parse_args()
    work, rng = options.work, random.Random(options.seed)
    shutil.rmtree(work, ignore_errors=True)
    images = work / "images"
    write_pictures(images, options.pictures)
    events = finished(images, work / "undisturbed")
    expected = [(work / "undisturbed" / name).read_bytes() for name in ("groups.parquet", "groups.csv")]
    lines: list[tuple[object, ...]] = []

    def resumed(out: Path) -> str:
        finished(images, out)
        same = expected == [(out / name).read_bytes() for name in ("groups.parquet", "groups.csv")]
        return "the same" if same else "DIFFERS"

    for number in range(options.kills // 2):
        out = work / f"once-{number}"
        moment = killed(images, out, rng.randrange(events), rng.random() * 0.05)
        lines.append((f"run {number + 1}", moment, resumed(out)))
        shutil.rmtree(out)
    again = options.kills - options.kills // 2
    for number, stage in enumerate(sorted(rng.choices(STAGES, k=again), key=STAGES.index)):
        event = rng.randrange(SHARD_ROWS // 8) if stage == "extract" else 0
        moment = killed(images, work / "often", event, rng.random() * 0.02, stage)
        lines.append((f"one run, kill {number + 1}", moment or "had come to its end", ""))
    lines[-1] = (*lines[-1][:2], resumed(work / "often"))
    print(table(("run", "killed after", "result"), lines))
    if any(line[2] == "DIFFERS" for line in lines):
        sys.exit("a result differs")


if __name__ == "__main__":
    main()
