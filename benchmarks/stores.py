"""Measure runs over Azure Blob Storage, with Azurite as the store.

Usage::

    python benchmarks/stores.py FOLDER [--rounds 3] [--delay-ms 40] [--failing 0.1] [--work build/stores]

Uploads the pictures of FOLDER to an Azurite of its own (``make azurite`` installs it) and runs over them, round by
round: from the folder, from the store, through a proxy that does nothing, and through the same proxy with a delay added
to each answer; between them all blobs are read with the same client and nothing is done with them. Then once with a
share of the answers going wrong in every way that the proxy knows, and with caches of three sizes, the requests counted
in Azurite's own log. Prints tables in Markdown; ratios are medians over the rounds. The store, the proxy and the
run share the processors of this machine, which is hard on all but the runs from the folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accuracy import table
from imgsieve.config import NetworkConfig
from imgsieve.storage import Traffic, open_store, parse_address

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from stores.azurite import Azurite, connection_string
from stores.fault_proxy import FaultProxy
from stores.faults import Act, Rule

CONTAINER = "pictures"
PLACE = f"az://{CONTAINER}/all"
_READ_THREADS = 16


def upload(azurite: Azurite, folder: Path) -> int:
    """Upload a folder and return how many files it has."""
    with azurite.container(CONTAINER) as client:
        client.create_container()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    store = open_store(parse_address(PLACE), Traffic(NetworkConfig()))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: store.write(f"all/{path.relative_to(folder).as_posix()}", path), files))
    return len(files)


def read_alone() -> float:
    """Read all blobs and do nothing with them; return blobs a second."""
    store = open_store(parse_address(PLACE), Traffic(NetworkConfig()))
    listed = list(store.list("all/"))
    begin = time.perf_counter()
    with ThreadPoolExecutor(_READ_THREADS) as pool:
        list(pool.map(lambda found: len(store.read(found.name, etag=found.etag, size=found.size)), listed))
    return len(listed) / (time.perf_counter() - begin)


def run(place: str, out: Path, *options: str, endpoint: str | None = None) -> dict[str, Any]:
    """Run in a process of its own and return its summary."""
    shutil.rmtree(out, ignore_errors=True)
    environment = dict(os.environ)
    if endpoint:
        environment["AZURE_STORAGE_CONNECTION_STRING"] = connection_string(endpoint)
    command = [sys.executable, "-m", "imgsieve", "run", place, "--out", str(out), "-q", "--json", "--no-report"]
    done = subprocess.run([*command, *options], env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def rates(summary: Mapping[str, Any]) -> tuple[float, float]:
    """Return images a second of the extraction pass, and of all stages without the preparation."""
    seconds = {stage["name"]: stage["seconds"] for stage in summary["stages"]}
    return summary["images"] / seconds["extract"], summary["images"] / (sum(seconds.values()) - seconds["prepare"])


@contextmanager
def proxy_process(target: str, *rules: Rule) -> Iterator[str]:
    """Run the proxy in a process of its own, as a network is; yield its endpoint."""
    told = json.dumps([{**vars(rule), "act": rule.act.value} for rule in rules])
    command = [sys.executable, __file__, "--proxy", target, told]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def serve_proxy(target: str, told: str) -> None:
    """Be such a process."""
    proxy = FaultProxy(target)
    proxy.misbehave(
        *(Rule(**{**rule, "act": Act(rule["act"]), "methods": tuple(rule["methods"])}) for rule in json.loads(told))
    )
    print(proxy.endpoint, flush=True)
    sys.stdin.read()


def throughput(folder: Path, azurite: Azurite, work: Path, rounds: int, delay: float) -> None:
    """Print how fast runs are from where."""
    found: dict[str, list[tuple[float, float]]] = {}

    def note(name: str, value: tuple[float, float]) -> None:
        found.setdefault(name, []).append(value)

    with (
        proxy_process(azurite.endpoint) as plain,
        proxy_process(azurite.endpoint, Rule(act=Act.DELAY, seconds=delay)) as delayed,
    ):
        run(str(folder), work / "warm")
        for _ in range(rounds):
            alone = read_alone()
            note("reading the blobs alone", (alone, alone))
            note("folder", rates(run(str(folder), work / "folder")))
            note("Azurite", rates(run(PLACE, work / "azurite")))
            note("Azurite, cache of 0", rates(run(PLACE, work / "azurite", "--cache", "0")))
            note("proxy", rates(run(PLACE, work / "proxy", endpoint=plain)))
            note(f"proxy, {1000 * delay:.0f} ms later", rates(run(PLACE, work / "delayed", endpoint=delayed)))
    lines = []
    for name, values in found.items():
        against = "proxy" if name.startswith("proxy") else "folder"
        ratios = [
            statistics.median(mine[part] / other[part] for mine, other in zip(values, found[against], strict=True))
            for part in (0, 1)
        ]
        medians = [statistics.median(value[part] for value in values) for part in (0, 1)]
        lines.append((name, *(f"{m:,.0f}" for m in medians), against, *(f"{ratio:.2f}" for ratio in ratios)))
    print("Images a second\n")
    print(table(("from", "extraction", "whole run", "against", "ratio, extraction", "ratio, whole run"), lines))


def faults(azurite: Azurite, work: Path, share: float) -> None:
    """Print whether a run survives answers that go wrong."""
    each = share / 5
    rules = (
        Rule(act=Act.THROTTLE, share=each, retry_after="1"),
        Rule(act=Act.CUT, share=each),
        Rule(act=Act.RESET, share=each),
        Rule(act=Act.LONGER, share=each),
        Rule(act=Act.SHORTER, share=each),
    )
    run(PLACE, work / "sound", "--cache", "0")
    with proxy_process(azurite.endpoint, *rules) as endpoint:
        summary = run(PLACE, work / "faulty", "--cache", "0", endpoint=endpoint)
    same = (work / "sound/groups.parquet").read_bytes() == (work / "faulty/groups.parquet").read_bytes()
    total = summary["network"]["total"]
    print(
        f"\n{share:.0%} of the answers going wrong: {total['gets']:,} GETs, {total['retries']:,} repeated, "
        f"{total['throttled_seconds']:.0f} s throttled, {summary['failed']} images failed, groups.parquet "
        f"{'the same' if same else 'DIFFERS'}"
    )


def requests(azurite: Azurite, work: Path, size: int) -> None:
    """Print how often images are read, by Azurite's own log."""
    lines = []
    for cache in (10 * size, size, 0):
        since = azurite.position
        summary = run(PLACE, work / "counted", "--cache", str(cache))
        seen = Counter(
            row.path.partition("?")[0]
            for row in azurite.accesses(since)
            if row.method == "GET" and "comp=list" not in row.path
        )
        by_stage = {stage: counts["gets"] for stage, counts in summary["network"]["by_stage"].items()}
        images, again = summary["images"], by_stage.get("local", 0)
        lines.append(
            (
                f"{cache / size:.0f} times the pictures" if cache else "0",
                sum(seen.values()),
                by_stage["extract"],
                again,
                f"{again / images:.3f}",
                max(seen.values()),
            )
        )
    print("\nGETs of images in Azurite's log\n")
    print(table(("cache", "in the log", "stages 1, 2, 3, 5", "stage 4", "share of images", "most of one image"), lines))


def main() -> None:
    if sys.argv[1:2] == ["--proxy"]:
        serve_proxy(*sys.argv[2:4])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay-ms", type=float, default=40.0)
    parser.add_argument("--failing", type=float, default=0.1)
    parser.add_argument("--work", type=Path, default=Path("build/stores"))
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    options.work.mkdir(parents=True)
    azurite = Azurite(options.work)
    os.environ |= azurite.environment()
    try:
        count = upload(azurite, options.folder)
        size = sum(path.stat().st_size for path in options.folder.rglob("*") if path.is_file())
        print(f"{count:,} files, {size / 1e6:,.0f} MB\n")
        throughput(options.folder, azurite, options.work, options.rounds, options.delay_ms / 1000)
        faults(azurite, options.work, options.failing)
        requests(azurite, options.work, size)
    finally:
        azurite.stop()


if __name__ == "__main__":
    main()
