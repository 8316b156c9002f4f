"""Stage 4: whether two pictures without texture, such as gradients, are alike everywhere."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.features.alignment import Overlay
from imgsieve.features.blocks import fine_structure

__all__ = ["are_smooth", "evenly_alike"]

_LEAST_FINE = 0.4
"""Deviation of the fine structure, in gray levels, below which there is none. Gradients have 0.01 to 0.2, whatever they
are saved by; blank pages with the noise of a scanner 0.5 to 0.7."""

_CELLS = 16
_LEAST_DEVIATION = 6.0
"""Gray levels by which the cells of a picture must vary; a blank page says nothing."""

_MOST_OFF, _MEAN_OFF, _OF_DEVIATION = 10.0, 3.0, 0.1
"""Levels by which a cell may be off, all may be on average, and that average as a share of the deviation."""

_GAINS = (0.6, 1.6)


def are_smooth(overlay: Overlay) -> bool:
    """Return whether two aligned pictures have no fine structure, so that what tells a place in them is noise."""
    fine = (fine_structure(luma)[overlay.inside] for luma in (overlay.one, overlay.other))
    return bool(overlay.inside.any()) and max(float(values.std()) for values in fine) < _LEAST_FINE


def evenly_alike(overlay: Overlay) -> bool:
    """Return whether the cells of two aligned pictures have the same colors, but for one gain and one offset for all.

    Where no block tells its place, agreement in blocks says little. But smooth pictures are told by their colors
    alone, if these agree everywhere.
    """
    inside = cv2.resize(overlay.inside.view(np.uint8) * np.uint8(255), (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    one, other = _cells(overlay.one_rgb)[inside > 250], _cells(overlay.other_rgb)[inside > 250]
    if len(one) < _CELLS * _CELLS // 2:
        return False
    spread_one, spread_other = _deviation(one), _deviation(other)
    if min(spread_one, spread_other) < _LEAST_DEVIATION:
        return False
    gain = spread_one / spread_other
    if not _GAINS[0] <= gain <= _GAINS[1]:
        return False
    off = np.abs((one - one.mean()) - gain * (other - other.mean()))
    return bool(off.max() <= _MOST_OFF and off.mean() <= min(_MEAN_OFF, _OF_DEVIATION * spread_one))


def _cells(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the mean colors of cells: shape (16, 16, 3)."""
    return np.asarray(cv2.resize(rgb, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA), np.float32)


def _deviation(cells: NDArray[np.float32]) -> float:
    """Return the root mean square distance of cells from their mean color, a channel."""
    return float(np.sqrt(((cells - cells.mean(axis=0)) ** 2).mean()))
