"""Curves on logarithmic axes, as SVG written by hand: no library is needed for two small pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 720, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 210, 40, 50
_COLORS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#555555")

Points = Sequence[tuple[float, float]]


def log_curves(title: str, across: str, up: str, curves: Mapping[str, Points]) -> str:
    """Draw curves.

    Parameters
    ----------
    title, across, up
        What the picture shows, and its axes.
    curves
        Points of each, all above 0.
    """
    xs = [x for points in curves.values() for x, _ in points]
    ys = [y for points in curves.values() for _, y in points]
    frame = _Frame((_below(min(xs)), _above(max(xs))), (_below(min(ys)), _above(max(ys))))
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
        *frame.grid(),
        f'<text x="{(_LEFT + WIDTH - _RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(across)}</text>',
        f'<text x="16" y="{middle}" text-anchor="middle" transform="rotate(-90 16 {middle})">{escape(up)}</text>',
    ]
    for number, (name, points) in enumerate(curves.items()):
        parts += frame.curve(name, sorted(points), _COLORS[number % len(_COLORS)], _TOP + 12 + 20 * number)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _below(value: float) -> int:
    return floor(log10(value) + 1e-9)


def _above(value: float) -> int:
    return ceil(log10(value) - 1e-9)


class _Frame:
    """Two axes, each from one power of ten to another."""

    def __init__(self, across: tuple[int, int], up: tuple[int, int]) -> None:
        self._across = (across[0], max(across[1], across[0] + 1))
        self._up = (up[0], max(up[1], up[0] + 1))

    def _x(self, value: float) -> float:
        low, high = self._across
        return _LEFT + (log10(value) - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        low, high = self._up
        return HEIGHT - _BOTTOM - (log10(value) - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)

    def grid(self) -> list[str]:
        """Draw a line at each power of ten, with its number."""
        lines = []
        for power in range(self._across[0], self._across[1] + 1):
            x = self._x(10.0**power)
            lines.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{HEIGHT - _BOTTOM}" stroke="#ddd"/>')
            lines.append(f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">{_number(power)}</text>')
        for power in range(self._up[0], self._up[1] + 1):
            y = self._y(10.0**power)
            lines.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
            lines.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(power)}</text>')
        return lines

    def curve(self, name: str, points: Points, color: str, label_at: float) -> list[str]:
        """Draw one curve and its name."""
        places = [(self._x(x), self._y(y)) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        label_x = WIDTH - _RIGHT + 16
        return [
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>',
            *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in places),
            f'<line x1="{label_x}" y1="{label_at - 4}" x2="{label_x + 18}" y2="{label_at - 4}" stroke="{color}" '
            'stroke-width="2"/>',
            f'<text x="{label_x + 24}" y="{label_at}">{escape(name)}</text>',
        ]


def _number(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
