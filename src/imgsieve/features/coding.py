"""Which of two copies of one size is explained by its own coding.

A file that was made from another one holds what the edit gives, rounded to the steps of its own quantization table. So
its coefficients lie in the very cells in which those foretold from the original lie, and its original, foretold from
it, does not: there, the difference has nothing to do with the original's steps. The likelihoods of both directions are
compared, as in a description of least length: the first file of a pair costs as many bits as its steps are fine, the
second one only what the first does not foretell (J. Rissanen, "Modeling by shortest data description", Automatica 1978,
doi:10.1016/0005-1098(78)90005-5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgsieve.features.prediction import Forecast

__all__ = ["Account", "Coding", "by_coding", "steps_of", "untouched", "waves_of"]

Floats = NDArray[np.float32]

_STANDARD = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
"""Steps of the JPEG standard's luminance table (ITU-T T.81, K.1), which coders scale."""

_ROWS, _COLUMNS = np.nonzero(np.isin(np.add.outer(np.arange(8), np.arange(8)), np.arange(1, 8)))
"""Frequencies of a block that are asked: rows and columns of its transform."""

_CLEARLY = 1.2
"""Only coefficients count that are larger than this many steps of either file: whether a small one was rounded to
zero says little, as there are so many."""

_LEAST_SIZE = 2.0
_LEAST_COEFFICIENTS = 60
_EXACT, _ERRORS = (0.2, 0.001), ((0.6, 0.02), (1.2, 0.02))
"""By how much a forecast may be off: the standard deviation, in gray levels, of what rounding of pixels and colors adds
to a coefficient, and a share of the coefficient. The likeliest counts: a copy that was only saved again is what its
original was rounded to, one whose tones were changed does not follow as exactly."""

_SNAPPING = 2.0
"""Steps from which it is plain which multiple a coefficient was rounded to, whatever rounding of pixels did since."""

_ODD = 0.05
"""Share of coefficients that may follow no forecast."""

_TOUCHED = 2.5
"""Blocks that differ by more than this many times the median were written over, and do not count."""

_LEAST_DIFFERENCE = 1.5

_EXPLAINED = -1.0
"""Mean log-likelihood of a coefficient from which a copy is explained by its own coding. Copies have -0.4 to -1.0 when
tones are changed, saved or sized anew; what was changed pixel by pixel has -1.2 to -6."""

_NEARLY_EXPLAINED, _CLEAR_ODDS = -1.35, 0.5
"""The same, where the odds are as clear as this."""

_AS_CODED, _PLAIN_ODDS = -0.25, 0.1
"""Mean log-likelihood of a copy that is just what its source was rounded to, and odds that are clear then."""

_UNEXPLAINED, _UNKNOWN_CODING = -1.5, -4.5
"""Mean log-likelihoods below which a picture is not explained by its own coding, and from which a picture of unknown
coding may differ by that coding alone."""

_SHINING = -0.5
"""Mean log-likelihood from which a picture's own steps are seen in another one, which then need not be explained."""

_MARGIN, _MARGIN_INEXACT, _INEXACT = 0.035, 0.1, -0.6
"""Difference of the mean log-likelihoods that tells which is the copy; several thousand coefficients have one. More is
asked of a copy with less than the third: what was done to it is known only nearly."""

_MARGIN_OF_CONTRAST = 0.15
"""What is added to it for each factor of e by which contrasts differ: what a forecast errs by grows with them."""

