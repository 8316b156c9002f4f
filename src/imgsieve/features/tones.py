"""How many pixels have each tone, channel by channel, and pictures whose tones become others by a table."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["retoned", "tone_counts"]


def tone_counts(picture: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many pixels of a picture, shape (h, w, 3), have each tone where ``inside`` is true: shape (3, 256)."""
    counted = inside.view(np.uint8)
    counts = [cv2.calcHist([picture], [channel], counted, [256], [0, 256]).ravel() for channel in range(3)]
    return np.stack(counts).astype(np.int64)


def retoned(picture: NDArray[np.uint8], tables: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture, shape (h, w, 3), whose tones are those that a table gives for each: shape (3, 256)."""
    return np.asarray(cv2.LUT(picture, np.ascontiguousarray(tables.T)[None]), np.uint8)
