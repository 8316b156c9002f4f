"""How many pixels have each tone, channel by channel, and pictures whose tones become others by a table."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["retoned", "tone_counts"]


def tone_counts(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how many of some pixels, shape (n, 3), have each tone: shape (3, 256)."""
    return np.stack([np.bincount(pixels[:, channel], minlength=256) for channel in range(3)])


def retoned(picture: NDArray[np.uint8], tables: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture, shape (h, w, 3), whose tones are those that a table gives for each: shape (3, 256)."""
    return np.asarray(cv2.LUT(picture, np.ascontiguousarray(tables.T)[None]), np.uint8)
