"""One picture that shows a comparison: matching points above, the overlay and the difference below."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.compare.canvas import DIM, Box, Canvas
from imgsieve.compare.explanation import DIFFERENT, Explanation, Overlaying
from imgsieve.compare.matching import joined_points
from imgsieve.features.alignment import Overlay, lay_over, scaling

__all__ = ["draw_comparison"]

_WIDTH, _MARGIN, _CAPTION = 1280, 32, 26
_HEADER = 116
_PAIR_HEIGHT, _PANEL_HEIGHT = 440, 384
_FULL = 64.0
"""Difference in gray levels that the map shows in its brightest color."""

_BLANK = 232
"""Gray of places without pixels."""

_SAME_COLOR, _OTHER_COLOR = (22, 122, 72), (176, 58, 46)

Pixels = NDArray[np.uint8]


def draw_comparison(explanation: Explanation, *, names: tuple[str, str] = ("A", "B")) -> Pixels:
    """Draw a comparison.

    Parameters
    ----------
    explanation
        What `imgsieve.compare.compare_pictures` found.
    names
        Captions of both pictures, without characters that cannot be shown.

    Returns
    -------
    Shape (h, 1280, 3), uint8 RGB.
    """
    overlaying = explanation.overlaying
    overlay = _overlay(overlaying)
    pair_height = _fit_height(overlaying.pictures, 2, _PAIR_HEIGHT)
    panel_height = _fit_height((overlay.one_rgb,), 3, _PANEL_HEIGHT)
    pairs_at = _HEADER + _CAPTION
    panels_at = pairs_at + pair_height + _MARGIN + 2 * _CAPTION
    canvas = Canvas(_WIDTH, panels_at + panel_height + _MARGIN + _CAPTION)
    _draw_header(canvas, explanation)
    _draw_pair(canvas, overlaying, names, pairs_at, pair_height)
    _draw_panels(canvas, overlay, overlaying.matrix is not None, panels_at, panel_height)
    return canvas.pixels


def _fit_height(pictures: tuple[Pixels, ...], columns: int, most: int) -> int:
    """Return the height of a row in which the pictures fill their columns, at most ``most``."""
    width = _column_width(columns)
    needed = [int(width * picture.shape[0] / picture.shape[1]) + 1 for picture in pictures]
    return min(most, max(needed))


def _column_width(columns: int) -> int:
    """Return the width of one of some equal columns."""
    return int((_WIDTH - (columns + 1) * _MARGIN) // columns)


def _column(number: int, columns: int) -> int:
    """Return the left edge of a column."""
    return _MARGIN + number * (_column_width(columns) + _MARGIN)


def _overlay(overlaying: Overlaying) -> Overlay:
    """Lay the views over each other as stage 4 did; whole over whole where it found no map."""
    one, other = overlaying.views[0].pixels, overlaying.views[1].turned(overlaying.orientation)
    matrix = overlaying.matrix
    return lay_over(one, other, scaling(other, one) if matrix is None else matrix)


def _draw_header(canvas: Canvas, explanation: Explanation) -> None:
    """Write the verdict, the reason and what is kept."""
    color = _OTHER_COLOR if explanation.verdict == DIFFERENT else _SAME_COLOR
    most = _WIDTH - 2 * _MARGIN
    canvas.write(explanation.verdict.capitalize(), _MARGIN, 20, size=30, color=color)
    canvas.write(f"{explanation.decided_by}: {explanation.why}", _MARGIN, 60, size=17, most=most)
    if explanation.keep is not None:
        kept = f"{explanation.keep.upper()} is kept: {explanation.keep_why}"
        canvas.write(kept, _MARGIN, 82, size=15, color=DIM, most=most)


def _draw_pair(canvas: Canvas, overlaying: Overlaying, names: tuple[str, str], top: int, height: int) -> None:
    """Draw both pictures as they are, their matching points joined."""
    width = _column_width(2)
    places = []
    for number, (label, name, picture) in enumerate(zip("AB", names, overlaying.pictures, strict=True)):
        left = _column(number, 2)
        caption = label if name == label else f"{label}: {name}"
        canvas.write(caption, left, top - _CAPTION + 4, size=15, most=width)
        places.append(canvas.place(picture, (left, top, width, height)))
    starts, ends, count = joined_points(overlaying)
    canvas.join(_at(places[0], starts), _at(places[1], ends), _colors(starts))
    shown = f"; {len(starts)} are drawn" if len(starts) < count else ""
    text = f"{count} keypoints match and lie over each other{shown}" if count else "no keypoints lie over each other"
    canvas.write(text, _MARGIN, top + height + 8, size=14, color=DIM)


def _at(place: Box, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points of the canvas for shares of a placed picture."""
    left, top, width, height = place
    return np.asarray(shares * np.array([width, height]) + np.array([left, top]))


