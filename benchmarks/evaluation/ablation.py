"""What each stage does with copies and with strangers, and what a run finds without one of its parts."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evaluation.finished import STAGES, Measured
from evaluation.markdown import table
from imgsieve.config import RunConfig
from scoring import TruthRow

__all__ = ["by_edit", "by_stage", "changed", "edit_table", "fate", "keeper_table", "without"]

_NEVER = float("inf")

_LEFT_OUT: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "whole codes beyond 17 bits": {"wavelet": {"max_distance_bits": 17}},
    "rejection by color": {"color": {"max_hue_shift": _NEVER, "max_far_difference": _NEVER}},
    "votes of local codes": {"voting": {"tables": 0}},
    "descriptors that let pairs pass": {"refine": {"sure_similarity": 2.0, "sure_margin": 2.0}},
    "rejection by what lies around corners": {
        "refine": {"min_agreement": 0.0, "min_frame_similarity": 0.0, "min_plain_similarity": 0.0}
    },
    "rejection by corners alone": {"refine": {"min_matches": 0, "min_match_share": 0.0}},
}
"""Options that leave a part out, by table; those that the present options lack are passed over."""


def by_stage(measured: Measured) -> str:
    """Return, stage by stage, how many copies and strangers were seen, accepted, rejected and passed on."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for pair, stages in measured.finished.said.items():
        kind = "copies" if measured.is_copy(pair) else "strangers"
        for stage, said in stages.items():
            counts[stage, kind, said["verdict"]] += 1
    lines = []
    for stage in STAGES:
        row: list[object] = [stage]
        for kind in ("copies", "strangers"):
            verdicts = [counts[stage, kind, verdict] for verdict in ("accepted", "rejected", "undecided")]
            row += [sum(verdicts), *verdicts]
        lines.append(row)
    head = ["stage"]
    for kind in ("copies", "strangers"):
        head += [f"{kind} seen", "accepted", "rejected", "passed on"]
    return table(head, lines)


def fate(measured: Measured, row: TruthRow) -> str:
    """Return what became of an edited copy: ``found``, or which stage lost it against its original.

    ``elsewhere`` is a pair that stage 4 never compared, or accepted, and that still is not in one group: the copy was
    taken by another keeper, or its original was not asked.
    """
    if measured.found(row):
        return "found"
    stages = measured.finished.pair(row.file, measured.original[row.source])
    if not stages:
        return "not proposed"
    last = list(stages)[-1]
    if stages[last]["verdict"] == "rejected" or (last == "local" and stages[last]["verdict"] == "undecided"):
        glance = last == "local" and "at a glance" in stages[last]["why"]
        return "glance" if glance else last
    return "elsewhere"


_FATES = ("found", "not proposed", "color", "global", "glance", "local", "elsewhere")


def by_edit(all_measured: Sequence[Measured]) -> list[tuple[str, Counter[str]]]:
    """Return what became of the copies of each kind of edit, over several sets, the least found first."""
    fates: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for measured in all_measured:
        for row in measured.copies():
            fates[row.transform][fate(measured, row)] += 1
    return sorted(fates.items(), key=lambda item: (item[1]["found"] / item[1].total(), item[0]))


def edit_table(edits: Sequence[tuple[str, Counter[str]]]) -> str:
    """Return the table of `by_edit`."""
    lines = [
        (name, f"{fates['found'] / fates.total():.3f}", fates.total(), *(fates[kind] or "" for kind in _FATES[1:]))
        for name, fates in edits
    ]
    return table(("edit", "found", "copies", *_FATES[1:]), lines)


def keeper_table(all_measured: Sequence[Measured]) -> str:
    """Return, by edit, how often a copy was kept in place of its original, and what was said of the original then."""
    beside: Counter[str] = Counter()
    said: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for measured in all_measured:
        for row in measured.copies():
            own = measured.finished.rows[row.file]
            if measured.wished.get(row.file) == "1" or not measured.found(row):
                continue
            beside[row.transform] += 1
            if own["keep"]:
                reason = measured.finished.rows[measured.original[row.source]]["reason"]
                made = "made from the kept file" in reason
                said[row.transform][reason.partition(";")[0] if made else "ranked behind it"] += 1
    lines = [
        (name, f"{reasons.total()} of {beside[name]}", "; ".join(f"{n} x {why}" for why, n in reasons.most_common(4)))
        for name, reasons in sorted(said.items(), key=lambda item: -item[1].total() / beside[item[0]])
    ]
    return table(("edit", "kept in place of the original", "what was said of the original"), lines)


def changed(config: RunConfig, changes: Mapping[str, Mapping[str, Any]]) -> RunConfig | None:
    """Return a configuration with other options; None where it does not have all of them."""
    for name, options in changes.items():
        part = getattr(config, name, None)
        if part is None or not {field.name for field in dataclasses.fields(part)} >= options.keys():
            return None
        replaced: dict[str, Any] = {name: dataclasses.replace(part, **options)}
        config = dataclasses.replace(config, **replaced)
    return config


def without(config: RunConfig) -> Iterator[tuple[str, RunConfig]]:
    """Yield configurations that leave out one part each, with its name: what is on is turned off, limits are lifted."""
    for name in ("wavelet", "voting", "color", "refine", "local"):
        part = getattr(config, name)
        for option in dataclasses.fields(part):
            if getattr(part, option.name) is True:
                less = changed(config, {name: {option.name: False}})
                assert less is not None
                yield option.name, less
    for name, changes in _LEFT_OUT.items():
        less = changed(config, changes)
        if less is not None:
            yield name, less
