"""Stage 4: a picture whose channels were equalized beside the one that it was made of.

Equalizing spreads the tones of each channel evenly over all levels, so it turns colors as no other single rule does, in
one part more than in others, as if that were another thing. But it has no free choice: the other picture tells to the
level what it would become. A red and a blue shirt do not become each other that way.

Source of the method: Gonzalez and Woods, Digital Image Processing, section 3.3 (histogram equalization).
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.features.tones import retoned, tone_counts

__all__ = ["if_equalized"]

_CELL = 8
_WHOLE = 250
_MOST_APART = 10.0
"""Mean difference, in levels, of the channel of a cell that differs most. Of equalized copies, coded at qualities of 60
and more, 1.5 to 7.7; of things in another color, also with stretched tones, 12.8 and more."""


def if_equalized(
    one: NDArray[np.uint8], other: NDArray[np.uint8], inside: NDArray[np.bool_], differing: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """Return two aligned pictures, the one equalized of which that makes the other; None where it does not.

    Parameters
    ----------
    one, other
        Shape (h, w, 3), uint8 RGB.
    inside
        Shape (h, w), bool: where both have pixels.
    differing
        Shape (h, w), bool: where they do not agree, as something is laid over one of them, which does not count.
    """
    clear = _shrunk((inside & ~differing).view(np.uint8) * np.uint8(255)) > _WHOLE
    if not clear.any():
        return None
    tries = [(_apart(mine, other, clear), 0, mine) for mine in _equalized(one, inside)]
    tries += [(_apart(one, theirs, clear), 1, theirs) for theirs in _equalized(other, inside)]
    apart, which, equal = min(tries, key=lambda found: found[0])
    if apart > _MOST_APART:
        return None
    return (equal, other) if which == 0 else (one, equal)


def _apart(one: NDArray[np.uint8], other: NDArray[np.uint8], clear: NDArray[np.bool_]) -> float:
    """Return by how many levels the cells of two pictures differ on average, in the channel that differs most."""
    return float(cv2.absdiff(_shrunk(one), _shrunk(other))[clear].max(axis=1).mean())


def _shrunk(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the means of the cells."""
    size = max(1, picture.shape[1] // _CELL), max(1, picture.shape[0] // _CELL)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _equalized(picture: NDArray[np.uint8], inside: NDArray[np.bool_]) -> Iterator[NDArray[np.uint8]]:
    """Yield what a picture becomes in the two ways that are in use.

    A tone goes by the pixels that are darker, or by those that are not lighter; they tell apart what one tone fills.
    """
    counts = tone_counts(picture, inside)
    upto = np.cumsum(counts, axis=1)
    lowest = upto.min(axis=1, where=counts > 0, initial=int(inside.sum()), keepdims=True)
    for ranks in (upto - counts, upto - lowest):
        own = np.where(counts > 0, ranks, 0)
        tables = 255 * own / np.maximum(1, own.max(axis=1, keepdims=True))
        yield retoned(picture, np.rint(tables).astype(np.uint8))
