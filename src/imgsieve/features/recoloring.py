"""Stage 4, last part: whether two aligned pictures differ by a recolored part.

A gray, sepia, faded or tinted copy is one picture: its colors follow from the other's by one rule everywhere. The red
and the blue version of a product are two: their colors differ in one place and not in others, or by a large turn of
hue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numba import njit
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
    return Recoloring(*_differences(first, second))


@njit(nogil=True, cache=True)
def _differences(first: NDArray[np.float32], second: NDArray[np.float32]) -> tuple[float, bool, bool]:
    """Return the fields of `Recoloring` for the cells of two pictures, of shape (n, 3)."""
    spread, other_spread = _deviations(first), _deviations(second)
    shift = 0.0
    if min(spread.mean(), other_spread.mean()) >= _LEAST_CHROMA:
        shift = min(_residual(first, second), _residual(second, first))
    return shift, _faded(spread, other_spread), _faded(other_spread, spread)


@njit(nogil=True, cache=True)
def _faded(spread: NDArray[np.float64], other_spread: NDArray[np.float64]) -> bool:
    """Return whether colors are gone from the cells of one picture that those of another have.

    Most of the one has colors and next to nothing of the other: a colored stamp on a gray picture is no such case.
    """
    return _percentile(other_spread, 0.6) > 3.0 and _percentile(spread, 0.95) < 2.5


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


@njit(nogil=True, cache=True)
def _deviations(cells: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distance of the color of each cell from the mean color of its lightness."""
    count = len(cells)
    order = _by_lightness(cells)
    out = np.empty(count, np.float64)
    begin = 0
    for level in range(_LEVELS):
        end = ((level + 1) * count + _LEVELS - 1) // _LEVELS
        a, b = 0.0, 0.0
        for k in range(begin, end):
            a += cells[order[k], 1]
            b += cells[order[k], 2]
        a, b = a / max(end - begin, 1), b / max(end - begin, 1)
        for k in range(begin, end):
            out[order[k]] = np.hypot(cells[order[k], 1] - a, cells[order[k], 2] - b)
        begin = end
    return out


@njit(nogil=True, cache=True)
def _by_lightness(cells: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the cells in the order of their lightness, equal ones as they come; lightness is a whole number to 255."""
    ends = np.zeros(257, np.int64)
    for k in range(len(cells)):
        ends[int(cells[k, 0]) + 1] += 1
    for level in range(256):
        ends[level + 1] += ends[level]
    order = np.empty(len(cells), np.int64)
    for k in range(len(cells)):
        level = int(cells[k, 0])
        order[ends[level]] = k
        ends[level] += 1
    return order


@njit(nogil=True, cache=True)
def _residual(source: NDArray[np.float32], target: NDArray[np.float32]) -> float:
    """Return the 90th percentile of what one scaling and offset of the chroma leave unexplained."""
    xs, ys = np.empty((len(source), 2), np.float64), np.empty((len(source), 2), np.float64)
    for side in range(2):
        xs[:, side] = source[:, 1 + side] - _percentile(source[:, 1 + side], 0.5)
        ys[:, side] = target[:, 1 + side] - _percentile(target[:, 1 + side], 0.5)
    scale = min(2.5, max(0.3, (xs * ys).sum() / max((xs * xs).sum(), 1e-6)))
    left = ys - scale * xs
    return _percentile(np.sqrt((left * left).sum(axis=1)), 0.9)


@njit(nogil=True, cache=True)
def _percentile(values: NDArray[np.floating[Any]], share: float) -> float:
    """Return the value below which a share of all lies, interpolated between two."""
    at = share * (len(values) - 1)
    high = min(int(at) + 1, len(values) - 1)
    parted = np.partition(values, high)
    low = parted[:high].max()
    return float(low + (parted[high] - low) * (at - int(at)))
