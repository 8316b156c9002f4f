"""Stage 5's strongest evidence: which of two verified copies was made from the other.

A copy can be made from its original, and hardly ever the other way round. The first of these that speaks decides:

- *Frame.* Of two pictures of which one lies within the other, it was cut out where the other goes on around it, and the
  other was framed where it does not. See `imgsieve.features.continuation`.
- *Detail.* Of two sizes, the larger is the original when the smaller, enlarged, is less detailed; otherwise it was
  enlarged, and perhaps sharpened.
- *Sameness.* Of two copies of one size, see `imgsieve.features.sameness`.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.features.alignment import Matrix, corners_of, invert
from imgsieve.features.coding import Coding
from imgsieve.features.continuation import ends_at_its_border
from imgsieve.features.orientation import compose_inverse, orient
from imgsieve.features.overwriting import NEITHER, OF_FIRST, OF_SECOND
from imgsieve.features.placement import Placement, reduced, straightened
from imgsieve.features.prediction import forecast
from imgsieve.features.sameness import ROUNDED, by_one_size
from imgsieve.features.structure import fine_energy

__all__ = ["NEITHER", "OF_FIRST", "OF_SECOND", "made_from", "weight_of"]

Plane = NDArray[np.uint8]

_SAME_SCALE = 0.02
_SAME_TILT = 0.5
"""Degrees."""
_CONTAINED = 0.97
_PLAIN = 0.75
_WHOLE = 0.985
_LESS_DETAIL, _AS_MUCH_DETAIL = 0.945, 0.965
"""Share of the fine structure of the larger of two sizes up to which the smaller one has less, and from which it has as
much; between them nothing is said."""
_MUCH_LESS_DETAIL = 0.8
"""The same where one lies within the other: saving an enlarged part adds structure."""
_LEAST_SHOWN = 0.1
"""Share of a frame from which it may show a picture with more detail than that has, and be one."""
_SHARPER_WHEN_REDUCED = 1.2
"""A picture that was enlarged and sharpened is this much finer, once reduced, than what it was made from."""
_TELLING_SIDE = 32
"""Pixels of the shorter side below which there are too few blocks to look at: what is coded as JPEG was made from what
is not."""

_WEAK = frozenset({"covered with noise", "saved more coarsely", "sharpened", "written over"})

_FORETOLD = 0.5
"""Share of its fine structure that an enlarged picture may have beyond what is foretold from the smaller one."""


def weight_of(how: str) -> int:
    """Return how much a verdict says, by how a copy was made: 1, 2 or 4.

    Of several hundred verdicts on copies of photographs one in twelve of the weakest was wrong, one in fifty of most
    others, and none of those on files that are just what their source was rounded to.
    """
    return 4 if how == ROUNDED else 1 if how in _WEAK else 2


def made_from(
    first: Plane,
    second: Plane,
    orientation: int,
    placement: Placement,
    one: Coding,
    other: Coding,
    colors: tuple[Plane | None, Plane | None] = (None, None),
) -> tuple[int, str]:
    """Tell which of two copies was made from the other.

    Parameters
    ----------
    first, second
        Luma of shape (h, w), uint8, as they were decoded: at full scale, or reduced as their codings tell. Reduced ones
        are told by their frames, by what is written over them, and by noise and sharpness; not by their steps.
    orientation
        Turns the second into the first.
    one, other
        How their files are coded.
    colors
        The middle of both in color, shape (h, w, 3), as `imgsieve.features.prediction.middle_of` cuts it.

    Returns
    -------
    One of `OF_FIRST`, `OF_SECOND` and `NEITHER`, and how it was made.
    """
    height, width = (side * other.reduction for side in (second.shape[::-1] if orientation % 2 else second.shape))
    placement, orientation = straightened(placement, orientation, width, height)
    turned = np.ascontiguousarray(orient(second, orientation))
    if turned.shape == first.shape and min(first.shape) < _TELLING_SIDE:
        made = OF_SECOND if one.quality else OF_FIRST
        return (made, "saved again") if bool(one.quality) != bool(other.quality) else (NEITHER, "")
    scale = float(np.sqrt(placement.scale_x * placement.scale_y))
    sized = abs(scale - 1) > _SAME_SCALE or abs(placement.scale_x / placement.scale_y - 1) > _SAME_SCALE
    whole = min(placement.coverage_first, placement.coverage_second)
    apart = whole < (_CONTAINED if sized else _WHOLE) or abs(placement.tilt) > _SAME_TILT
    if sized and not apart:
        # Of a picture that was decoded smaller it is not known how much more it has.
        (larger, smaller), small = ((first, turned), other) if scale > 1 else ((turned, first), one)
        seen = small.reduction == 1 and larger.size > smaller.size
        return _by_detail(first, turned) if seen else (NEITHER, "")
    reduction = max(one.reduction, other.reduction)
    if reduction > 1:
        first, turned = _as_small(first, reduction / one.reduction), _as_small(turned, reduction / other.reduction)
        one, other = (replace(coding, quality=0, reduction=reduction) for coding in (one, other))
        second = orient(turned, compose_inverse(orientation))
    if apart:
        return _by_frame(first, turned, reduced(placement, reduction), sized=sized)
    if first.shape != turned.shape:
        return NEITHER, ""
    return by_one_size(first, turned, np.ascontiguousarray(second), orientation, (one, other), colors)


def _as_small(luma: Plane, factor: float) -> Plane:
    """Return a picture reduced by a factor, in whole pixels, the last of which may be part of one."""
    if factor <= 1:
        return luma
    size = int(np.ceil(luma.shape[1] / factor)), int(np.ceil(luma.shape[0] / factor))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def _by_frame(first: Plane, second: Plane, placement: Placement, *, sized: bool) -> tuple[int, str]:
    """Tell a cutting from its original, and a framed picture from what it frames."""
    one, other = placement.coverage_first, placement.coverage_second
    if other > one + 0.01 and other > _CONTAINED:
        more = _more_detail(first, second, placement.matrix) if sized else 0
        return _within(first, corners_of(second, placement.map), placement.plain_first, OF_FIRST, more)
    if one > other + 0.01 and one > _CONTAINED:
        more = -_more_detail(first, second, placement.matrix) if sized else 0
        return _within(second, corners_of(first, invert(placement.map)), placement.plain_second, OF_SECOND, more)
    if placement.plain_first > _PLAIN >= placement.plain_second:
        return OF_SECOND, "turned within its frame"
    if placement.plain_second > _PLAIN >= placement.plain_first:
        return OF_FIRST, "turned within its frame"
    return NEITHER, ""


def _within(outer: Plane, corners: NDArray[np.float32], plain: float, of_outer: int, more: int) -> tuple[int, str]:
    """Tell whether the outer one of two pictures frames the inner one, or the inner one was cut out.

    Parameters
    ----------
    corners
        Shape (4, 2): where the corners of the inner one lie in the outer.
    plain
        How plain the outer one is around the inner one: decides where it cannot be seen whether that goes on there.
    of_outer
        The answer if the inner one was made from the outer.
    more
        1 when the outer one shows its content with more detail, -1 when the inner one does, 0 when both are alike.
    """
    ends = ends_at_its_border(outer, corners)
    # What was enlarged to be shown, and sharpened or saved anew, looks as if it had more detail.
    if ends and (more <= 0 or cv2.contourArea(corners) > _LEAST_SHOWN * outer.size):
        return -of_outer, "framed"
    if ends is None and plain > _PLAIN and more <= 0:
        return -of_outer, "framed"
    return (of_outer, "cropped") if more >= 0 and not ends else (NEITHER, "")


def _more_detail(first: Plane, second: Plane, matrix: Matrix) -> int:
    """Return 1 when the first shows what both show with more detail, -1 when the second does, 0 for neither."""
    if abs(float(np.linalg.det(matrix[:, :2]))) >= 1:
        # A pixel of the second is more than one of the first: the second is enlarged.
        large, small, into = first, second, matrix
    else:
        large, small, into = second, first, invert(matrix)
    size = (large.shape[1], large.shape[0])
    laid = cv2.warpAffine(small, into, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.warpAffine(np.ones(small.shape, np.uint8), into, size, flags=cv2.INTER_NEAREST)
    rows, columns = (np.nonzero(seen.any(axis=axis))[0] for axis in (1, 0))
    if min(len(rows), len(columns)) < 16:
        return 0
    both = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    ratio = fine_energy(np.ascontiguousarray(laid[both])) / max(fine_energy(np.ascontiguousarray(large[both])), 1e-6)
    if ratio >= _MUCH_LESS_DETAIL:
        return 0
    return 1 if large is first else -1


def _by_detail(first: Plane, second: Plane) -> tuple[int, str]:
    """Tell a reduced or enlarged copy from its original, where both show all of the picture."""
    swapped = first.size < second.size
    large, small = (second, first) if swapped else (first, second)
    size = (large.shape[1], large.shape[0])
    enlarged = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LANCZOS4), np.uint8)
    ratio = fine_energy(enlarged) / max(fine_energy(large), 1e-6)
    if ratio >= _AS_MUCH_DETAIL:
        return (OF_FIRST if swapped else OF_SECOND), "enlarged"
    if _sharpened(large, small, enlarged):
        return (OF_FIRST if swapped else OF_SECOND), "enlarged and sharpened"
    return ((OF_SECOND if swapped else OF_FIRST), "reduced") if ratio < _LESS_DETAIL else (NEITHER, "")


def _sharpened(large: Plane, small: Plane, enlarged: Plane) -> bool:
    """Return whether a picture was enlarged and sharpened.

    Such a picture is finer than its source at the source's own size, and shows nothing that is not foretold from it.
    """
    reduced = cv2.resize(large, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    if fine_energy(np.asarray(reduced, np.uint8)) < _SHARPER_WHEN_REDUCED * fine_energy(small):
        return False
    found = forecast(large, enlarged)
    beyond, own = (_fine(plane) for plane in (found.copy - found.predicted, found.copy))
    return beyond < _FORETOLD * own


def _fine(plane: NDArray[np.float32]) -> float:
    """Return the mean square step between neighbors, across plus down."""
    return float(np.mean(np.diff(plane, axis=0) ** 2) + np.mean(np.diff(plane, axis=1) ** 2))
