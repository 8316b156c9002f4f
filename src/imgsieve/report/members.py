"""The view of one image on a page of groups: what the row says, in words."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from imgsieve import schema
from imgsieve.features import orientation
from imgsieve.report import charts
from imgsieve.report.texts import breakable, bytes_text, number_text, plain, uri_text, visible

__all__ = ["MemberView", "view_member"]

SCORE_LABELS = {
    "distance_bits": "Hash distance, bits",
    "dominant_distance": "Dominant color distance",
    "pixel_difference": "Pixel difference",
    "histogram_correlation": "Histogram correlation",
    "similarity": "Descriptor similarity",
    "inliers": "Matching keypoints",
    "block_share": "Blocks that agree",
    "still_share": "Blocks that stay in place",
    "color_shift": "Color shift",
    "coverage": "Seen in the keeper",
}
"""Scores in the order of the stages that measure them."""

NO_BREAK, TIMES = "\N{NO-BREAK SPACE}", "\N{MULTIPLICATION SIGN}"

SHARES = {"block_share", "still_share", "coverage"}


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberView:
    """One image of a group, ready for a template."""

    kept: bool
    source: str
    """The source of the file; empty where there is one source only."""

    folder: Markup
    """Folders of the file within its source, with a slash at the end, if any."""

    name: Markup

    alt: str
    picture: Markup
    """Thumbnail as base64, empty for none."""

    facts: tuple[str, ...]
    """Dimensions, format and size."""

    quality: str
    """From 0 to 100, empty where it was not measured."""

    parts: Markup
    """A chart of the parts of the quality."""

    relation: str
    stage: str
    reason: Markup
    measures: int
    """Number of scores."""

    scores: Markup
    """What was measured against the keeper, as items of a list of descriptions."""


def view_member(row: Mapping[str, Any], thumb: bytes, *, titles: Mapping[str, str], show_source: bool) -> MemberView:
    """Turn a row into a view.

    Parameters
    ----------
    row
        Columns of `imgsieve.report.inventory.MEMBER_COLUMNS`.
    thumb
        JPEG, or nothing.
    titles
        Title of each stage by its name.
    show_source
        Whether several sources make the path alone ambiguous.
    """
    stage = "" if row["keep"] else row["stage"] or ""
    scores = _scores(row)
    folder, slash, name = row["file"].rpartition("/")
    return MemberView(
        kept=bool(row["keep"]),
        folder=breakable(folder + slash),
        name=breakable(name),
        source=uri_text(row["uri"]).removesuffix(row["file"]) if show_source else "",
        alt=plain(row["file"]),
        picture=Markup(b64encode(thumb).decode()),  # noqa: S704 - base64 has nothing to escape
        facts=_facts(row),
        quality="" if row["quality"] is None else f"{row['quality']:.0f}",
        parts=charts.parts({part: row[f"quality_{part}"] for part in schema.QUALITY_PARTS}),
        relation=row["relation"] or "",
        stage=titles.get(stage, stage.capitalize()),
        reason=visible(row["reason"] or ""),
        measures=len(scores),
        # A million of them are written: labels and values of our own need no template.
        scores=Markup("".join(f"<div><dt>{label}</dt><dd>{value}</dd></div>" for label, value in scores)),  # noqa: S704
    )


def _facts(row: Mapping[str, Any]) -> tuple[str, ...]:
    known = row["width"] is not None and row["height"] is not None
    dimensions = f"{row['width']:,} {TIMES} {row['height']:,}" if known else ""
    return tuple(
        fact.replace(" ", NO_BREAK)
        for fact in (dimensions, (row["format"] or "").upper(), bytes_text(row["size"]))
        if fact
    )


def _scores(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [
        (label, _score(name, row[name]))
        for name, label in SCORE_LABELS.items()
        if row[name] is not None and math.isfinite(row[name])
    ]
    if row["orientation"]:
        found.insert(0, ("Orientation", orientation.describe(row["orientation"])))
    return found


def _score(name: str, value: float) -> str:
    return f"{100 * value:.0f}{NO_BREAK}%" if name in SHARES else number_text(value)
