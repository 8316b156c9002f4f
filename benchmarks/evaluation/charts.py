"""Plots as SVG, written by hand: bars by name, and distributions with a threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

__all__ = ["Panel", "bars", "distributions"]

_COPIES, _STRANGERS, _GRID, _LINE = "#1b6ca8", "#c0392b", "#ddd", "#555555"
_ROW, _LEFT, _WIDTH = 14, 190, 740
_PANEL_HEIGHT, _BINS = 150, 50


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11">'
    )
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="white"/>', *parts, "</svg>"]) + "\n"


def _text(x: float, y: float, words: str, **attributes: object) -> str:
    told = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{told}>{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, color: str, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"{dashed}/>'


def bars(title: str, values: Mapping[str, float], bar: float) -> str:
    """Draw a horizontal bar a name, in two columns.

    Parameters
    ----------
    values
        From 0 to 1, in the order in which they are drawn.
    bar
        What is asked for, drawn as a dashed line; what is below is drawn red.
    """
    rows = -(-len(values) // 2)
    height, half = 50 + rows * _ROW, _WIDTH // 2 + 60
    long = half - _LEFT - 50
    parts = [_text(12, 22, title, font_size=15)]
    for number, (name, value) in enumerate(values.items()):
        left, y = (number // rows) * half + _LEFT, 40 + number % rows * _ROW
        color = _COPIES if value >= bar else _STRANGERS
        parts += [
            _text(left - 6, y + 9, name, text_anchor="end"),
            f'<rect x="{left}" y="{y}" width="{long * value:.1f}" height="{_ROW - 4}" fill="{color}"/>',
            _text(left + long * value + 4, y + 9, f"{value:.2f}"),
        ]
    for left in (_LEFT, half + _LEFT):
        parts.append(_line(left + long * bar, 36, left + long * bar, height - 8, _LINE, "3 3"))
    return _svg(2 * half, height, parts)


@dataclass(frozen=True)
class Panel:
    """One score: what copies and strangers have, and the threshold between them."""

    name: str
    copies: NDArray[np.float64]
    strangers: NDArray[np.float64]
    threshold: float
    low: float
    high: float


def distributions(title: str, panels: Sequence[Panel]) -> str:
    """Draw the shares of copies (upward) and of strangers (downward) by score, a panel a score."""
    height = 60 + len(panels) * _PANEL_HEIGHT
    parts = [
        _text(12, 22, title, font_size=15),
        _text(
            12, 40, "copies above the line, strangers below it, by the square root of their number; dashed: threshold"
        ),
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, 54 + number * _PANEL_HEIGHT)
    return _svg(_WIDTH, height, parts)


def _panel(panel: Panel, top: float) -> list[str]:
    middle, half, long = top + _PANEL_HEIGHT / 2, _PANEL_HEIGHT / 2 - 22, _WIDTH - _LEFT - 30
    edges = np.linspace(panel.low, panel.high, _BINS + 1)
    parts = [
        _text(_LEFT - 8, middle - 4, panel.name, text_anchor="end"),
        _text(_LEFT - 8, middle + 12, f"{len(panel.copies):,} / {len(panel.strangers):,}", text_anchor="end"),
        _line(_LEFT, middle, _LEFT + long, middle, _GRID),
    ]
    for values, color, sign in ((panel.copies, _COPIES, -1), (panel.strangers, _STRANGERS, 1)):
        counts, _ = np.histogram(np.clip(values, panel.low, panel.high), edges)
        # The square root lets the few be seen beside the many.
        tall = half * np.sqrt(counts / max(1, counts.max()))
        for k, size in enumerate(tall):
            if size > 0:
                x, y = _LEFT + long * k / _BINS, middle - size if sign < 0 else middle
                parts.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{long / _BINS - 1:.1f}" height="{size:.1f}" fill="{color}"/>'
                )
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        value = panel.low + share * (panel.high - panel.low)
        parts.append(_text(_LEFT + long * share, middle + half + 14, f"{value:g}", text_anchor="middle", fill=_LINE))
    x = _LEFT + long * (panel.threshold - panel.low) / (panel.high - panel.low)
    return [*parts, _line(x, middle - half - 4, x, middle + half, _LINE, "4 3")]
