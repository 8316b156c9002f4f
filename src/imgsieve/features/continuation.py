"""Whether a picture goes on beyond the place where another one lies in it, as it does around a crop.

On both sides of the border of a crop there is the same scene: lines a few pixels apart differ there as little as they
do within the crop, and are as fine. What was framed, captioned, or laid on a page ends at its border.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["ends_at_its_border"]

_SIDE = 256
_MARGIN = 8
"""The inner picture is brought to 256 x 256 pixels, with 8 around it."""

_NEAR = 2
"""Lines from the border on both sides: nearer ones may lie on either side of it."""

_LEAST_SHARE = 0.1
"""Share of a side that must have something around it."""

_NOISE = 4.0
"""Square of the gray levels that neighboring lines differ by in any case."""

_SEAM, _SAME = 3.0, 2.3
"""Times the mean square difference of lines within a picture, from which that across a side of its border is a seam,
and up to which the picture may go on there. Over all sides, 3 of 130 crops had more than 3, and all but 16 of 110
framed pictures."""

_TEXTURED, _AS_TEXTURED = 4.0, 0.4
"""Gray levels by which pixels along a side deviate where one can see whether they go on, and the share of that which is
then found beyond it."""

_AS_FINE, _SMOOTH = 0.3, 0.1
"""Share of the fine structure along a side that is found beyond it where a picture goes on, and up to which it ends: on
a blurred ground."""

_MOST = 0.5

Canvas = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Side:
    """What is seen along one side of a border, where there is something beyond it."""

    length: int
    """Pixels that are looked at."""
    step: float
    """Mean square difference of lines across the border over that of lines within."""
    inside: float
    outside: float
    """Standard deviation of gray levels along the lines inside and outside."""
    fine: float
    """Mean square step of neighbors along the line outside over that inside."""

    @property
    def is_seam(self) -> bool:
        return self.step >= _SEAM or (self.inside >= _TEXTURED and self.fine <= _SMOOTH)

    @property
    def goes_on(self) -> bool:
        textured = self.inside >= _TEXTURED and self.outside >= _AS_TEXTURED * self.inside
        return self.step <= _SAME and textured and self.fine >= _AS_FINE


def ends_at_its_border(luma: NDArray[np.uint8], corners: NDArray[np.float32]) -> bool | None:
    """Return whether a picture that lies in another one ends at its border.

    Parameters
    ----------
    luma
        Shape (h, w), uint8: the outer picture.
    corners
        Shape (4, 2), float32: where the corners of the inner one lie, right and down, around it in turn.

    Returns
    -------
    False where the outer one goes on, None where that cannot be told.
    """
    canvas, valid = _laid_out(luma, corners)
    sides = [_side(np.rot90(canvas, quarters), np.rot90(valid, quarters)) for quarters in range(4)]
    seen = [side for side in sides if side.length >= _LEAST_SHARE * _SIDE]
    most = _MOST * sum(side.length for side in seen)
    if seen and sum(side.length for side in seen if side.goes_on) >= most:
        return False
    ends = sum(side.length for side in seen if side.is_seam) >= most
    return True if seen and ends and not any(side.goes_on for side in seen) else None


def _laid_out(luma: NDArray[np.uint8], corners: NDArray[np.float32]) -> tuple[Canvas, NDArray[np.bool_]]:
    """Bring the inner picture to its square, with what is around it, and tell where there is anything."""
    far = _MARGIN + _SIDE
    square = np.array([(_MARGIN, _MARGIN), (far, _MARGIN), (far, far), (_MARGIN, far)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), square)
    size = (far + _MARGIN, far + _MARGIN)
    shrink = float(np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).mean()) / _SIDE
    smooth = cv2.GaussianBlur(luma, (0, 0), 0.4 * shrink) if shrink > 1 else luma
    canvas = cv2.warpPerspective(smooth, matrix, size, flags=cv2.INTER_LINEAR)
    valid = cv2.warpPerspective(np.full(luma.shape, 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(canvas, np.float32), np.asarray(valid == 255, np.bool_)


def _side(canvas: Canvas, valid: NDArray[np.bool_]) -> _Side:
    """Look along the upper side."""
    columns = slice(_MARGIN + 2 * _NEAR, -_MARGIN - 2 * _NEAR)
    there = valid[_MARGIN - _NEAR, columns] & valid[_MARGIN, columns]
    if not there.any():
        return _Side(0, 0.0, 0.0, 0.0, 0.0)
    step = 2 * _NEAR - 1
    outside, inside, deeper, deepest = (
        canvas[_MARGIN - _NEAR + k * step, columns][there].astype(np.float64) for k in range(4)
    )
    within = float(np.mean((inside - deeper) ** 2) + np.mean((deeper - deepest) ** 2)) / 2
    across = float(np.mean((inside - outside) ** 2))
    fine_outside, fine_inside = (
        float(np.mean(np.diff(line) ** 2)) if len(line) > 1 else 0.0 for line in (outside, inside)
    )
    return _Side(
        length=int(there.sum()),
        step=(across + _NOISE) / (within + _NOISE),
        inside=float(inside.std()),
        outside=float(outside.std()),
        fine=fine_outside / max(fine_inside, 1e-6),
    )
