"""Stage 4, last part: whether two aligned pictures differ by a recolored part.

A gray, sepia, faded or tinted copy is one picture: its colors follow from the other's by one rule everywhere. The red
and the blue version of a product are two: their colors differ in one place and not in others, or by a large turn of
hue.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["color_shift", "is_faded"]

_CELL = 12
_LEAST_CHROMA = 2.0
"""Mean deviation of a*b* from that of their lightness, below which a picture counts as gray or toned."""

_LEVELS = 8
"""Levels of lightness, of equally many cells, that may have colors of their own in a toned picture."""


def color_shift(one: NDArray[np.uint8], other: NDArray[np.uint8], inside: NDArray[np.bool_]) -> float:
    """Measure how far the colors of two aligned pictures are from following one from the other.

    The chroma of each is averaged over cells; the best scaling and offset (a change of saturation, a tint) is taken
    off, and the largest shift that a tenth of the cells exceeds is returned.

    Parameters
    ----------
    one, other
        Shape (h, w, 3), uint8 RGB, aligned.
    inside
        Shape (h, w), bool: where both have pixels.

    Returns
    -------
    Distance in a*b*, 0 and up; 0 when a picture is gray or toned.
    """
    first, second = _lab_cells(one, inside), _lab_cells(other, inside)
    if len(first) < 9 or min(_colorfulness(first), _colorfulness(second)) < _LEAST_CHROMA:
        return 0.0
    return min(_residual(first[:, 1:], second[:, 1:]), _residual(second[:, 1:], first[:, 1:]))


def is_faded(one: NDArray[np.uint8], other: NDArray[np.uint8], inside: NDArray[np.bool_]) -> bool:
    """Return whether the colors of ``one`` are gone, being gray or of one tone, while ``other`` has them."""
    first, second = _lab_cells(one, inside), _lab_cells(other, inside)
    if len(first) < 9:
        return False
    # Most of the one has colors and next to nothing of the other: a colored stamp on a gray picture is no such case.
    return float(np.percentile(_deviations(second), 60)) > 3.0 and float(np.percentile(_deviations(first), 95)) < 2.5


def _lab_cells(rgb: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the mean colors of the cells that lie inside: shape (n, 3), lightness, a* and b*."""
    size = (max(1, rgb.shape[1] // _CELL), max(1, rgb.shape[0] // _CELL))
    whole = np.s_[: size[1] * min(_CELL, rgb.shape[0]), : size[0] * min(_CELL, rgb.shape[1])]
    means = cv2.resize(np.ascontiguousarray(rgb[whole]), size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(means, cv2.COLOR_RGB2LAB)
    covered = cv2.resize(inside[whole].astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 250
    return np.asarray(lab[covered], np.float32) - np.array([0, 128, 128], np.float32)


def _colorfulness(cells: NDArray[np.float32]) -> float:
    """Return the mean distance of colors from the mean color of their lightness: 0 for a gray or toned picture."""
    return float(_deviations(cells).mean())


def _deviations(cells: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distance of the color of each cell from the mean color of its lightness."""
    rank = np.argsort(np.argsort(cells[:, 0], kind="stable"), kind="stable")
    level = rank * _LEVELS // len(cells)
    counts = np.maximum(np.bincount(level, minlength=_LEVELS), 1)[:, None]
    sums = np.stack([np.bincount(level, weights=cells[:, c], minlength=_LEVELS) for c in (1, 2)], axis=1)
    return np.asarray(np.linalg.norm(cells[:, 1:] - (sums / counts)[level], axis=1), np.float64)


def _residual(source: NDArray[np.float32], target: NDArray[np.float32]) -> float:
    """Return the 90th percentile of what one scaling and offset leave unexplained."""
    x, y = source - np.median(source, axis=0), target - np.median(target, axis=0)
    scale = float(np.clip((x * y).sum() / max(float((x * x).sum()), 1e-6), 0.3, 2.5))
    return float(np.percentile(np.linalg.norm(y - scale * x, axis=1), 90))
