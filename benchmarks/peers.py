"""Compare the time, memory and results of imgsieve and of other tools on a folder of pictures.

Usage::

    python benchmarks/peers.py FOLDER [--truth TRUTH.csv] [--work build/peers] [--repeats 3]
                               [--tools imgsieve imagededup fastdup] [--imgsieve-options "--workers 2"]

The first call makes an environment for each of the other tools under WORK (it needs a package index); later
calls find it there. A tool that cannot be installed, or fails, is told in the table, and the others go on.

All files are read once before anything is timed, so that every tool finds them in the system's cache. Then
the tools take turns, A B C A B C, as processes of their own, and each figure is of the whole process, from
its start to its last file written: the median of the wall clock and of the CPU seconds (with child
processes), and the largest memory that any one of its processes held in any repetition (a tool that forks
workers holds more than that in all).

With a truth, whose files are relative to FOLDER, the groups of each tool's last repetition are scored by
`scoring.py`. Results and logs stay under WORK/runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scoring import TruthRow, read_groups, read_truth, score

SCRIPTS = Path(__file__).with_name("peers")


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another tool: how to install it, and the script that runs it."""

    installs: tuple[tuple[str, ...], ...]
    """Arguments of `pip install`, call by call."""
    script: str
    threshold: str
    """Last argument of the script, in the tool's own unit."""


PEERS = {
    "imagededup": Peer(
        # Its networks' libraries are gigabytes that the hashes do not need.
        installs=(
            ("--no-deps", "imagededup==0.3.3.post2"),
            ("numpy", "pillow", "PyWavelets", "scikit-learn", "tqdm", "matplotlib"),
        ),
        script="imagededup_phash.py",
        threshold="10",  # bits of 64, its own default
    ),
    "fastdup": Peer(installs=(("fastdup==2.54",),), script="fastdup_components.py", threshold="0.9"),
}


class SetupError(RuntimeError):
    """A tool cannot be installed here."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one process took."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(kw_only=True)
class Tally:
    """The repetitions of one tool."""

    usages: list[Usage] = field(default_factory=list)
    result: Path | None = None
    problem: str = ""


def environment(name: str, peer: Peer, work: Path) -> Path:
    """Return the Python of a tool's environment, making the environment if it is not there yet."""
    home, log = work / "environments" / name, work / "environments" / f"{name}.log"
    ready, python = home / "ready", home / "bin" / "python"
    recipe = hashlib.sha256(repr((peer.installs, sys.version_info[:2])).encode()).hexdigest()
    if ready.is_file() and ready.read_text() == recipe:
        return python
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    steps = [[sys.executable, "-m", "venv", str(home)]]
    steps += [[str(python), "-m", "pip", "install", "--quiet", *packages] for packages in peer.installs]
    with log.open("w") as stream:
        for step in steps:
            if subprocess.run(step, stdout=stream, stderr=subprocess.STDOUT, check=False).returncode:
                raise SetupError(f"not installed: {shlex.join(step[1:])} failed, see {log}")
    ready.write_text(recipe)
    return python


def measured(command: Sequence[str], log: Path, timeout_s: float) -> Usage:
    """Run a command to its end and return what it took; its output goes to `log`."""
    surroundings = {**os.environ, "HF_HUB_OFFLINE": "1", "SENTRY_OPT_OUT": "1"}
    with log.open("w") as stream:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, env=surroundings, start_new_session=True
        )
        timer = threading.Timer(timeout_s, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            _, status, taken = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            timer.cancel()
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"ended with {process.returncode} after {seconds:.0f} s, see {log}")
    per_mb = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, Linux kilobytes
    return Usage(seconds=seconds, cpu_seconds=taken.ru_utime + taken.ru_stime, peak_mb=taken.ru_maxrss / per_mb)


def imgsieve_command() -> list[str]:
    """Return how to start imgsieve: the program beside this Python, else its module."""
    program = Path(sys.executable).with_name("imgsieve")
    return [str(program)] if program.is_file() else [sys.executable, "-m", "imgsieve"]