_LOGISTIC = np.float32(1.702)
"""With this factor the logistic function is within 0.01 of the normal distribution's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the coding of two files says."""

    made: int
    """1 when the second was made from the first, -1 when the first was made from the second, 0 for neither."""
    odds: float
    """Mean difference of the log-likelihoods, above 0 where the second is likelier a copy; 0 where it is not known."""
    likely_first: float
    """Mean log-likelihood of a coefficient of the first, as a copy of the second; not above 0."""
    likely_second: float

    @property
    def plain(self) -> bool:
        """Whether one of both is just what the other was rounded to when it was saved."""
        likely = self.likely_second if self.odds > 0 else self.likely_first
        return self.made != 0 and abs(self.odds) >= _PLAIN_ODDS and likely >= _AS_CODED

    @property
    def explains_first(self) -> bool:
        """Whether the first may have been made from the second, by a change of tones or sharpness."""
        return self.likely_first >= _EXPLAINED

    @property
    def explains_second(self) -> bool:
        """Whether the second may have been made from the first, by a change of tones or sharpness."""
        return self.likely_second >= _EXPLAINED


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How a file is coded."""

    quality: int
    """JPEG quality by which it was saved, 0 for other formats."""
    fidelity: int
    """How much of a picture its coding leaves: its JPEG quality, 101 where nothing is lost."""
    reduction: int = 1
    """By how much smaller than it is the file was decoded; its steps are not seen then."""

    @property
    def known(self) -> bool:
        """Whether it is known to what its pixels were rounded."""
        return self.reduction == 1 and (self.quality > 0 or self.fidelity > 100)


def steps_of(coding: Coding) -> Floats:
    """Return the steps of a file's luminance table: shape (8, 8); ones where nothing but pixels was rounded."""
    if coding.quality <= 0:
        return np.ones((8, 8), np.float32)
    percent = 5000 / coding.quality if coding.quality < 50 else 200 - 2 * coding.quality
    return np.asarray(np.clip(np.floor((_STANDARD * percent + 50) / 100), 1, 255), np.float32)


def by_coding(first: Forecast, second: Forecast, one: Coding, other: Coding, *, transposed: bool) -> Account:
    """Tell which of two files is explained by its own coding.

    Parameters
    ----------
    first, second
        Each file foretold from the other, on its own grid of blocks.
    one, other
        How they are coded.
    transposed
        Whether the rows of one are the columns of the other.
    """
    steps_one, steps_other = steps_of(one), steps_of(other)
    likely_one, gain_one, count_one = _likelihood(first, steps_one, steps_other.T if transposed else steps_other)
    likely_other, gain_other, count_other = _likelihood(second, steps_other, steps_one.T if transposed else steps_one)
    if min(count_one, count_other) < _LEAST_COEFFICIENTS or not (one.known or other.known):
        return Account(made=0, odds=0.0, likely_first=likely_one, likely_second=likely_other)
    if not (one.known and other.known):
        likely = (likely_one, likely_other) if one.known else (likely_other, likely_one)
        made = int(_made_by_unknown(*likely)) * (1 if one.known else -1)
        return Account(made=made, odds=0.0, likely_first=likely_one, likely_second=likely_other)
    odds = likely_other - likely_one + (gain_other - gain_one) / 2
    contrast = abs(float(np.log((second.copy.std() + 1) / (first.copy.std() + 1))))
    explained, source = (likely_other, likely_one) if odds > 0 else (likely_one, likely_other)
    margin = _MARGIN if explained >= _INEXACT else _MARGIN_INEXACT
    enough = _EXPLAINED if abs(odds) < _CLEAR_ODDS else _NEARLY_EXPLAINED
    told = abs(odds) >= margin + _MARGIN_OF_CONTRAST * contrast
    made = int(np.sign(odds)) if told and (explained >= enough or source >= _SHINING) else 0
    return Account(made=made, odds=odds, likely_first=likely_one, likely_second=likely_other)


def _made_by_unknown(known: float, unknown: float) -> bool:
    """Return whether a file was made from another one, where it is not known to what its pixels were rounded.

    So it is with WebP. Of the other way round nothing is said: what a coarse coding left fits a finer one as well.

    Parameters
    ----------
    known, unknown
        Mean log-likelihoods of both as copies, of the latter as if only its pixels were rounded.
    """
    return known < _UNEXPLAINED and unknown >= _UNKNOWN_CODING


