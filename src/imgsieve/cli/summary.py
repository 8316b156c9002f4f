"""The summary of a run, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from imgsieve.cli.texts import plural, visible
from imgsieve.report.texts import bytes_text, seconds_text

__all__ = ["summary_text"]

_MOST_FOLDERS = 10
_WIDTH = 18
"""Columns of the labels."""


def summary_text(folder: str, summary: Mapping[str, Any], report: str | None) -> str:
    """Return the summary as lines.

    Parameters
    ----------
    folder
        The run folder, a path or URL.
    summary
        What ``summary.json`` holds.
    report
        First page of the report; None when none was written.
    """
    lines = [*_found(summary), *_left_out(summary), "", *_stages(summary), "", *_resources(summary)]
    lines += [_line("Results", visible(f"{folder}/groups.csv"))]
    if report is not None:
        lines.append(_line("Report", visible(report)))
    lines += ["", "Nothing was deleted or changed; what to remove is yours to decide."]
    return "\n".join(lines) + "\n"


def _line(label: str, value: str) -> str:
    """Return one labelled line."""
    return f"{label:<{_WIDTH}}{value}"


def _found(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the run found."""
    again = summary.get("reused_features", 0)
    reused = f", {again:,} of them known from an earlier run" if again else ""
    yield _line("Images", f"{summary['images']:,} ({bytes_text(summary['bytes'])}){reused}")
    yield _line("Kept", f"{summary['kept']:,}")
    yield _line("Exact duplicates", f"{summary['exact_duplicates']:,}")
    yield _line("Near duplicates", f"{summary['near_duplicates']:,}")
    yield _line("Groups", f"{summary['groups']:,}")
    yield _line("Could be freed", bytes_text(summary["bytes_to_free"]))


def _left_out(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield what could not be used, with reasons and where to look."""
    if summary["failed"]:
        kinds = ", ".join(f"{visible(kind)} {count:,}" for kind, count in summary["failed_by_kind"].items())
        yield _line("Failed", f"{summary['failed']:,} ({kinds}); kept, and listed with reasons in groups.csv")
    if summary["links_not_followed"]:
        count = plural(summary["links_not_followed"], "link or special file", "links and special files")
        yield _line("Not followed", count)
    if summary.get("pairs_not_compared"):
        pairs = plural(summary["pairs_not_compared"], "pair")
        yield _line("Not compared", f"{pairs}, as a picture could not be read again; both kept")
    unread = summary["folders_not_read"]
    if unread:
        yield _line("Not read", f"{plural(len(unread), 'folder')}; what is in there took no part:")
        yield from (f"  {visible(text)}" for text in unread[:_MOST_FOLDERS])
        if len(unread) > _MOST_FOLDERS:
            yield f"  and {len(unread) - _MOST_FOLDERS:,} more, listed in summary.json"


def _stages(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of the stages."""
    stages = summary["stages"]
    width = max([len(stage["title"]) for stage in stages] + [5])
    yield f"{'Stage':<{width}}  {'time':>12}  {'processor':>12}  {'items':>12}  {'peak memory':>12}"
    for stage in stages:
        times = f"{seconds_text(stage['seconds']):>12}  {seconds_text(stage['cpu_seconds']):>12}"
        figures = f"{stage['items']:>12,}  {bytes_text(stage['peak_rss_bytes']):>12}"
        yield f"{visible(stage['title']):<{width}}  {times}  {figures}"


def _resources(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield time, memory and reads of the whole run."""
    memory, fetches = summary["memory"], summary.get("fetches", {})
    yield _line("Time", seconds_text(summary["seconds"]))
    yield _line(
        "Peak memory",
        f"{bytes_text(memory['measured_peak_bytes'])} measured, {bytes_text(memory['projected_peak_bytes'])} "
        f"projected, {bytes_text(memory['budget_bytes'])} allowed",
    )
    if summary.get("executor") == "ray":
        threads = summary["threads"]
        largest = bytes_text(threads["largest_worker_bytes"])
        yield _line("Cluster", f"{plural(threads['threads_used'], 'process', 'processes')}, the largest {largest}")
    yield from _network(summary.get("network"))
    if fetches:
        yield _line("Read", f"{plural(fetches['gets'], 'fetch', 'fetches')}, {bytes_text(fetches['bytes'])}")


def _network(network: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what was asked of stores beyond this machine."""
    if not network:
        return
    total, estimate = network["total"], network["estimate"]
    kinds = [(total["gets"], "GET"), (total["lists"], "LIST"), (total["puts"], "PUT"), (total["heads"], "HEAD")]
    requests = ", ".join(f"{count:,} {kind}" for count, kind in kinds if count)
    yield _line("Requests", f"{requests}; {bytes_text(total['bytes_read'])} read")
    if total["retries"]:
        wait = f", {seconds_text(total['throttled_seconds'])} throttled" if total["throttled_seconds"] else ""
        yield _line("Repeated", f"{plural(total['retries'], 'request')}{wait}")
    cost = estimate["total"]
    yield _line(
        "Estimated bill", f"{cost:.2f} {estimate['currency']}" if cost >= 0.01 else f"below 0.01 {estimate['currency']}"
    )
