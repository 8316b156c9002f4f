"""Which figures of a finished run are told to others, and under which names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

__all__ = ["SUMMARY_FAMILIES", "Family", "Sample"]

Sample: TypeAlias = tuple[tuple[str, ...], float]
"""Values of the labels, and what was measured."""

_Summary: TypeAlias = Mapping[str, Any]
_REQUESTS = ("gets", "heads", "lists", "puts", "copies", "deletes")


@dataclass(frozen=True, slots=True)
class Family:
    """One figure, or the same figure of several things that labels tell apart."""

    name: str
    """With its unit at the end, as is the custom; without the prefix of the program."""
    help: str
    labels: tuple[str, ...]
    read: Callable[[_Summary], Iterator[Sample]]
    """Finds the samples in a summary of a run; see ``summary.json``."""


def _one(*path: str) -> Callable[[_Summary], Iterator[Sample]]:
    """Return what reads one number, by the names that lead to it."""

    def read(summary: _Summary) -> Iterator[Sample]:
        value: Any = summary
        for name in path:
            value = value[name]
        yield (), value

    return read


def _moment(name: str) -> Callable[[_Summary], Iterator[Sample]]:
    """Return what reads a moment, in seconds since 1970."""

    def read(summary: _Summary) -> Iterator[Sample]:
        yield (), datetime.fromisoformat(summary[name]).timestamp()

    return read


def _stages(figure: str) -> Callable[[_Summary], Iterator[Sample]]:
    """Return what reads a figure of each stage."""

    def read(summary: _Summary) -> Iterator[Sample]:
        for stage in summary["stages"]:
            yield (stage["name"],), stage[figure]

    return read


def _fetches(figure: str) -> Callable[[_Summary], Iterator[Sample]]:
    """Return what reads how often, or how much, was read of pictures."""

    def read(summary: _Summary) -> Iterator[Sample]:
        for stage, counts in summary["fetches"]["by_stage"].items():
            yield (stage,), counts[figure]

    return read


def _network(*figures: str, labeled: bool) -> Callable[[_Summary], Iterator[Sample]]:
    """Return what reads counts of requests to stores; there are none of a run that asked none."""

    def read(summary: _Summary) -> Iterator[Sample]:
        for stage, counts in (summary["network"] or {"by_stage": {}})["by_stage"].items():
            for figure in figures:
                yield (stage, figure) if labeled else (stage,), counts[figure]

    return read


def _images(summary: _Summary) -> Iterator[Sample]:
    """Yield how many images came to each end."""
    yield ("kept",), summary["kept"]
    yield ("exact duplicate",), summary["exact_duplicates"]
    yield ("near duplicate",), summary["near_duplicates"]
    yield ("failed",), summary["failed"]


def _failures(summary: _Summary) -> Iterator[Sample]:
    """Yield how many images failed, by kind."""
    for kind, count in summary["failed_by_kind"].items():
        yield (kind,), count


def _pairs(summary: _Summary) -> Iterator[Sample]:
    """Yield what stages said of pairs."""
    for stage, counts in summary["pairs"].items():
        for verdict in ("accepted", "rejected", "undecided"):
            yield (stage, verdict), counts[verdict]


SUMMARY_FAMILIES = (
    Family("run_started_timestamp_seconds", "When the run began.", (), _moment("started")),
    Family("run_finished_timestamp_seconds", "When the run came to its end.", (), _moment("finished")),
    Family("run_seconds", "How long the run took.", (), _one("seconds")),
    Family("stage_cpu_seconds", "Processor time of each stage.", ("stage",), _stages("cpu_seconds")),
    Family("stage_peak_memory_bytes", "Most resident memory in each stage.", ("stage",), _stages("peak_rss_bytes")),
    Family("images", "Images by what became of them.", ("status",), _images),
    Family("image_failures", "Images that failed, by the kind of failure.", ("kind",), _failures),
    Family("image_bytes", "Size of all images together.", (), _one("bytes")),
    Family("duplicate_bytes", "Size of all duplicates together.", (), _one("bytes_to_free")),
    Family("groups", "Groups with duplicates.", (), _one("groups")),
    Family("reused_images", "Images whose features an earlier run had found.", (), _one("reused_features")),
    Family("pairs", "Pairs by the stage that judged them, and its verdict.", ("stage", "verdict"), _pairs),
    Family("pairs_not_compared", "Pairs that could not be compared.", (), _one("pairs_not_compared")),
    Family("fetches", "How often pictures were read, from stores or disks.", ("stage",), _fetches("gets")),
    Family("fetched_bytes", "How much of pictures was read.", ("stage",), _fetches("bytes")),
    Family("requests", "Requests to stores.", ("stage", "kind"), _network(*_REQUESTS, labeled=True)),
    Family("request_retries", "Requests that were repeated.", ("stage",), _network("retries", labeled=False)),
    Family("network_read_bytes", "Bytes from stores.", ("stage",), _network("bytes_read", labeled=False)),
    Family("network_written_bytes", "Bytes to stores.", ("stage",), _network("bytes_written", labeled=False)),
    Family("memory_budget_bytes", "Memory that the run might take.", (), _one("memory", "budget_bytes")),
    Family("memory_projected_bytes", "Memory it was to take.", (), _one("memory", "projected_peak_bytes")),
    Family("memory_peak_bytes", "Memory it took at most.", (), _one("memory", "measured_peak_bytes")),
    Family("threads", "Threads that carried out a task.", (), _one("threads", "threads_used")),
    Family("thread_utilization_ratio", "Share of their time that threads worked.", (), _one("threads", "utilization")),
    Family("parallel_speedup_ratio", "How many times as long one thread would take.", (), _one("threads", "speedup")),
)
"""All figures of a run that came to its end; those of one that works are in `imgsieve.metrics.collector`."""
