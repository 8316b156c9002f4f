"""What the first page shows: figures, charts and the account of each stage."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup

from imgsieve.report import charts
from imgsieve.report.group_pages import GroupPages
from imgsieve.report.inventory import Inventory
from imgsieve.report.network import network_rows
from imgsieve.report.sequence import Sequence
from imgsieve.report.summary import flatten, stage_titles
from imgsieve.report.texts import DASH, bytes_text, count_text, share_text

__all__ = ["overview"]

SIZE_EDGES = (2, 3, 4, 5, 6, 11, 51, 501)
"""Smallest size of group in each column of the histogram; the last is open."""

LARGEST = 10
"""Groups that the first page names."""

CURVE_POINTS = 100

VERDICTS = ("accepted", "undecided", "rejected")


def overview(inventory: Inventory, groups: GroupPages, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the first page.

    All counts come from the table, so that they agree with the pages; the summary tells of times and memory.
    """
    titles = stage_titles(summary)
    return {
        "counts": inventory.counts,
        "bytes_to_free": inventory.counts["exact_bytes"] + inventory.counts["near_bytes"],
        "groups": len(groups.sequence.numbers),
        "histogram": _histogram(groups.sequence),
        "curve": _curve(groups.sequence),
        "relations": _relations(inventory),
        "largest": _largest(groups),
        "stages": _stages(summary),
        "memory": _memory(summary),
        "pairs": [_pairs(titles.get(name, name.capitalize()), counts) for name, counts in summary["pairs"].items()],
        "fetches": _fetches(summary["fetches"], titles),
        "network": network_rows(summary["network"], titles),
        "options": flatten(summary["config"]),
        "summary": summary,
    }


def _histogram(sequence: Sequence) -> Markup:
    edges = np.array([*SIZE_EDGES, np.iinfo(np.int64).max])
    counts, _ = np.histogram(np.maximum(sequence.sizes, 2), edges)
    labels = [str(low) if high == low + 1 else f"{low}{DASH}{high - 1}" for low, high in pairwise(SIZE_EDGES)]
    labels.append(f"{SIZE_EDGES[-1]:,}+")
    used = int(np.flatnonzero(counts).max(initial=4)) + 1
    return charts.columns(
        labels[:used],
        counts[:used].tolist(),
        title="Number of groups by the number of their pictures",
        axis="pictures in a group",
    )


def _curve(sequence: Sequence) -> tuple[Markup, str]:
    """Return the share of the space that the largest groups hold, and one sentence from it."""
    total = np.concatenate([[0], np.cumsum(sequence.freed)])
    if total[-1] == 0:
        return Markup(""), ""
    places = np.unique(np.linspace(0, len(total) - 1, CURVE_POINTS + 1).astype(np.int64))
    points = [(int(place) / (len(total) - 1), int(total[place]) / int(total[-1])) for place in places]
    half = int(np.searchsorted(total, total[-1] / 2))
    sentence = f"Half of the space is in {half:,} of {len(total) - 1:,} groups."
    axis = "groups, those that free most first"
    return charts.curve(points, title=f"Share of the space by share of groups. {sentence}", axis=axis), sentence


def _relations(inventory: Inventory) -> list[dict[str, Any]]:
    counts = inventory.counts
    whole = max(counts["exact_bytes"], counts["near_bytes"])
    return [
        {
            "title": title,
            "count": counts[name],
            "bytes": bytes_text(counts[f"{name}_bytes"]),
            "bar": charts.bar(counts[f"{name}_bytes"], whole=whole, tone=name),
        }
        for name, title in (("exact", "Exact duplicates"), ("near", "Near-duplicates"))
    ]


def _largest(groups: GroupPages) -> list[dict[str, Any]]:
    sequence = groups.sequence
    return [
        {
            "title": f"Group {sequence.numbers[rank]}",
            "href": groups.href(rank),
            "count": int(sequence.sizes[rank]),
            "bytes": bytes_text(int(sequence.freed[rank])),
            "bar": charts.bar(int(sequence.freed[rank]), whole=int(sequence.freed[0])),
        }
        for rank in range(min(LARGEST, len(sequence.numbers)))
    ]


def _stages(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    titles, stages = stage_titles(summary), summary["stages"]
    longest = max((stage.get("seconds") or 0 for stage in stages), default=0)
    return [
        {
            "title": titles[stage["name"]],
            "items": stage.get("items"),
            "seconds": stage.get("seconds"),
            "cpu_seconds": stage.get("cpu_seconds"),
            "bar": charts.bar(stage.get("seconds") or 0, whole=longest),
        }
        for stage in stages
    ]


def _memory(summary: Mapping[str, Any]) -> dict[str, Any]:
    memory, titles = summary["memory"], stage_titles(summary)
    budget, projected = memory.get("budget_bytes"), memory.get("projected_peak_bytes")
    marks = {name: value for name, value in (("budget", budget), ("projected", projected)) if value}
    peaks = [(titles[stage["name"]], stage.get("peak_rss_bytes")) for stage in summary["stages"]]
    whole = 1.04 * max([*marks.values(), *(peak or 0 for _, peak in peaks)], default=0)
    return {
        "budget": budget,
        "projected": projected,
        "measured": memory.get("measured_peak_bytes"),
        "rows": [
            {"title": title, "bytes": peak, "bar": charts.bar(peak, whole=whole, marks=marks)}
            for title, peak in peaks
            if peak
        ],
    }


def _pairs(title: str, counts: Mapping[str, int]) -> dict[str, Any]:
    verdicts = {name: counts.get(name) or 0 for name in VERDICTS}
    whole = counts.get("proposed") or sum(verdicts.values())
    shares = {name: share_text(value, whole) for name, value in verdicts.items()}
    return {"title": title, "proposed": whole, **verdicts, "shares": shares, "bar": charts.stack(verdicts)}


def _fetches(fetches: Mapping[str, Any], titles: Mapping[str, str]) -> list[dict[str, str]]:
    if "gets" not in fetches:
        return []
    stages = [(titles.get(name, name.capitalize()), counts) for name, counts in (fetches.get("by_stage") or {}).items()]
    return [
        {"title": title, "gets": count_text(counts.get("gets")), "bytes": bytes_text(counts.get("bytes"))}
        for title, counts in [*stages, ("In all", fetches)]
    ]
