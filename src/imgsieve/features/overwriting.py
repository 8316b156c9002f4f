"""Which of two copies of one size was made from the other, by what they show.

- *Overlay.* Where two pictures agree but for a few places, and one of them has more structure there, it was written
  over: a caption, a stamp, a sticker.
- *Coding.* Where both are as fine and of the same tones, the file that lost more by its coding was made from the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imgsieve.features.structure import block_figures, mean_and_deviation

__all__ = ["NEITHER", "OF_FIRST", "OF_SECOND", "by_content"]

NEITHER, OF_FIRST, OF_SECOND = 0, 1, -1
"""Nothing is known; the second was made from the first; the first was made from the second."""

_MOST_WRITTEN_OVER = 0.35
"""Share of the blocks that an overlay may cover and still count as one."""

_MORE_STRUCTURE = 1.3
_AS_FINE = 1.25
_TONES, _CONTRAST = 8.0, 0.1
"""Gray levels, and share of the contrast, by which pictures of the same tones may differ."""

Plane = NDArray[np.uint8]


def by_content(first: Plane, second: Plane, better_coded: int, *, tones_may_differ: bool) -> tuple[int, str]:
    """Tell which of two aligned pictures of one size was made from the other.

    Parameters
    ----------
    first, second
        Luma of shape (h, w), uint8.
    better_coded
        By how much the coding of the first leaves more than that of the second, in points of JPEG quality.
    tones_may_differ
        Whether coding may decide between pictures of different tones: where their steps could not speak.

    Returns
    -------
    One of `OF_FIRST`, `OF_SECOND` and `NEITHER`, and how it was made.
    """
    fine_one, fine_other, difference = block_figures(first, second)
    if fine_one.size == 0:
        return NEITHER, ""
    ratio = float(np.median(fine_one + 0.1) / np.median(fine_other + 0.1))
    (mean_one, deviation_one), (mean_other, deviation_other) = mean_and_deviation(first), mean_and_deviation(second)
    spread = (deviation_one + 1) / (deviation_other + 1)
    if not 1 / _AS_FINE < ratio / spread**2 < _AS_FINE:
        return NEITHER, ""
    toned = abs(mean_one - mean_other) > _TONES or abs(np.log(spread)) > _CONTRAST
    # Blocks that differ far more than most do.
    covered = difference > 5 * float(np.median(difference)) + 6
    if not toned and 0 < covered.mean() < _MOST_WRITTEN_OVER:
        there_one, there_other = float(fine_one[covered].mean()), float(fine_other[covered].mean())
        if there_one > _MORE_STRUCTURE * there_other:
            return OF_SECOND, "written over"
        if there_other > _MORE_STRUCTURE * there_one:
            return OF_FIRST, "written over"
    if better_coded == 0 or (toned and not tones_may_differ):
        return NEITHER, ""
    return (OF_FIRST if better_coded > 0 else OF_SECOND), "saved more coarsely"
