"""Stage 4: a picture of few tones beside one of many.

Where tones were cut to a few (posterized, few bits, few palette entries), shades become steps, and steps have edges
where the other picture has none. Tones keep their order, though, so the finer picture is given the tones of the coarser
one, channel by channel and rank by rank (histogram specification: Gonzalez and Woods, Digital Image Processing, section
3.3): a copy then has the same steps in the same places, and a stranger has steps elsewhere.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.features.alignment import Overlay, equally_sharp, luma_of
from imgsieve.features.tones import retoned, tone_counts

__all__ = ["with_equal_tones"]

_TONES, _WIDTH = 8, 7
"""A picture has few tones when in its channels so many, each with its neighbors (coding and resampling smear them),"""

_MOST_PIXELS, _FEWER = 0.7, 0.1
"""hold this share of the pixels, and that much more than the same number of the other picture's. Of photographs 0.36 to
0.82, half of them below 0.53; of posterized ones 0.83 and more for two tones a channel, 0.63 to 0.95 for four."""

_GRAY = 3.0
"""Mean difference of red and blue below which a picture has no colors."""


def with_equal_tones(overlay: Overlay) -> Overlay | None:
    """Return an overlay whose finer picture has the tones of the coarser, by channel; None where tones are alike."""
    pictures = [overlay.one_rgb, overlay.other_rgb]
    shares = [_held_by_few(tone_counts(picture, overlay.inside)) for picture in pictures]
    coarse = int(shares[1] > shares[0])
    if shares[coarse] < _MOST_PIXELS or shares[1 - coarse] > shares[coarse] - _FEWER:
        return None
    finer = pictures[1 - coarse]
    if _is_gray(pictures[coarse]):  # made of the light of the finer one
        finer = np.asarray(cv2.cvtColor(cv2.cvtColor(finer, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    have, wanted = (tone_counts(picture, overlay.inside) for picture in (finer, pictures[coarse]))
    tables = np.stack([_specified(*both) for both in zip(have, wanted, strict=True)])
    pictures[1 - coarse] = retoned(finer, tables)
    one, other = equally_sharp(luma_of(pictures[0]), luma_of(pictures[1]), overlay.inside)
    return replace(overlay, one=one, other=other)


def _is_gray(pixels: NDArray[np.uint8]) -> bool:
    """Return whether a picture has no colors."""
    return float(cv2.absdiff(pixels[:, :, 0], pixels[:, :, 2]).mean()) < _GRAY


def _held_by_few(counts: NDArray[np.int64]) -> float:
    """Return the share of pixels that a few tones with their neighbors hold, mean of the channels."""
    left, held = counts.astype(np.float64), 0.0
    for tones in left:
        for _ in range(_TONES):
            sums = np.convolve(tones, np.ones(_WIDTH), "same")
            best = int(sums.argmax())
            held += sums[best]
            tones[max(0, best - _WIDTH // 2) : best + _WIDTH // 2 + 1] = 0
    return float(held / max(1, counts.sum()))


def _specified(counts: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return which tone each tone becomes, so that ``counts`` become ``wanted`` as nearly as order allows."""
    middle = (np.cumsum(counts) - counts / 2) / max(1, counts.sum())
    reached = np.cumsum(wanted) / max(1, wanted.sum())
    return np.asarray(np.minimum(np.searchsorted(reached, middle), 255), np.uint8)
