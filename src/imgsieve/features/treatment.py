"""Which of two copies of one size was treated: sharpened, or covered with noise.

- *Noise.* What a noisy copy has beyond its forecast is as strong in calm places as in textured ones.
- *Sharpening.* The mean square difference of pixels grows with their distance, in photographs by about a factor of 1.9
  when it doubles (D. L. Ruderman, "The statistics of natural images", Network 1994,
  doi:10.1088/0954-898X_5_4_006). Sharpening lifts it at small distances, so that it grows by less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imgsieve.features.prediction import Forecast

__all__ = ["by_treatment"]

Floats = NDArray[np.float32]

_LEAST_NOISE = 2.0
"""Gray levels from which noise is told."""

_EVEN = 0.7
"""Noise in calm blocks is at least this share of what textured blocks have beyond their forecast."""

_MORE = 1.5
"""A noisy copy has this much more fine structure in calm blocks than its source."""

_LAGS = (2, 4, 8)
_NATURAL = 0.8
"""Growth, in octaves an octave of distance, between what sharpened pictures and what photographs have."""

_LESS = 0.12
"""By how much less than its source's a sharpened copy's differences grow."""


def by_treatment(first: Forecast, second: Forecast) -> tuple[int, str]:
    """Tell which of two pictures was treated, from each foretold from the other.

    Returns
    -------
    1 when the second was made from the first, -1 when the first was made from the second, 0 for neither; and how.
    """
    if _noisy(second):
        return 1, "covered with noise"
    if _noisy(first):
        return -1, "covered with noise"
    one, other = _growth(first.copy), _growth(second.copy)
    if (one + other) / 2 >= _NATURAL or abs(one - other) < _LESS:
        return 0, ""
    return (1 if other < one else -1), "sharpened"


def _noisy(copy: Forecast) -> bool:
    """Return whether a copy has noise that its source has not."""
    beyond = _in_blocks((copy.copy - copy.predicted) ** 2)
    texture = _in_blocks(copy.source**2) - _in_blocks(copy.source) ** 2
    calm, busy = texture <= np.quantile(texture, 0.25), texture >= np.quantile(texture, 0.75)
    noise = float(np.sqrt(np.median(beyond[calm])))
    if noise < _LEAST_NOISE or noise < _EVEN * float(np.sqrt(np.median(beyond[busy]))):
        return False
    return float(np.median(_steps(copy.copy)[calm])) > _MORE**2 * float(np.median(_steps(copy.source)[calm]))


def _steps(plane: Floats) -> Floats:
    """Return the mean square step between neighbors in each block."""
    return _in_blocks(np.diff(plane, axis=1, append=plane[:, -1:]) ** 2)


def _in_blocks(plane: Floats) -> Floats:
    """Return the means of blocks of 8 x 8 pixels."""
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    return np.asarray(plane[: 8 * rows, : 8 * columns].reshape(rows, 8, columns, 8).mean(axis=(1, 3)), np.float32)


def _growth(plane: Floats) -> float:
    """Return by how much mean square differences grow, in octaves an octave of distance, over `_LAGS`."""
    squares = [
        float(np.mean((plane[:, lag:] - plane[:, :-lag]) ** 2) + np.mean((plane[lag:] - plane[:-lag]) ** 2))
        for lag in (_LAGS[0], _LAGS[-1])
    ]
    return float(np.log2((squares[1] + 1e-6) / (squares[0] + 1e-6)) / np.log2(_LAGS[-1] / _LAGS[0]))
