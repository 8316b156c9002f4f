"""Runs on simulated Ray nodes of one machine: the same bytes for any nodes and shards, whatever dies meanwhile.

Usage::

    python benchmarks/ray_faults.py [--pictures 400] [--nodes 1 3] [--shards 64 1000] [--work build/ray-faults]

First a run on threads; then one for each number of nodes and size of shards; then, on the most nodes, one in which a
node is killed in the middle of each stage that has tasks, and one for each such stage in which the driver is killed
and the same command given again. Prints a table in Markdown and ends with an error if any result differs by a byte.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from accuracy import table
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.runs import Event, run

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "integration"))

from run_checks import write_pictures

MEMORY = 600 * 10**6
NODE = {"num_cpus": 1, "memory": 2 * MEMORY, "object_store_memory": 80 * 1024**2}
STAGES = ("extract", "wavelet", "color", "global", "local")

Row = tuple[str, str, str, str, str]


class Bench:
    """Runs over one folder of pictures."""

    def __init__(self, work: Path, pictures: int) -> None:
        self.work = work
        self.images = work / "images"
        shutil.rmtree(work, ignore_errors=True)
        write_pictures(self.images, pictures)
        self.expected = self.result(self.go("threads", RunConfig(execution=ExecutionConfig(workers=1))))
        self.rows: list[Row] = []

    def go(self, name: str, config: RunConfig, listener: Callable[[Event], None] | None = None) -> Path:
        """Run into a folder of its own."""
        run([str(self.images)], self.work / name, config, listener=listener)
        return self.work / name

    def result(self, out: Path) -> list[bytes]:
        """Return the result of a run."""
        return [(out / file).read_bytes() for file in ("groups.parquet", "groups.csv")]

    def note(self, nodes: int, shards: int, what: str, began: float, out: Path) -> None:
        """Compare a result and note it."""
        same = "the same" if self.result(out) == self.expected else "DIFFERS"
        self.rows.append((str(nodes), str(shards), what, f"{time.perf_counter() - began:.1f}", same))
        print(self.rows[-1], file=sys.stderr, flush=True)


def on_ray(shards: int) -> RunConfig:
    execution = ExecutionConfig(executor="ray", memory_bytes=MEMORY, shard_rows=shards)
    return replace(RunConfig(), execution=execution)


def killed_driver(bench: Bench, address: str, shards: int, stage: str) -> Path:
    """Kill a run in a process of its own at a stage, and give the same command again."""
    out = bench.work / f"driver-{stage}"
    (bench.work / "options.toml").write_text(f"[execution]\nshard_rows = {shards}\n")
    command = [sys.executable, "-m", "imgsieve", "run", bench.images, "--out", out, "--ray-address", address]
    command += ["--config", bench.work / "options.toml", "--memory", MEMORY, "--no-report", "--log-json"]
    told = list(map(str, command))
    with subprocess.Popen(told, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as driver:
        assert driver.stderr is not None
        for line in driver.stderr:
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("stage") == stage and event.get("kind") == "progress" and event.get("done"):
                driver.send_signal(signal.SIGKILL)
                break
    subprocess.run(told, check=True, capture_output=True)
    return out


def faults(bench: Bench, cluster: Cluster, nodes: int, shards: int) -> None:
    """Kill nodes and drivers, a stage at a time."""
    for stage in STAGES:
        spare, began = [cluster.add_node(**NODE)], time.perf_counter()

        def leave(event: Event, stage: str = stage, spare: list[object] = spare) -> None:
            if event.stage == stage and event.done and spare:
                cluster.remove_node(spare.pop(), allow_graceful=False)

        out = bench.go(f"node-{stage}", on_ray(shards), leave)
        if spare:
            sys.exit(f"the run was through {stage} before a node could be killed")
        bench.note(nodes + 1, shards, f"a node killed in {stage}", began, out)
    for stage in STAGES:
        began = time.perf_counter()
        out = killed_driver(bench, cluster.address, shards, stage)
        bench.note(nodes, shards, f"the driver killed in {stage}", began, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--shards", type=int, nargs="+", default=[64, 1000])
    parser.add_argument("--work", type=Path, default=Path("build/ray-faults"))
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    bench = Bench(options.work.absolute(), options.pictures)
    for nodes in sorted(options.nodes):
        cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
        for _ in range(nodes - 1):
            cluster.add_node(**NODE)
        ray.init(cluster.address, log_to_driver=False, configure_logging=False)
        for shards in options.shards:
            began = time.perf_counter()
            bench.note(nodes, shards, "nothing", began, bench.go(f"nodes-{nodes}-{shards}", on_ray(shards)))
        if nodes == max(options.nodes):
            faults(bench, cluster, nodes, min(options.shards))
        ray.shutdown()
        cluster.shutdown()
    print(table(("nodes", "images a shard", "what died", "seconds", "groups.parquet and groups.csv"), bench.rows))
    if any(row[-1] != "the same" for row in bench.rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