def _colors(points: NDArray[np.float64]) -> list[tuple[int, int, int]]:
    """Return a color for each point, by its place, so that neighbors look alike and lines can be followed."""
    found = []
    for x, y in points:
        red, green, blue = colorsys.hls_to_rgb(0.85 * float(x), 0.36 + 0.22 * float(y), 0.85)
        found.append((round(255 * red), round(255 * green), round(255 * blue)))
    return found


def _draw_panels(canvas: Canvas, overlay: Overlay, mapped: bool, top: int, height: int) -> None:
    """Draw both pictures in one frame, and their difference."""
    heat = _difference(overlay)
    still, how = "BA"[overlay.into_first], "laid over" if mapped else "stretched, as no map was found, to"
    captions = ("A", "B", "Difference of light, tones and sharpness evened out")
    panels = (
        _shaded(overlay.one_rgb, overlay.inside, moved=not overlay.into_first),
        _shaded(overlay.other_rgb, overlay.inside, moved=overlay.into_first),
        heat,
    )
    for number, (caption, panel) in enumerate(zip(captions, panels, strict=True)):
        warped = number == int(overlay.into_first)
        left, width = _column(number, 3), _column_width(3)
        text = f"{caption}, {how} {still}" if warped else caption
        canvas.write(text, left, top - _CAPTION + 4, size=15, most=width)
        canvas.place(panel, (left, top, width, height))
    _draw_scale(canvas, _column(2, 3), top + height + 10)


def _shaded(rgb: Pixels, inside: NDArray[np.bool_], *, moved: bool) -> Pixels:
    """Fade what the other picture does not cover, and blank what a moved picture does not have."""
    share = 0.0 if moved else 0.25
    faded = (share * rgb.astype(np.float32) + (1 - share) * _BLANK).astype(np.uint8)
    return np.where(inside[..., None], rgb, faded)


def _difference(overlay: Overlay) -> Pixels:
    """Map the difference of light, after the tones of one are fitted to those of the other."""
    inside = overlay.inside
    if inside.sum() < 16:
        return np.full((*inside.shape, 3), _BLANK, np.uint8)
    one, other = overlay.one[inside], overlay.other[inside]
    spread_one, spread_other = float(one.std()), float(other.std())
    fitted = (overlay.other - other.mean()) * (spread_one / max(spread_other, 1e-3)) + one.mean()
    shares = np.clip(np.abs(overlay.one - fitted) / _FULL, 0, 1)
    heat = _heat((255 * shares).astype(np.uint8))
    return np.where(inside[..., None], heat, np.uint8(_BLANK))


def _heat(levels: Pixels) -> Pixels:
    """Color levels from 0 to 255: dark for equal, bright for different."""
    return np.asarray(cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB), np.uint8)


def _draw_scale(canvas: Canvas, left: int, top: int) -> None:
    """Draw what the colors of the difference mean."""
    ramp = np.tile(np.linspace(0, 255, 120).astype(np.uint8), (12, 1))
    canvas.write("equal", left, top - 2, size=13, color=DIM)
    canvas.place(_heat(ramp), (left + 44, top, 120, 12))
    canvas.write(f"{_FULL:.0f} gray levels or more", left + 172, top - 2, size=13, color=DIM)
