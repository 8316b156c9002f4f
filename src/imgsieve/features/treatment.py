"""Which of two copies of one size was treated: sharpened, or covered with noise.

- *Noise.* What a noisy copy has beyond its forecast is as strong in calm places as in textured ones.
- *Sharpening.* The mean square difference of pixels grows with their distance, in photographs by about a factor of 1.9
  when it doubles (D. L. Ruderman, "The statistics of natural images", Network 1994,
  doi:10.1088/0954-898X_5_4_006). Sharpening lifts it at small distances, so that it grows by less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imgsieve.features.coding import Account, Coding, steps_of, untouched, waves_of
from imgsieve.features.prediction import Forecast
from imgsieve.features.smoothing import follows_texture

__all__ = ["by_levels", "by_noise", "by_sharpness"]

Floats = NDArray[np.float32]

_LEAST_NOISE = 1.7
"""Gray levels from which noise is told."""

_LEAST_NOISE_REDUCED = 3.0
"""The same of pictures that were decoded smaller: nothing is known of their coding, which tells smoothed copies."""

_EVEN = 0.6
"""Noise in calm blocks is at least this share of what textured blocks have beyond their forecast."""

_SMOOTH = 1.35
"""Growth, in octaves an octave of distance, above which a picture is blurred."""

_CERTAIN = 2.5
"""Odds of the coding against which noise is not told: what is missing was lost by blurring or by coarse coding."""

_FEW_LEVELS, _MOST_OF_THEM, _MOST_OF_A_DRAWING = 140, 0.85, 0.69
"""Levels of what was reduced to few colors, and the share of its source that is of as many most frequent levels, at
most; and that share where most of the source is nearly of the same levels, as that of a coded drawing."""

_NEARLY, _MOST_NEAR = 2.0, 0.72
"""Gray levels that coding changes most pixels by, and the share of them: 0.8 of drawings, of a quality of 40 too."""

_LOST, _LOST_AT = 0.55, 16
"""Share of a file's steps that coefficients differ by, at its finest steps, of which so many are looked at, up to which
they were lost in saving it; where noise of more than that was added it is larger."""

_FINEST = 1.1
"""Times the middle differences by which those of the shortest waves are larger where they were lost in saving."""

_DARKEST, _BRIGHTEST = 6.0, 248.0
"""Mean gray levels of blocks that can show noise."""

_MORE = 1.3
"""A noisy copy has this much more fine structure in calm blocks than its source."""

_OF_MEDIAN = 1.48
"""Standard deviation over the median of the magnitudes, of what is normally distributed."""

_LAGS = (2, 4, 8)
_NATURAL = 0.6
"""Growth, in octaves an octave of distance, that photographs have and sharpened ones have not."""

_BETWEEN = 0.75
"""Growth between that of a sharpened picture and that of its source."""

_HARSH = 0.35
"""Growth that is found in few photographs."""

_LESS = 0.12
"""By how much less than its source's a sharpened copy's differences grow."""

_AS_FINE = 1.5
"""A picture that is explained by its own coding, and has less fine structure by this factor, was smoothed."""


def by_noise(first: Forecast, second: Forecast, one: Coding, other: Coding, coded: Account) -> tuple[int, str]:
    """Tell which of two pictures was treated.

    Parameters
    ----------
    first, second
        Each picture foretold from the other.
    one, other
        How their files are coded.
    coded
        What their coding says.

    Returns
    -------
    1 when the second was made from the first, -1 when the first was made from the second, 0 for neither; and how.
    """
    if coded.odds > -_CERTAIN and not coded.explains_second and _noisy(second, one, smoothed=coded.explains_first):
        return 1, "covered with noise"
    if coded.odds < _CERTAIN and not coded.explains_first and _noisy(first, other, smoothed=coded.explains_second):
        return -1, "covered with noise"
    return 0, ""


def by_levels(first: Forecast, second: Forecast, one: Coding, other: Coding) -> tuple[int, str]:
    """Tell which of two pictures has few colors left of those of the other; as in `by_noise`."""
    if one.reduction == 1 and one.fidelity > 100 and _has_few_of(first):
        return -1, "few colors left"
    if other.reduction == 1 and other.fidelity > 100 and _has_few_of(second):
        return 1, "few colors left"
    return 0, ""


def by_sharpness(first: Forecast, second: Forecast) -> tuple[int, str]:
    """Tell which of two pictures was sharpened; as in `by_noise`."""
    one, other = _growth(first.copy), _growth(second.copy)
    low, high = min(one, other), max(one, other)
    sharpened = (low < _NATURAL <= high and (low + high) / 2 < _BETWEEN) or (low < _HARSH and high < _NATURAL + _LESS)
    if not sharpened or high - low < _LESS:
        return 0, ""
    return (1 if other < one else -1), "sharpened"


def _has_few_of(copy: Forecast) -> bool:
    """Return whether a copy has few levels, and its source many that are about as frequent.

    A coded drawing has many levels as well, but most of it is of as few as the drawing itself, or nearly.
    """
    counts, before = (np.bincount(plane.astype(np.uint8).ravel(), minlength=256) for plane in (copy.copy, copy.source))
    few = int(np.count_nonzero(counts))
    near = float((np.abs(copy.copy - copy.toned) <= _NEARLY).mean())
    most = _MOST_OF_THEM if near < _MOST_NEAR else _MOST_OF_A_DRAWING
    return few <= _FEW_LEVELS and bool(np.sort(before)[-few:].sum() < most * before.sum())


def _noisy(copy: Forecast, source: Coding, *, smoothed: bool) -> bool:
    """Return whether a copy has noise that its source has not.

    Parameters
    ----------
    source
        How the source's file is coded: a coarse coding would have removed the noise from a copy of this picture.
    smoothed
        Whether the source may be this picture, smoothed.
    """
    beyond = _in_blocks((copy.copy - copy.predicted) ** 2)
    levels = _in_blocks(copy.source)
    texture = _in_blocks(copy.source**2) - levels**2
    inside = (levels > _DARKEST) & (levels < _BRIGHTEST) & untouched(copy)
    if inside.mean() < 0.5:
        return False
    calm = inside & (texture <= np.quantile(texture[inside], 0.25))
    busy = inside & (texture >= np.quantile(texture[inside], 0.75))
    noise = float(np.sqrt(np.median(beyond[calm])))
    # What a file lost by a coding that is not known may be as much as half a step.
    lost = _step_of(source) / (4 if source.known else 2)
    least = max(lost, _LEAST_NOISE if source.reduction == 1 else _LEAST_NOISE_REDUCED)
    if noise < least or noise < _EVEN * float(np.sqrt(np.median(beyond[busy]))):
        return False
    if _growth(copy.source) > _SMOOTH or _lost_in_saving(waves_of(copy.copy - copy.predicted, calm), source):
        return False
    if follows_texture(copy):
        return False
    if smoothed and _steps(copy.copy).mean() > _AS_FINE * _steps(copy.source).mean():
        return False
    return float(np.median(_steps(copy.copy)[calm])) > _MORE**2 * float(np.median(_steps(copy.source)[calm]))


def _lost_in_saving(differences: Floats, coding: Coding) -> bool:
    """Return whether differences of coefficients, of shape (n, 8, 8), are what a file lost when it was saved."""
    typical = _OF_MEDIAN * np.median(np.abs(differences), axis=0)
    steps = steps_of(_as_coded(coding))
    finest = np.argsort(steps.ravel(), kind="stable")[: _LOST_AT + 1]
    finest = finest[finest > 0]
    small = float(np.median((typical / steps).ravel()[finest])) < _LOST
    return small and float(typical[4:, 4:].mean()) > _FINEST * float(typical.ravel()[finest].mean())


def _as_coded(coding: Coding) -> Coding:
    """Return the coding of a JPEG that leaves as much as a file of any format."""
    return Coding(quality=coding.fidelity if coding.fidelity <= 100 else 0, fidelity=coding.fidelity)


def _step_of(coding: Coding) -> float:
    """Return a middle step of the table by which a file is quantized, or would be at its fidelity; 1 for none."""
    return float(steps_of(_as_coded(coding))[2, 2])


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
