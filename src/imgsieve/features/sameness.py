"""Which of two copies of one size was made from the other.

The first sign that speaks decides, the surest first: coding that tells all of the difference; few colors; what is
written over; noise; the lattice of coefficients; coding that tells most of it; smoothing; sharpness; and which file
lost more. See the modules of these names, and `imgsieve.features.treatment`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from imgsieve.features.coding import Account, Coding, by_coding
from imgsieve.features.lattice import by_lattice, scale_of, speaks
from imgsieve.features.orientation import compose_inverse, orient
from imgsieve.features.overwriting import NEITHER, OF_FIRST, by_loss, by_overlay
from imgsieve.features.prediction import Forecast, forecast
from imgsieve.features.smoothing import by_smoothing
from imgsieve.features.structure import fine_energy
from imgsieve.features.treatment import by_levels, by_noise, by_sharpness

__all__ = ["ROUNDED", "by_one_size"]

Plane = NDArray[np.uint8]
Made = tuple[int, str]

ROUNDED = "saved again"
"""How a copy was made that is just what its source was rounded to, but for what was written over."""

_WRECKED, _COARSE = 40, 60
"""JPEG qualities below which nothing much is made from a file, and below which fine structure is lost in saving."""


_OVERRULING = 0.2
"""Odds of the coding of two JPEGs against which the lattice does not count."""

_FINER = 1.25
"""Times the fine structure of a copy that its original has when the copy was blurred, or the original sharpened."""

_ONE_WAY, _FOLLOWS = 1.4, -0.75
"""Odds of the coding from which a picture does not follow at all from the one that would be its source, and the mean
log-likelihood from which that follows from it: originals follow from sharpened copies, and not from blurred ones."""

_UNLIKELY = -2.1
"""Mean log-likelihood of a copy below which more was done to it than to code it."""


def by_one_size(
    first: Plane,
    turned: Plane,
    second: Plane,
    orientation: int,
    codings: tuple[Coding, Coding],
    colors: tuple[Plane | None, Plane | None],
) -> Made:
    """Tell which of two copies of one size was made from the other.

    Parameters
    ----------
    first, turned
        Luma of one shape (h, w), uint8, the second picture turned as the first.
    second
        The second picture as it lies in its file, on its own grid of blocks.
    orientation
        Turns the second into the first.
    codings
        How their files are coded.
    colors
        The middle of both, in color, as they lie in their files.

    Returns
    -------
    As `imgsieve.features.provenance.made_from`.
    """
    (one, other), back = codings, compose_inverse(orientation)
    theirs, ours = _turned(colors[1], orientation), _turned(colors[0], back)
    upright = np.ascontiguousarray(orient(first, back))
    forecasts = forecast(first, turned, theirs), forecast(second, upright, ours)
    coded = by_coding(*forecasts, one, other, transposed=orientation % 2 == 1)
    signs = _signs(first, turned, forecasts, coded, one, other)
    return next((sign for sign in signs if sign[0] != NEITHER), (NEITHER, ""))


def _signs(
    first: Plane, turned: Plane, forecasts: tuple[Forecast, Forecast], coded: Account, one: Coding, other: Coding
) -> Iterator[Made]:
    """Yield what each sign says."""
    blurred = coded.made != NEITHER and _blurred(forecasts, coded.made, other if coded.made == OF_FIRST else one)
    told = coded.made != NEITHER and not blurred
    if told and coded.plain:
        yield coded.made, ROUNDED
    yield by_levels(*forecasts, one, other)
    yield by_overlay(first, turned)
    yield _if_credible(by_noise(*forecasts, one, other, coded), one, other)
    coarse, fine = scale_of(one.quality), scale_of(other.quality)
    lattice = by_lattice(first, turned, coarse, fine)
    overruled = told and min(one.quality, other.quality) > 0 and abs(coded.odds) >= _OVERRULING
    if not overruled or lattice == coded.made:
        yield lattice, "edited and saved again"
    if told:
        yield coded.made, "edited and saved again"
    if blurred and abs(coded.odds) >= _ONE_WAY and max(coded.likely_first, coded.likely_second) >= _FOLLOWS:
        yield coded.made, "smoothed"
    yield by_smoothing(*forecasts)
    # A picture that was decoded smaller is as harsh as a sharpened one.
    if one.reduction == 1:
        yield _if_credible(by_sharpness(*forecasts), one, other)
    better = one.fidelity - other.fidelity
    if better * coded.odds < 0 or blurred or not _may_be_coding(coded, one, other, better):
        return
    yield _if_credible(by_loss(first, turned, better, tones_may_differ=not speaks(max(coarse, fine))), one, other)


def _turned(colors: Plane | None, orientation: int) -> Plane | None:
    return None if colors is None else np.ascontiguousarray(orient(colors, orientation))


def _if_credible(sign: Made, one: Coding, other: Coding) -> Made:
    """Return a sign, or none of what would have been made from a much more coarsely coded file, a wreck of it."""
    source, copy = (one, other) if sign[0] == OF_FIRST else (other, one)
    return sign if source.fidelity >= _WRECKED or copy.fidelity < _WRECKED else (NEITHER, "")


def _may_be_coding(coded: Account, one: Coding, other: Coding, better: int) -> bool:
    """Return whether coding may be what the one that lost more by it differs by, as far as that is known."""
    copy = coded.likely_second if better > 0 else coded.likely_first
    return copy >= _UNLIKELY or not (one.known and other.known)


def _blurred(forecasts: tuple[Forecast, Forecast], made: int, coding: Coding) -> bool:
    """Return whether the one that would have been made is the smoother one, and not for its coarse coding.

    An original is foretold from its sharpened copy nearly as well as a blurred copy from its original.
    """
    if coding.fidelity < _COARSE:
        return False
    original, copy = forecasts if made == OF_FIRST else forecasts[::-1]
    fine = [fine_energy(np.clip(part.copy, 0, 255).astype(np.uint8)) for part in (original, copy)]
    return fine[0] > _FINER * fine[1]
