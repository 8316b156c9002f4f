"""What the grouping of made-up images takes, measured in a process of its own."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.executors import ThreadExecutor
from imgsieve.memory import return_freed_memory
from imgsieve.memory.stages import search_bytes
from imgsieve.report import write_report
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.grouping import group
from imgsieve.runs.libraries import hold_libraries
from imgsieve.runs.progress import Event, Monitor
from imgsieve.runs.results import Counts
from imgsieve.runs.summary import pair_counts
from imgsieve.runs.warming import warm_up
from scaling.oracle import Oracle
from scaling.process import forget_peak, peak_bytes, recent_peak_bytes


def clear_results(root: Path) -> None:
    """Remove what an earlier grouping left beside the features."""
    for name in ("pairs", "report", "scratch"):
        shutil.rmtree(root / name, ignore_errors=True)
    for path in root.glob("groups.*"):
        path.unlink()


def measure_grouping(features: FeatureColumns, few: FeatureColumns, workers: int, memory_bytes: int) -> dict[str, Any]:
    """Group and report, and return what it took: seconds and peaks by stage, bytes, counts.

    Parameters
    ----------
    few
        Features of a few images, which are grouped first: what that takes is taken by the interpreter and by
        libraries, for a few images have next to nothing to hold.
    """
    hold_libraries(workers)
    config = RunConfig(execution=ExecutionConfig(workers=workers, memory_bytes=memory_bytes))
    warm_up()
    for _ in range(2):
        # What only loading needed goes; what is needed again comes back, and counts as the process's own.
        return_freed_memory()
        warming = Monitor(lambda _: None)
        with warming.sampling():
            _group(few, config, warming)
        clear_results(few.folder.root)
    base, warm_peak = warming.peak_rss_bytes, peak_bytes()
    forget_peak()
    folder, monitor = features.folder, Monitor(_tell)
    with monitor.sampling():
        counts, oracle = _group(features, config, monitor)
    return {
        "images": features.count,
        "base": base,
        "warm_peak": warm_peak,
        "peak": recent_peak_bytes(),
        "forecast": search_bytes(features.count, workers),
        "sampled_peak": monitor.peak_rss_bytes,
        "stages": [stage.as_dict() for stage in monitor.stages],
        "pairs": pair_counts(folder),
        "judged": oracle.pairs,
        "counts": asdict(counts),
    }


def _group(features: FeatureColumns, config: RunConfig, monitor: Monitor) -> tuple[Counts, Oracle]:
    """Do all stages and the report."""
    folder, oracle = features.folder, Oracle(features.folder.root / "clusters.int32")
    executor = ThreadExecutor(config.execution.workers)
    counts, _ = group(folder, features, config, executor, monitor.stage, oracle)
    folder.write_json("summary.json", _summary(config, counts, monitor))
    with monitor.stage("report", "Report", None):
        write_report(folder.root)
    return counts, oracle


def _tell(event: Event) -> None:
    """Say which stage has ended, for whoever waits."""
    if event.finished:
        print(f"  {event.title}: {event.done:,}", file=sys.stderr, flush=True)


def _summary(config: RunConfig, counts: Any, monitor: Monitor) -> dict[str, Any]:
    """Return what the report reads."""
    return {
        "version": "made up",
        "sources": ["az://made-up/pictures"],
        **asdict(counts),
        "stages": [stage.as_dict() for stage in monitor.stages],
        "memory": {"measured_peak_bytes": monitor.peak_rss_bytes},
        "config": config.as_dict(),
    }


def say(value: dict[str, Any]) -> None:
    """Hand a result to the process that waits for it."""
    print(json.dumps(value))
