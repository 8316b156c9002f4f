"""Figures of a run: memory and threads, as measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from imgsieve.runs.ledger import FeatureLedger

__all__ = ["MemoryStats", "ThreadingStats", "memory_stats", "threading_stats"]

_MB = 1e6


class MemoryStats(TypedDict):
    """Memory of the latest run."""

    peak_memory_mb: float
    """The most resident memory of the process, in 10^6 bytes, sampled every 50 ms; what the system itself counted
    fills the gaps between."""
    stages_memory: dict[str, float]
    """The same by stage."""
    features_loaded: int
    """Features that were brought into memory: one for each image of a table or array that was read, each time it was,
    and for each picture that stage 4 prepared."""
    features_freed: int
    """Those of them that are gone, counted when the interpreter destroys what held them."""
    features_peak_mb: float
    """The most that features took at one time, in 10^6 bytes: tables, arrays of codes, and prepared pictures."""


class ThreadingStats(TypedDict):
    """Threads of the latest run."""

    total_threads_used: int
    """Threads that carried out a task."""
    parallel_speedup: float
    """Times as long as the run that one thread would have taken. That is what passed while the calling thread did not
    wait for the others, and the processor time of all tasks, times the wall time that a second of it took in tasks that
    were carried out alone: the second of all, and about one in 64 since."""
    avg_thread_utilization: float
    """Processor time of the tasks over the wall time of the threads while there were tasks, from 0 to 1."""
    stage_timings: dict[str, float]
    """Wall time of each stage, in seconds."""
    thread_efficiency: float
    """Speed-up over number of threads."""


def memory_stats(summary: Mapping[str, Any] | None, ledger: FeatureLedger | None) -> MemoryStats:
    """Return the figures of memory of a run; zeros where there was none."""
    measured = {} if summary is None else summary["memory"]
    stages = [] if summary is None else summary["stages"]
    return {
        "peak_memory_mb": round(measured.get("measured_peak_bytes", 0) / _MB, 3),
        "stages_memory": {stage["name"]: round(stage["peak_rss_bytes"] / _MB, 3) for stage in stages},
        "features_loaded": 0 if ledger is None else ledger.loaded,
        "features_freed": 0 if ledger is None else ledger.freed,
        "features_peak_mb": 0.0 if ledger is None else round(ledger.peak_bytes / _MB, 3),
    }


def threading_stats(summary: Mapping[str, Any] | None) -> ThreadingStats:
    """Return the figures of threads of a run; zeros where there was none."""
    threads = {} if summary is None else summary["threads"]
    stages = [] if summary is None else summary["stages"]
    used, speedup = threads.get("threads_used", 0), threads.get("speedup", 0.0)
    return {
        "total_threads_used": used,
        "parallel_speedup": speedup,
        "avg_thread_utilization": threads.get("utilization", 0.0),
        "stage_timings": {stage["name"]: stage["seconds"] for stage in stages},
        "thread_efficiency": round(speedup / used, 4) if used else 0.0,
    }
