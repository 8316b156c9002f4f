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
_LEAST_CHROMA = 5.0
"""Mean deviation of a*b* below which a picture counts as gray or toned in one color."""


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
    first, second = _chroma_cells(one, inside), _chroma_cells(other, inside)
    if len(first) < 9 or min(_colorfulness(first), _colorfulness(second)) < _LEAST_CHROMA:
        return 0.0
    return min(_residual(first, second), _residual(second, first))


def is_faded(one: NDArray[np.uint8], other: NDArray[np.uint8], inside: NDArray[np.bool_]) -> bool:
    """Return whether the colors of ``one`` are gone, being gray or of one tone, while ``other`` has them."""
    first, second = _chroma_cells(one, inside), _chroma_cells(other, inside)
    if len(first) < 9:
        return False
    return _colorfulness(second) > _LEAST_CHROMA and _colorfulness(first) < 0.4 * _colorfulness(second)


def _chroma_cells(rgb: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return mean a*b* of the cells that lie inside: shape (n, 2)."""
    size = (max(1, rgb.shape[1] // _CELL), max(1, rgb.shape[0] // _CELL))
    whole = np.s_[: size[1] * min(_CELL, rgb.shape[0]), : size[0] * min(_CELL, rgb.shape[1])]
    means = cv2.resize(np.ascontiguousarray(rgb[whole]), size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(means, cv2.COLOR_RGB2LAB)
    covered = cv2.resize(inside[whole].astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 250
    return np.asarray(lab[covered][:, 1:], np.float32) - 128.0


def _colorfulness(cells: NDArray[np.float32]) -> float:
    """Return the mean distance of colors from their mean."""
    return float(np.linalg.norm(cells - cells.mean(axis=0), axis=1).mean())


def _residual(source: NDArray[np.float32], target: NDArray[np.float32]) -> float:
    """Return the 90th percentile of what one scaling and offset leave unexplained."""
    x, y = source - np.median(source, axis=0), target - np.median(target, axis=0)
    scale = float(np.clip((x * y).sum() / max(float((x * x).sum()), 1e-6), 0.3, 2.5))
    return float(np.percentile(np.linalg.norm(y - scale * x, axis=1), 90))
