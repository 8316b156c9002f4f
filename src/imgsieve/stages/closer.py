"""Stage 4, a last look: two pictures that agree are compared once more with all the detail that both have.

At the working size small print cannot be read. Two pictures of one template that differ in it alone are no copies; a
caption that only one of them bears is allowed.
"""

from __future__ import annotations

import numpy as np

from imgsieve.config import LocalConfig
from imgsieve.features.alignment import Matrix, Overlay, chained, corners_of, invert, lay_over, mended, scaling
from imgsieve.features.blocks import agreement, refit
from imgsieve.features.captions import writing_around
from imgsieve.features.keypoints import is_plausible
from imgsieve.features.orientation import orient
from imgsieve.features.strokes import strokes
from imgsieve.stages.views import View

__all__ = ["closer_look"]

_MORE = 1.5
"""Times as many strokes that a picture has of its own, when it is written over, than a captioned one; a captioned one
that is written over as well hides as many strokes as it adds."""


def closer_look(one: View, other: View, orientation: int, matrix: Matrix, config: LocalConfig) -> str:
    """Return what speaks against a copy when two pictures that agree are seen closer; empty when nothing does.

    Parameters
    ----------
    orientation
        Turns the second picture into the first.
    matrix
        Map from the turned second view to the first, both at the working size.
    """
    first, second = one.close, np.ascontiguousarray(orient(other.close, orientation))
    enlarged = scaling(one.pixels, first), scaling(second, other.turned(orientation))
    matrix = chained(enlarged[0], matrix, enlarged[1])
    overlay = lay_over(first, second, matrix)
    captions = (
        writing_around(first, corners_of(second, matrix)),
        writing_around(second, corners_of(first, invert(matrix))),
    )
    against = _differ(overlay, captions, config)
    if not against:
        return ""
    # Where the map is off by two pixels, the strokes of copies miss each other; it is mended before they are refused.
    better = _mended(matrix, overlay)
    if better is None:
        return against
    del overlay  # two of them would be most of what a thread may hold
    return _differ(lay_over(first, second, better), captions, config)


def _differ(overlay: Overlay, captions: tuple[bool, bool], config: LocalConfig) -> str:
    """Return how the writing of two pictures differs."""
    found = strokes(overlay, alone=any(captions))
    if found.exchanged >= config.min_exchanged_pixels and found.length >= config.min_exchanged_length:
        return f"other writing, seen closer: {found.exchanged} pixels of one ink that each has where the other has none"
    least = config.max_own_strokes * overlay.inside.sum()
    sides = (captions[0], found.second, found.first), (captions[1], found.first, found.second)
    if any(around and own > max(least, _MORE * hidden) for around, own, hidden in sides):
        return "one has writing around it, and the other has other writing on it"
    return ""


def _mended(matrix: Matrix, overlay: Overlay) -> Matrix | None:
    """Return the map that the shifts of an overlay's blocks ask for; None when there is none."""
    correction = refit(agreement(overlay), perspective=True)
    if correction is None:
        return None
    better = mended(matrix, overlay, correction)
    return better if is_plausible(better) else None