def _likelihood(of: Forecast, own: Floats, of_source: Floats) -> tuple[float, float, int]:
    """Return how likely a copy is, were it made from its source.

    Returns
    -------
    Mean log-likelihood of a coefficient; mean logarithm of the source's steps, as the edit scales them, over the
    copy's; and the number of coefficients.
    """
    same = untouched(of)
    copy, before, toned, forecast = (
        _coefficients(plane, same) for plane in (of.copy, of.source, of.toned, of.predicted)
    )
    scale = np.sqrt((forecast**2).sum(axis=0) / np.maximum((before**2).sum(axis=0), 1e-6))
    steps, source_steps = own[_ROWS, _COLUMNS], of_source[_ROWS, _COLUMNS] * scale
    least = np.maximum(_CLEARLY * np.maximum(steps, source_steps), _LEAST_SIZE)
    asked = np.maximum(np.abs(copy), np.abs(forecast)) > least
    counts = asked.sum(axis=0)
    count = int(counts.sum())
    if count == 0:
        return 0.0, 0.0, 0
    found, step = copy[asked], np.broadcast_to(steps, copy.shape)[asked]
    snapped = _snapped(found, step)
    likely = max(_logarithm(snapped, plane[asked], step, *_EXACT) for plane in (before, toned))
    likely = max(likely, *(_logarithm(found, forecast[asked], step, *errors) for errors in _ERRORS))
    if likely < _AS_CODED:
        others = [_coefficients(plane, same)[asked] for plane in (of.shaded(), of.tinted()) if plane is not None]
        likely = max(likely, *(_logarithm(found, plane, step, *errors) for plane in others for errors in _ERRORS))
    blur = np.float32(2 * _ERRORS[0][0] ** 2)
    gains = 0.5 * np.log((source_steps**2 + blur) / (steps**2 + blur))
    return likely, float((counts * gains).sum() / count), count


def _snapped(copy: Floats, step: Floats) -> Floats:
    """Return coefficients without what rounding of pixels did to them, where their steps are larger than that."""
    return np.asarray(np.where(step >= _SNAPPING, step * np.rint(copy / step), copy), np.float32)


def _logarithm(copy: Floats, forecast: Floats, step: Floats, rounding: float, imprecision: float) -> float:
    """Return the mean log-likelihood of coefficients: that what was foretold was rounded to what was found."""
    spread = np.sqrt(np.float32(rounding**2) + (np.float32(imprecision) * forecast) ** 2)
    off, half = copy - forecast, step / 2
    cell = _share_below((off + half) / spread) - _share_below((off - half) / spread)
    reach = 3 * np.maximum(np.float32(3), step)
    odd = np.exp(-np.abs(off) / reach) * step / (2 * reach)
    return float(np.log(np.float32(1 - _ODD) * cell + np.float32(_ODD) * odd + np.float32(1e-12)).mean())


def _share_below(deviations: Floats) -> Floats:
    """Return the share of a normal distribution below a number of its standard deviations, nearly."""
    return np.asarray(1 / (1 + np.exp(-_LOGISTIC * np.clip(deviations, -40, 40))), np.float32)


def untouched(of: Forecast) -> NDArray[np.bool_]:
    """Return which blocks of 8 x 8 pixels differ no more than most do: shape (rows, columns)."""
    differences = _blocks(np.abs(of.copy - of.predicted)).mean(axis=(2, 3))
    return np.asarray(differences <= max(_TOUCHED * float(np.median(differences)), _LEAST_DIFFERENCE))


def _blocks(plane: Floats) -> Floats:
    """Return whole blocks of 8 x 8 pixels: shape (rows, columns, 8, 8)."""
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    return plane[: 8 * rows, : 8 * columns].reshape(rows, 8, columns, 8).swapaxes(1, 2)


def _coefficients(plane: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Return the DCT coefficients of chosen blocks at the frequencies that are asked: shape (n, 35)."""
    return waves_of(plane, chosen)[:, _ROWS, _COLUMNS]


def waves_of(plane: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Return all DCT coefficients of chosen blocks: shape (n, 8, 8)."""
    return np.asarray(_WAVES @ _blocks(plane)[chosen] @ _WAVES.T, np.float32)


def _waves() -> Floats:
    """Return the waves of the 8-point DCT, one a row: shape (8, 8)."""
    n = np.arange(8)
    waves = 0.5 * np.cos((2 * n[None, :] + 1) * n[:, None] * np.pi / 16)
    waves[0] = np.sqrt(1 / 8)
    return waves.astype(np.float32)


_WAVES = _waves()
