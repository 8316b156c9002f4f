"""The eight orientations of a rectangle: quarter turns and mirrors.

An orientation ``k`` is numbered ``4 * mirrored + quarter_turns``: the picture is first mirrored left to right when
``k >= 4``, then turned counterclockwise by ``k % 4`` quarter turns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ANY_ORIENTATION", "COUNT", "compose_inverse", "describe", "orient"]

COUNT = 8

ANY_ORIENTATION = -1
"""Stands for an orientation that is not known."""

_WORDS = (
    "upright",
    "turned by 90 degrees",
    "turned by 180 degrees",
    "turned by 270 degrees",
    "mirrored",
    "mirrored and turned by 90 degrees",
    "flipped upside down",
    "mirrored and turned by 270 degrees",
)


def orient(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn and mirror a picture.

    Parameters
    ----------
    pixels
        Array of shape (h, w) or (h, w, channels).
    orientation
        From 0 to 7.

    Returns
    -------
    A view of ``pixels``, of shape (w, h, ...) for odd orientations.
    """
    mirrored = pixels[:, ::-1] if orientation >= 4 else pixels
    return np.rot90(mirrored, orientation % 4)


def compose_inverse(orientation: int) -> int:
    """Return the orientation that undoes ``orientation``."""
    return orientation if orientation >= 4 else (4 - orientation) % 4


def describe(orientation: int) -> str:
    """Say an orientation in words."""
    return _WORDS[orientation]