def turn(tool: str, folder: Path, run: Path, options: argparse.Namespace) -> tuple[Usage, Path]:
    """Run a tool once in the empty folder `run`; return what it took and its table of groups."""
    if tool == "imgsieve":
        command = [*imgsieve_command(), "run", str(folder), "--out", str(run / "out")]
        command += shlex.split(options.imgsieve_options)
        result = run / "out" / "groups.csv"
    else:
        peer, result = PEERS[tool], run / "result.csv"
        python = environment(tool, peer, options.work)
        command = [str(python), str(SCRIPTS / peer.script), str(folder), str(result), peer.threshold]
    usage = measured(command, run / "log.txt", options.timeout_s)
    if not result.is_file():
        raise RuntimeError(f"wrote no {result.name}, see {run / 'log.txt'}")
    return usage, result


def compare(options: argparse.Namespace) -> dict[str, Tally]:
    """Let the tools take turns; a tool that fails once takes no more turns."""
    tallies = {tool: Tally() for tool in options.tools}
    for tool in options.tools:
        try:
            if tool in PEERS:
                environment(tool, PEERS[tool], options.work)
        except SetupError as error:
            tallies[tool].problem = str(error)
    for repeat in range(options.repeats):
        for tool, tally in tallies.items():
            if tally.problem:
                continue
            run = options.work / "runs" / f"{tool}-{repeat}"
            shutil.rmtree(run, ignore_errors=True)
            run.mkdir(parents=True)
            try:
                usage, tally.result = turn(tool, options.folder, run, options)
                tally.usages.append(usage)
            except (RuntimeError, OSError) as error:
                tally.problem = str(error)
    return tallies


def line(tool: str, tally: Tally, base_seconds: float, images: int, truth: Sequence[TruthRow]) -> list[str]:
    """Return the cells of one tool; of one without any result, all but the ends are dashes."""
    if not tally.usages or tally.result is None:
        return [tool, *["-"] * (8 if truth else 5), tally.problem]
    seconds = statistics.median(usage.seconds for usage in tally.usages)
    cells = [
        tool,
        f"{seconds:.2f}",
        f"{seconds / base_seconds:.2f}" if base_seconds else "-",
        f"{statistics.median(usage.cpu_seconds for usage in tally.usages):.2f}",
        f"{images / seconds:.0f}",
        f"{max(usage.peak_mb for usage in tally.usages):.0f}",
    ]
    if truth:
        scored = score(truth, read_groups(tally.result))
        cells += [f"{scored.recall:.3f}", f"{scored.pair_precision:.3f}", str(scored.photos_lost)]
    return [*cells, tally.problem]


def table(tallies: dict[str, Tally], images: int, truth: Sequence[TruthRow]) -> str:
    """Return a Markdown table of all tools."""
    head = ["tool", "seconds", "of imgsieve's", "CPU seconds", "files/s", "peak MB"]
    head += ["recall", "pair precision", "photos lost"] if truth else []
    own = tallies.get("imgsieve", Tally()).usages
    base = statistics.median(usage.seconds for usage in own) if own else 0.0
    rows = [line(tool, tally, base, images, truth) for tool, tally in tallies.items()]
    head += ["problem"] if any(tally.problem for tally in tallies.values()) else []
    cells = [head, ["---"] * len(head), *(row[: len(head)] for row in rows)]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def read_all(folder: Path) -> int:
    """Read every file, so that it is in the system's cache; return how many there are."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        path.read_bytes()
    return len(files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/peers"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tools", nargs="+", choices=("imgsieve", *PEERS), default=["imgsieve", *PEERS])
    parser.add_argument("--imgsieve-options", default="", help="more options of imgsieve run, in one string")
    parser.add_argument("--timeout-s", type=float, default=7200.0, help="longest time of one run")
    options = parser.parse_args()
    options.folder, options.work = options.folder.resolve(), options.work.resolve()
    if not options.folder.is_dir() or options.repeats < 1:
        parser.error(f"need a folder and at least one repetition, not {options.folder} and {options.repeats}")
    truth = read_truth(options.truth) if options.truth else []
    images = read_all(options.folder)
    tallies = compare(options)
    print(f"{images} files, {options.repeats} repetitions, {os.cpu_count()} CPUs\n")
    print(table(tallies, images, truth))
    report = {tool: [vars(usage) for usage in tally.usages] for tool, tally in tallies.items()}
    (options.work / "runs" / "usages.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
