"""Which of two copies of one size was made from the other, by what they show.

- *Overlay.* Where two pictures agree but for a few places, and one of them has more structure there, it was written
  over: a caption, a stamp, a sticker.
- *Coding.* Where both are as fine and of the same tones, the file that lost more by its coding was made from the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEITHER", "OF_FIRST", "OF_SECOND", "by_content"]

NEITHER, OF_FIRST, OF_SECOND = 0, 1, -1
"""Nothing is known; the second was made from the first; the first was made from the second."""

_BLOCK = 16
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
    one, other = first.astype(np.float32), second.astype(np.float32)
    fine_one, fine_other = _fine(one), _fine(other)
    if fine_one.size == 0:
        return NEITHER, ""
    ratio = float(np.median(fine_one + 0.1) / np.median(fine_other + 0.1))
    spread = (float(one.std()) + 1) / (float(other.std()) + 1)
    if not 1 / _AS_FINE < ratio / spread**2 < _AS_FINE:
        return NEITHER, ""
    toned = abs(float(one.mean()) - float(other.mean())) > _TONES or abs(np.log(spread)) > _CONTRAST
    covered = _disagreeing(one, other)
    if not toned and 0 < covered.mean() < _MOST_WRITTEN_OVER:
        there_one, there_other = float(fine_one[covered].mean()), float(fine_other[covered].mean())
        if there_one > _MORE_STRUCTURE * there_other:
            return OF_SECOND, "written over"
        if there_other > _MORE_STRUCTURE * there_one:
            return OF_FIRST, "written over"
    if better_coded == 0 or (toned and not tones_may_differ):
        return NEITHER, ""
    return (OF_FIRST if better_coded > 0 else OF_SECOND), "saved more coarsely"


def _blocks(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of blocks of 16 x 16: shape (rows, columns)."""
    rows, columns = plane.shape[0] // _BLOCK, plane.shape[1] // _BLOCK
    cut = plane[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return np.asarray(cut.mean(axis=(1, 3)), np.float32)


def _fine(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the energy of the finest structure of each block."""
    across, down = np.zeros_like(plane), np.zeros_like(plane)
    across[:, 1:] = np.diff(plane, axis=1) ** 2
    down[1:] = np.diff(plane, axis=0) ** 2
    return _blocks(across + down)


def _disagreeing(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which blocks differ far more than most do."""
    difference = _blocks(np.abs(one - other))
    return np.asarray(difference > 5 * float(np.median(difference)) + 6)
