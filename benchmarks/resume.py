"""Kill a run at random moments, let it go on each time, and compare the result with that of an undisturbed run.

Usage::

    python benchmarks/resume.py [--kills 20] [--pictures 600] [--seed 1] [--store] [--work build/resume]

Half of the kills each hit a run of their own, which is then resumed; the other half hit one single run, again and
again, in ever later stages. A moment is an event of the run (a few hundred, over all stages) and some milliseconds
after it. The pictures are as many as asked for and byte copies of them, so that there are several shards. Prints a
table in Markdown and ends with an error if any result differs by a byte.

With ``--store`` pictures and run folders lie in an Azurite of the benchmark's own, and afterwards half as many kills
hit a copy from one container to another: then each blob must be there, and none copied twice by Azurite's own log.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from accuracy import table
from imgsieve.config import NetworkConfig
from imgsieve.demo import encode, render_quick
from imgsieve.runs import Event, run
from imgsieve.runs.extraction import SHARD_ROWS
from imgsieve.storage import Store, Traffic, open_store, parse_address

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from stores.azurite import Azurite

STAGES = ("list", "extract", "wavelet", "color", "global", "local", "quality")


class Disk:
    """Pictures and run folders on a disk."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.images = str(work / "images")

    def out(self, name: str) -> str:
        """Return a run folder."""
        return str(self.work / name)

    def result(self, name: str) -> list[bytes]:
        """Return the result of a run."""
        return [(self.work / name / file).read_bytes() for file in ("groups.parquet", "groups.csv")]


class Azure(Disk):
    """Pictures and run folders in an Azurite."""

    def __init__(self, work: Path, azurite: Azurite) -> None:
        super().__init__(work)
        self.azurite = azurite
        self.images = "az://pictures/all"
        files = sorted((work / "images").iterdir())
        self.count = len(files)
        for container in ("pictures", "found", "copied"):
            with azurite.container(container) as client:
                client.create_container()
        store = self._store("az://pictures/all")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda path: store.write(f"all/{path.name}", path), files))

    def _store(self, place: str) -> Store:
        return open_store(parse_address(place), Traffic(NetworkConfig()))

    def out(self, name: str) -> str:
        """Return a run folder."""
        return f"az://found/{name}"

    def result(self, name: str) -> list[bytes]:
        """Return the result of a run."""
        store = self._store("az://found")
        return [store.read(f"{name}/{file}") for file in ("groups.parquet", "groups.csv")]

    def copied(self, since: int) -> Counter[str]:
        """Count what was written into the container of copies, by name.

        Requests whose client was killed before the answer have no status in the log; what they wrote is there or not.
        """
        rows = self.azurite.accesses(since)
        written = (row.path for row in rows if row.method == "PUT" and row.status in (201, 202))
        return Counter(path.partition("?")[0] for path in written if "/copied/all/" in path)

    def arrived(self) -> int:
        """Count the copies that are there and have the content of their pictures."""
        theirs = {found.name: found.md5 for found in self._store("az://copied").list("all/")}
        ours = {found.name: found.md5 for found in self._store("az://pictures").list("all/")}
        return sum(md5 is not None and theirs.get(name) == md5 for name, md5 in ours.items())


@contextmanager
def azurite_place(work: Path) -> Iterator[Azure]:
    """Run an Azurite with the pictures in it."""
    azurite = Azurite(work)
    os.environ |= azurite.environment()
    try:
        yield Azure(work, azurite)
    finally:
        azurite.stop()


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


def child(images: str, out: str) -> subprocess.Popen[str]:
    """Start a run in a process of its own, which prints a line for every event."""
    command = [sys.executable, __file__, "--child", images, out]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def tell(event: Event) -> None:
    os.write(1, f"{event.stage} {event.done}\n".encode())


def killed(images: str, out: str, event: int, delay: float, stage: str = "") -> str:
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


def finished(images: str, out: str) -> int:
    """Let a run come to its end; return how many events it had."""
    with child(images, out) as process:
        assert process.stdout is not None
        count = sum(1 for _ in process.stdout)
    if process.returncode:
        sys.exit(f"the run in {out} ended with {process.returncode}")
    return count


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        run([sys.argv[2]], sys.argv[3], listener=tell)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--work", type=Path, default=Path("build/resume"))
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    write_pictures(options.work / "images", options.pictures)
    if options.store:
        with azurite_place(options.work) as place:
            lines = run_kills(place, options.kills, random.Random(options.seed))
            lines += copy_kills(place, options.kills // 2, random.Random(options.seed))
    else:
        lines = run_kills(Disk(options.work), options.kills, random.Random(options.seed))
    print(table(("what", "killed after", "result"), lines))
    if any("DIFFERS" in str(line[2]) for line in lines):
        sys.exit("a result differs")


def run_kills(place: Disk, kills: int, rng: random.Random) -> list[tuple[object, ...]]:
    """Kill runs and let them go on."""
    events = finished(place.images, place.out("undisturbed"))
    expected = place.result("undisturbed")
    lines: list[tuple[object, ...]] = []

    def resumed(name: str) -> str:
        finished(place.images, place.out(name))
        return "the same" if expected == place.result(name) else "DIFFERS"

    for number in range(kills // 2):
        name = f"once-{number}"
        moment = killed(place.images, place.out(name), rng.randrange(events), rng.random() * 0.05)
        lines.append((f"run {number + 1}", moment, resumed(name)))
    again = kills - kills // 2
    for number, stage in enumerate(sorted(rng.choices(STAGES, k=again), key=STAGES.index)):
        event = rng.randrange(SHARD_ROWS // 8) if stage == "extract" else 0
        moment = killed(place.images, place.out("often"), event, rng.random() * 0.02, stage)
        lines.append((f"one run, kill {number + 1}", moment or "had come to its end", ""))
    lines[-1] = (*lines[-1][:2], resumed("often"))
    return lines


def copy_kills(place: Azure, kills: int, rng: random.Random) -> list[tuple[object, ...]]:
    """Kill one copy again and again, let it come to its end, and count what was copied."""
    since, journal = place.azurite.position, place.work / "journal"
    copy = [sys.executable, "-m", "imgsieve", "copy", place.images, "az://copied/all", "-q"]
    begin = time.perf_counter()
    dry = [*copy, "--dry-run", "--journal", str(place.work / "unused")]
    subprocess.run(dry, check=True, stdout=subprocess.DEVNULL)
    start, command = time.perf_counter() - begin, [*copy, "--journal", str(journal)]
    lines: list[tuple[object, ...]] = []
    for number in range(kills):
        seconds = start * 0.7 + rng.random() * 2.0
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            process.wait(seconds)
            moment = "had come to its end"
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            moment = f"{seconds:.2f} s"
        lines.append((f"copy, kill {number + 1}", moment, f"{place.copied(since).total():,} copied"))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    there, twice = place.arrived(), sum(count > 1 for count in place.copied(since).values())
    verdict = f"{there:,} of {place.count:,} are there, {twice} copied twice"
    lines.append(("copy, in the end", "", verdict + ("" if there == place.count and not twice else ", DIFFERS")))
    return lines


if __name__ == "__main__":
    main()
