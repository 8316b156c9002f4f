"""Which of two copies of one size was made from the other, by what they show.

- *Overlay.* Where two pictures agree but for a few places, what was laid over one of them ends at the border of these
  places: a caption, a stamp, a sticker, a bar, large squares that hide a face. What lies beneath goes on there.
- *Loss.* Where both are as fine and of the same tones, the file that lost more by its coding was made from the other.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.features.structure import block_figures, mean_and_deviation

__all__ = ["NEITHER", "OF_FIRST", "OF_SECOND", "by_loss", "by_overlay"]

NEITHER, OF_FIRST, OF_SECOND = 0, 1, -1
"""Nothing is known; the second was made from the first; the first was made from the second."""

_LEAST_WRITTEN_OVER, _MOST_WRITTEN_OVER = 0.002, 0.35
"""Share of the pixels that an overlay covers."""

_PLAINLY, _OFTEN = 12.0, 4.0
"""Gray levels by which pixels differ that were written over, beside so many times the median."""

_GAP = 9
"""Pixels up to which what lies between such pixels counts as one of them."""

_LEAST_BORDER = 60
"""Pixels along the border of an overlay."""

_STEEPER = 2.5
"""Times the mean square step at that border in the picture beneath. Of 76 pictures that were written over or stamped,
or have stickers or a logo, 63 have more, and no other has as much less."""

_ABRUPT = 0.7
"""Share of that step which is one of the difference as well. What was only darkened steps where the other does."""

_AS_FINE = 1.25
_TONES, _CONTRAST = 8.0, 0.1
"""Gray levels, and share of the contrast, by which pictures of the same tones may differ."""

Plane = NDArray[np.uint8]


def by_overlay(first: Plane, second: Plane) -> tuple[int, str]:
    """Tell which of two aligned pictures of one size was written over.

    Parameters
    ----------
    first, second
        Luma of shape (h, w), uint8.

    Returns
    -------
    One of `OF_FIRST`, `OF_SECOND` and `NEITHER`, and how it was made.
    """
    difference = cv2.blur(cv2.absdiff(first, second), (3, 3))
    limit = _PLAINLY + _OFTEN * float(np.median(difference[::4, ::4]))
    covered = cv2.morphologyEx((difference > limit).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((_GAP, _GAP), np.uint8))
    if not _LEAST_WRITTEN_OVER <= covered.mean() <= _MOST_WRITTEN_OVER or not _as_fine(first, second, covered == 0):
        return NEITHER, ""
    outline = cv2.morphologyEx(covered, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero(outline[2:-2, 2:-2])
    if len(rows) < _LEAST_BORDER:
        return NEITHER, ""
    apart = np.subtract(first, second, dtype=np.int16)
    one, other, between = (_steepness(plane, rows + 2, columns + 2) for plane in (first, second, apart))
    if max(one, other) < _STEEPER * min(one, other) or between < _ABRUPT * max(one, other):
        return NEITHER, ""
    return (OF_SECOND if one > other else OF_FIRST), "written over"


def by_loss(first: Plane, second: Plane, better_coded: int, *, tones_may_differ: bool) -> tuple[int, str]:
    """Tell which of two aligned pictures of one size lost more by its coding; as in `by_overlay`.

    Parameters
    ----------
    better_coded
        By how much the coding of the first leaves more than that of the second, in points of JPEG quality.
    tones_may_differ
        Whether coding may decide between pictures of different tones: where their steps could not speak.
    """
    if better_coded == 0 or not (tones_may_differ or _of_same_tones(first, second)) or not _as_fine(first, second):
        return NEITHER, ""
    return (OF_FIRST if better_coded > 0 else OF_SECOND), "saved more coarsely"


def _steepness(picture: NDArray[np.integer], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> float:
    """Return the mean square step over four pixels, across plus down, at some places; 1 and up."""
    across = picture[rows, columns + 2].astype(np.float64) - picture[rows, columns - 2]
    down = picture[rows + 2, columns].astype(np.float64) - picture[rows - 2, columns]
    return float(np.mean(across**2 + down**2)) + 1


def _as_fine(first: Plane, second: Plane, clear: NDArray[np.bool_] | None = None) -> bool:
    """Return whether two pictures have as much fine structure in most of their blocks, but for their contrast.

    That is asked of clear pixels, of all by default.
    """
    fine_one, fine_other, _ = block_figures(first, second)
    if fine_one.size == 0:
        return False
    ratio = float(np.median((fine_one + 0.1) / (fine_other + 0.1)))
    spread = _spread(first, second) if clear is None else _spread(first[clear], second[clear])
    return 1 / _AS_FINE < ratio / spread**2 < _AS_FINE


def _of_same_tones(first: Plane, second: Plane) -> bool:
    """Return whether two pictures are as light and have as much contrast."""
    off = abs(mean_and_deviation(first)[0] - mean_and_deviation(second)[0])
    return off <= _TONES and abs(float(np.log(_spread(first, second)))) <= _CONTRAST


def _spread(first: Plane, second: Plane) -> float:
    """Return the contrast of one picture over that of another."""
    one, other = (mean_and_deviation(np.atleast_2d(picture))[1] for picture in (first, second))
    return float((one + 1) / (other + 1))
