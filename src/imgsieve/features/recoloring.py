"""Stage 4, last part: whether two aligned pictures differ by a recolored part.

A gray, sepia, faded or tinted copy is one picture: its colors follow from the other's by one rule everywhere. The red
and the blue version of a product are two: their colors differ in one place and not in others, or by a large turn of
hue.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Recoloring", "recoloring"]

_CELL = 12
_LEAST_CHROMA = 2.0
"""Mean deviation of a*b* from that of their lightness, below which a picture counts as gray or toned."""

_LEVELS = 8
"""Levels of lightness, of equally many cells, that may have colors of their own in a toned picture."""


@dataclass(frozen=True, slots=True)
class Recoloring:
    """How the colors of two aligned pictures differ."""

    shift: float
    """Distance in a*b*, 0 and up: how far the colors are from following one from the other; 0 when a picture is gray or
    toned."""
    first_faded: bool
    """Whether the colors of the first are gone, being gray or of one tone, while the second has them."""
    second_faded: bool


def recoloring(one: NDArray[np.uint8], other: NDArray[np.uint8], inside: NDArray[np.bool_]) -> Recoloring:
    """Measure how the colors of two aligned pictures differ.

    The chroma of each is averaged over cells; the best scaling and offset (a change of saturation, a tint) is taken
    off, and the largest shift that a tenth of the cells exceeds is the distance.

    Parameters
    ----------
    one, other
        Shape (h, w, 3), uint8 RGB, aligned.
    inside
        Shape (h, w), bool: where both have pixels.
    """
    covered = _covered(inside)
    first, second = _lab_cells(one)[covered], _lab_cells(other)[covered]
    if len(first) < 9:
        return Recoloring(0.0, first_faded=False, second_faded=False)
    spread, other_spread = _deviations(first), _deviations(second)
    shift = 0.0
    if min(spread.mean(), other_spread.mean()) >= _LEAST_CHROMA:
        shift = min(_residual(first[:, 1:], second[:, 1:]), _residual(second[:, 1:], first[:, 1:]))
    return Recoloring(shift, first_faded=_faded(spread, other_spread), second_faded=_faded(other_spread, spread))


def _faded(spread: NDArray[np.float64], other_spread: NDArray[np.float64]) -> bool:
    """Return whether colors are gone from the cells of one picture that those of another have.

    Most of the one has colors and next to nothing of the other: a colored stamp on a gray picture is no such case.
    """
    return float(np.percentile(other_spread, 60)) > 3.0 and float(np.percentile(spread, 95)) < 2.5


def _size_in_cells(shape: tuple[int, ...]) -> tuple[tuple[int, int], tuple[slice, slice]]:
    """Return the columns and rows of cells of a picture, and the part of it that they cover."""
    size = (max(1, shape[1] // _CELL), max(1, shape[0] // _CELL))
    return size, np.s_[: size[1] * min(_CELL, shape[0]), : size[0] * min(_CELL, shape[1])]


def _covered(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which cells lie inside."""
    size, whole = _size_in_cells(inside.shape)
    covered = cv2.resize(inside[whole].view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    return np.asarray(covered > 250)


def _lab_cells(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the mean colors of the cells: shape (rows, columns, 3), lightness, a* and b*."""
    size, whole = _size_in_cells(rgb.shape)
    means = cv2.resize(rgb[whole], size, interpolation=cv2.INTER_AREA)
    lab = np.asarray(cv2.cvtColor(means, cv2.COLOR_RGB2LAB), np.float32)
    return lab - np.array([0, 128, 128], np.float32)


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
