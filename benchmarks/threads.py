"""Speed-up of a whole run by threads, stage by stage, beside what the machine gives at most.

Usage::

    python benchmarks/threads.py WORK [--pictures 2000] [--workers 2] [--turns 5]

A made-up set of pictures is deduplicated by `MultiThreadedDeduplicator` in a process of its own: with one worker; with
several; and with one worker in as many processes at the same time, which share nothing but the machine. The three come
by turns, and speed-ups are of figures of one turn, so what else the machine does falls on all alike. A process loads
its libraries and loops, deduplicates a few pictures, waits for a sign, and only then counts. Printed are medians over
the turns:

- of threads, the seconds of one worker over those of several;
- of the machine, how much more work per second the processes did together than one alone: no program does better that
  spends its time computing, as threads share their caches, their memory and the frequency of the processor.

Two figures do not depend on what else the machine does: the processor time of several workers over that of one; and the
serial part, the processor time of the calling thread in a run with one worker, while whose work the workers may have to
wait. If all of it were waited for, several workers would give what the last line says.

Ends in an error when two results differ. Let nothing else run meanwhile; the load before each turn is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgsieve import MultiThreadedDeduplicator
from imgsieve.demo import write_demo

_WHOLE = "whole run"
_EDITS = 3
_WARMING = 12
"""Pictures that a process deduplicates before it counts."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Seconds by stage, of one worker, of several, and of processes at the same time."""

    one: dict[str, float]
    several: dict[str, float]
    beside: list[dict[str, float]]
    cpu: tuple[dict[str, float], dict[str, float]]
    """Processor time by stage, of one worker and of several."""
    serial: dict[str, float]
    """Processor time of the calling thread by stage, with one worker."""

    def by_threads(self, stage: str) -> float:
        """Return the speed-up of threads."""
        return self.one[stage] / max(self.several[stage], 1e-9)

    def by_machine(self, stage: str) -> float:
        """Return the speed-up of processes that share nothing."""
        return len(self.beside) * self.one[stage] / max(1e-9, *(each[stage] for each in self.beside))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    pictures = options.work / f"pictures-{options.pictures}"
    if options.child:
        _deduplicate(pictures, options.child, options.pictures)
        return
    if not pictures.exists():
        write_demo(pictures, photos=-(-options.pictures // (_EDITS + 1)), edits_per_photo=_EDITS)
    turns = [_turn(number, options) for number in range(options.turns)]
    _print(turns, options)


def _turn(number: int, options: argparse.Namespace) -> Turn:
    """Measure each way once; every other turn in the opposite order."""
    print(f"turn {number + 1}: load {os.getloadavg()[0]:.2f}", file=sys.stderr, flush=True)
    ways = {"one": [1], "several": [options.workers], "beside": [1] * options.workers}
    found = {way: _run(workers, options) for way, workers in list(ways.items())[:: -1 if number % 2 else 1]}
    results = {process["result"] for processes in found.values() for process in processes}
    if len(results) != 1:
        raise SystemExit("results differ")
    alone, together = found["one"][0], found["several"][0]
    return Turn(
        one=alone["seconds"],
        several=together["seconds"],
        beside=[each["seconds"] for each in found["beside"]],
        cpu=(alone["cpu"], together["cpu"]),
        serial=alone["serial"],
    )


def _run(workers: list[int], options: argparse.Namespace) -> list[dict[str, Any]]:
    """Deduplicate in a process for each number of workers, all at the same time, and return what they measured."""
    shared = [sys.executable, __file__, str(options.work), "--pictures", str(options.pictures)]
    processes = [
        subprocess.Popen([*shared, "--child", str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for count in workers
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate()[0]) for process in processes]


def _deduplicate(pictures: Path, workers: int, count: int) -> None:
    """Get ready, wait for the sign, deduplicate, and print what it took."""
    paths = sorted(path for path in (pictures / "images").rglob("*") if path.is_file())[:count]
    MultiThreadedDeduplicator(max_workers=workers).deduplicate_multithreaded(paths[:_WARMING])
    print("ready", flush=True)
    sys.stdin.readline()
    marks, deduplicator = _Marks(), MultiThreadedDeduplicator(max_workers=workers)
    logging.getLogger("imgsieve").addHandler(marks)
    logging.getLogger("imgsieve").setLevel(logging.INFO)
    began, cpu, own = time.perf_counter(), time.process_time(), time.thread_time()
    with tempfile.TemporaryDirectory() as out:
        groups, scores = deduplicator.deduplicate_multithreaded(paths, out)
        whole, whole_cpu = time.perf_counter() - began, time.process_time() - cpu
        serial = time.thread_time() - own
        summary = json.loads((Path(out) / "summary.json").read_text())
    names = [stage["name"] for stage in summary["stages"]]
    result = json.dumps([groups, sorted(map(repr, scores.items()))])
    told = {
        "seconds": {stage["name"]: stage["seconds"] for stage in summary["stages"]} | {_WHOLE: whole},
        "cpu": {stage["name"]: stage["cpu_seconds"] for stage in summary["stages"]} | {_WHOLE: whole_cpu},
        "serial": dict(zip(names, marks.taken, strict=True)) | {_WHOLE: serial},
        "result": hashlib.sha256(result.encode()).hexdigest(),
    }
    print(json.dumps(told))


class _Marks(logging.Handler):
    """Hears of the end of each stage, on the calling thread, and notes the processor time that it took since."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.taken: list[float] = []
        self._before = time.thread_time()

    def emit(self, record: logging.LogRecord) -> None:
        """Note the end of a stage; warnings are nothing of that kind."""
        if record.levelno == logging.INFO:
            now = time.thread_time()
            self.taken.append(now - self._before)
            self._before = now


def _print(turns: list[Turn], options: argparse.Namespace) -> None:
    """Print the table."""
    several = f"{options.workers} workers"
    print(f"{options.pictures:,} pictures, {len(turns)} turns, {os.cpu_count()} processors\n")
    print(f"| stage | seconds, 1 worker | {several} | speed-up | from, to | of the machine | processor time | serial |")
    print("|---|---|---|---|---|---|---|---|")
    for stage in turns[0].one:
        ratios = [turn.by_threads(stage) for turn in turns]
        cells = (
            f"{statistics.median(turn.one[stage] for turn in turns):.2f}",
            f"{statistics.median(turn.several[stage] for turn in turns):.2f}",
            f"{statistics.median(ratios):.2f}",
            f"{min(ratios):.2f}, {max(ratios):.2f}",
            f"{statistics.median(turn.by_machine(stage) for turn in turns):.2f}",
            f"{statistics.median(turn.cpu[1][stage] / max(turn.cpu[0][stage], 1e-9) for turn in turns):.2f}",
            f"{statistics.median(turn.serial[stage] for turn in turns):.2f}",
        )
        print(f"| {stage} | {' | '.join(cells)} |")
    serial = statistics.median(turn.serial[_WHOLE] / turn.cpu[0][_WHOLE] for turn in turns)
    most = 1 / (serial + (1 - serial) / options.workers)
    print(
        f"\nserial: {serial:.1%} of the processor time of one worker; were all waited for it, {several} gave {most:.2f}"
    )


if __name__ == "__main__":
    main()
