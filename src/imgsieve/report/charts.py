"""Charts as SVG elements that stand in the page.

Colors come from the style sheet by class, so that light and dark both fit.
Every chart is drawn here from numbers; labels that a reader needs are text, never color alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

from markupsafe import Markup

from imgsieve.report.texts import count_text

__all__ = ["bar", "columns", "curve", "parts", "stack"]

WIDTH, HEIGHT = 400, 180
LEFT, RIGHT, TOP, BOTTOM = 42, 10, 14, 34


def bar(value: float, *, whole: float, marks: Mapping[str, float] | None = None, tone: str = "a") -> Markup:
    """Draw a flat bar for a cell of a table that has the number as text.

    Parameters
    ----------
    value, whole
        The bar's value, and the value of the full width.
    marks
        Values with a line across the bar, by the class of the line.
    tone
        Class of the bar.
    """
    lines = "".join(f'<path class="mark {name}" d="M{_at(mark, whole)} 0V10"/>' for name, mark in (marks or {}).items())
    return _flat(f'<rect class="tone-{tone}" width="{_at(value, whole)}" height="10"/>{lines}')


def stack(values: Mapping[str, float]) -> Markup:
    """Draw values one after another over the full width, each in the tone of its key."""
    whole, begin, rects = sum(values.values()), 0.0, ""
    for tone, value in values.items():
        if value > 0:
            x, width = _at(begin, whole), _at(value, whole)
            rects += f'<rect class="tone-{tone}" x="{x}" width="{width}" height="10"/>'
        begin += value
    return _flat(rects)


def _flat(inside: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and classes of our own
        f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{inside}</svg>'
    )


def _at(value: float, whole: float) -> str:
    return _n(100 * min(max(value / whole, 0.0), 1.0) if whole > 0 else 0.0)


def _n(number: float) -> str:
    """Write a coordinate in as few characters as do."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def parts(values: Mapping[str, float | None]) -> Markup:
    """Draw the parts of a quality score as small columns, 0 to 100, with the numbers as title."""
    known = {name: value for name, value in values.items() if value is not None and math.isfinite(value)}
    if not known:
        return Markup("")
    title = ", ".join(f"{name} {value:.0f}" for name, value in known.items())
    path = "".join(
        f"M{6 * place} 20v-{max(round(value / 5), 1)}h4V20z"
        for place, name in enumerate(values)
        if (value := known.get(name)) is not None
    )
    return Markup(  # noqa: S704 - names of our own schema
        f'<svg class="parts" viewBox="0 0 {6 * len(values) - 2} 20" role="img"><title>{title}</title>'
        f'<path class="base" d="{_base(len(values))}"/><path d="{path}"/></svg>'
    )


@cache
def _base(count: int) -> str:
    """Return the path of columns at their full height."""
    return "".join(f"M{6 * place} 0h4v20h-4z" for place in range(count))


def columns(labels: Sequence[str], values: Sequence[int], *, title: str, axis: str) -> Markup:
    """Draw a histogram with the number above each column.

    Parameters
    ----------
    labels, values
        Text below and count of each column.
    title
        What the chart shows, for those who cannot see it.
    axis
        Text below all labels.
    """
    top, step = max(values, default=0) or 1, (WIDTH - 20) / max(len(values), 1)
    drawn = ""
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        x, height = 10 + place * step, (HEIGHT - TOP - BOTTOM - 4) * value / top
        middle, foot = _n(x + step / 2), HEIGHT - BOTTOM
        drawn += (
            f'<rect class="tone-a" x="{_n(x + step * 0.14)}" y="{_n(foot - height)}" rx="1.5"'
            f' width="{_n(step * 0.72)}" height="{_n(max(height, 1 if value else 0))}"/>'
            f'<text class="value" x="{middle}" y="{_n(foot - height - 5)}">{count_text(value)}</text>'
            f'<text x="{middle}" y="{foot + 14}">{label}</text>'
        )
    drawn += f'<path class="axis" d="M10 {HEIGHT - BOTTOM}H{WIDTH - 10}"/>'
    drawn += f'<text class="caption" x="{WIDTH / 2}" y="{HEIGHT - 4}">{axis}</text>'
    return _figure(title, drawn)


def curve(points: Sequence[tuple[float, float]], *, title: str, axis: str) -> Markup:
    """Draw a rising line from shares to shares, both from 0 to 1, with its area.

    Parameters
    ----------
    points
        Ascending (x, y), from (0, 0) to (1, 1).
    title, axis
        As in `columns`.
    """
    right, foot = WIDTH - RIGHT, HEIGHT - BOTTOM
    line = "L".join(f"{_n(LEFT + x * (right - LEFT))} {_n(foot - y * (foot - TOP))}" for x, y in points)
    drawn = ""
    for quarter in range(5):
        y, x = foot - quarter / 4 * (foot - TOP), LEFT + quarter / 4 * (right - LEFT)
        drawn += f'<path class="grid" d="M{LEFT} {_n(y)}H{right}"/>'
        drawn += f'<text class="end" x="{LEFT - 6}" y="{_n(y + 4)}">{25 * quarter} %</text>'
        anchor = "end" if quarter == 4 else "middle"
        drawn += f'<text class="{anchor}" x="{_n(x)}" y="{foot + 14}">{25 * quarter} %</text>'
    drawn += f'<path class="area" d="M{line}L{right} {foot}H{LEFT}z"/><path class="line" d="M{line}"/>'
    drawn += f'<text class="caption" x="{(LEFT + right) / 2}" y="{HEIGHT - 4}">{axis}</text>'
    return _figure(title, drawn)


def _figure(title: str, drawn: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and texts of our own
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{title}</title>{drawn}</svg>'
    )
