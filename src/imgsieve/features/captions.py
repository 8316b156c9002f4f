"""Stage 4: whether what surrounds the part that two pictures share is a strip with writing on it.

A caption above or below a picture: plain ground of one level, and thin strokes on it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["writing_around"]

_LEAST_AROUND = 0.04
"""Share of a picture that must surround the common part."""

_LEVELS = 17
_LEAST_PLAIN = 0.5
"""Share of the surroundings that is of one level, within so many gray levels."""

_STROKE = cv2.getStructuringElement(cv2.MORPH_RECT, (13, 13))
_CONTRAST, _LEAST_INK = 50, 0.07
"""Gray levels by which strokes stand out, and the least share of the surroundings that they take. Captions take 0.08
to 0.14, screens mostly less than 0.05."""

_LEAST_WIDE = 0.95
"""Share of the width of the picture that the common part takes beneath a caption."""

_EDGE = np.ones((7, 7), np.uint8)


def writing_around(pixels: NDArray[np.uint8], corners: NDArray[np.float32]) -> bool:
    """Return whether there is writing on plain ground above or below a part of a picture that is as wide.

    Parameters
    ----------
    pixels
        Shape (h, w, 3), uint8 RGB.
    corners
        Shape (4, 2), float32: x and y of the corners of the part, which may lie outside.
    """
    width = pixels.shape[1]
    left, right = np.clip((corners[:, 0].min(), corners[:, 0].max()), 0, width)
    if right - left < _LEAST_WIDE * width:
        return False
    gray = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    outside = np.ones(gray.shape, np.uint8)
    cv2.fillConvexPoly(outside, np.rint(corners).astype(np.int32), 0)
    around = cv2.erode(outside, _EDGE, borderValue=1) > 0
    tones = gray[around]
    if tones.size < _LEAST_AROUND * gray.size:
        return False
    near = np.convolve(np.bincount(tones, minlength=256), np.ones(_LEVELS), "same")
    ground = int(near.argmax())
    if near[ground] < _LEAST_PLAIN * tones.size:
        return False
    kind = cv2.MORPH_BLACKHAT if ground >= 128 else cv2.MORPH_TOPHAT
    ink = cv2.morphologyEx(gray, kind, _STROKE)[around] > _CONTRAST
    return bool(ink.mean() > _LEAST_INK)
