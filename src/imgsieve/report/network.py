"""What a run asked of stores beyond its machine, for the first page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imgsieve.report.texts import bytes_text, count_text, seconds_text

__all__ = ["network_rows"]

_NAMES = {
    "gets": "GET",
    "heads": "HEAD",
    "lists": "LIST",
    "puts": "PUT",
    "copies": "Copy",
    "deletes": "DELETE",
    "retries": "Repeated",
}


def network_rows(network: Mapping[str, Any] | None, titles: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the table of requests by stage, and the estimate of the bill.

    Parameters
    ----------
    network
        ``network`` of ``summary.json``; None for a run that asked nothing of any store.
    titles
        Titles of the stages.
    """
    if not network or not network.get("total"):
        return None
    by_stage = network["by_stage"]
    # In the order of the run, then what is not a stage.
    names = [name for name in titles if name in by_stage] + [name for name in by_stage if name not in titles]
    stages = [(titles.get(name, name.capitalize()), by_stage[name]) for name in names]
    used = [name for name in _NAMES if network["total"].get(name)]
    estimate = network.get("estimate") or {}
    return {
        "columns": [_NAMES[name] for name in used],
        "rows": [
            {
                "title": title,
                "counts": [count_text(counts.get(name)) for name in used],
                "read": bytes_text(counts.get("bytes_read")),
                "written": bytes_text(counts.get("bytes_written")),
                "throttled": seconds_text(counts.get("throttled_seconds")),
            }
            for title, counts in [*stages, ("In all", network["total"])]
        ],
        "cost": f"{estimate['total']:,.4f} {estimate.get('currency', '')}" if "total" in estimate else None,
    }
