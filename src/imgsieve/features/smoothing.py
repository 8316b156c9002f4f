"""Which of two copies of one size was smoothed: blurred, smeared, denoised.

What a smoothed copy has lost cannot be foretold from it, while it is foretold from its original. What was lost is
texture, more of it where there was more; noise that was added is the same everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imgsieve.features.coding import untouched
from imgsieve.features.prediction import Forecast

__all__ = ["by_smoothing", "follows_texture"]

Floats = NDArray[np.float32]

_SIDE = 16
"""Side of the blocks that are looked at, in pixels."""

_DARKEST, _BRIGHTEST = 6.0, 248.0
"""Mean gray levels of blocks that can show texture."""

_FEWEST = 8
_CORRELATED, _UNEVEN = 0.45, 2.6
"""Correlation of the logarithms of what is beyond the forecast and of texture, over blocks, from which the one follows
the other; and the ratio of the ninth and the first decile of what is beyond. Noise has 0.3 and 2 at most, in most
pictures."""

_FINER = 1.2
"""An original has this much more fine structure than its smoothed copy."""

_UNFORETOLD, _ONE_SIDED = 0.25, 1.5
"""Share of its fine structure that is beyond the forecast, and how much more that is than what the copy has beyond its
own. Of 16 sharpened copies none has as much: what they have more is foretold."""


def by_smoothing(first: Forecast, second: Forecast) -> tuple[int, str]:
    """Tell which of two pictures was smoothed.

    Parameters
    ----------
    first, second
        Each picture foretold from the other.

    Returns
    -------
    1 when the second was made from the first, -1 when the first was made from the second, 0 for neither; and how.
    """
    if _has_lost(second, of=first):
        return 1, "smoothed"
    if _has_lost(first, of=second):
        return -1, "smoothed"
    return 0, ""


def follows_texture(copy: Forecast) -> bool:
    """Return whether what a picture has beyond its forecast is more where the picture it is foretold from has more."""
    clear = _clear(copy)
    if np.count_nonzero(clear) < _FEWEST:
        return False
    beyond = _means((copy.copy - copy.predicted) ** 2)[clear]
    texture = (_means(copy.source**2) - _means(copy.source) ** 2)[clear]
    low, high = np.quantile(beyond, (0.1, 0.9))
    if high < _UNEVEN * max(float(low), 1e-3):
        return False
    one, other = np.log(beyond + np.float32(0.1)), np.log(np.maximum(texture, 0) + 1)
    if not min(one.std(), other.std()) > 0:
        return False
    return float(np.corrcoef(one, other)[0, 1]) > _CORRELATED


def _has_lost(copy: Forecast, *, of: Forecast) -> bool:
    """Return whether a copy has lost texture of its original."""
    clear = _clear(of)
    if np.count_nonzero(clear) < _FEWEST:
        return False
    fine, left = (float(_means(_steps(plane))[clear].mean()) for plane in (of.copy, of.source))
    if fine < _FINER * left:
        return False
    beyond = float(_means((of.copy - of.predicted) ** 2)[clear].mean())
    back = float(_means((copy.copy - copy.predicted) ** 2)[_clear(copy)].sum() / max(1, np.count_nonzero(_clear(copy))))
    return beyond >= max(_UNFORETOLD * fine, _ONE_SIDED * back) and follows_texture(of)


def _clear(copy: Forecast) -> NDArray[np.bool_]:
    """Return which blocks were not written over, and are neither black nor white: shape (rows, columns)."""
    levels = _means(copy.source)
    rows, columns = levels.shape
    same = untouched(copy)[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).all(axis=(1, 3))
    return np.asarray((levels > _DARKEST) & (levels < _BRIGHTEST) & same)


def _steps(plane: Floats) -> Floats:
    """Return the square steps between neighbors."""
    return np.asarray(np.diff(plane, axis=1, append=plane[:, -1:]) ** 2, np.float32)


def _means(plane: Floats) -> Floats:
    """Return the means of blocks of 16 x 16 pixels."""
    rows, columns = plane.shape[0] // _SIDE, plane.shape[1] // _SIDE
    blocks = plane[: _SIDE * rows, : _SIDE * columns].reshape(rows, _SIDE, columns, _SIDE)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)
