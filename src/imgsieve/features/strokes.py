"""Stage 4, once more and closer: strokes that one of two aligned pictures has and the other has not.

What is written over one of two copies adds strokes to that one. Two pictures of one template bear other writing each:
both have strokes that the other has not, of one ink on one ground. Strokes are what stands out of its surroundings by
a morphological closing or opening (J. Serra, "Image Analysis and Mathematical Morphology", 1982); one is missing where
nothing of its tone is near its place in the other picture, so that neither a small shift nor a blur makes it so.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.features.alignment import Overlay
from imgsieve.features.structure import tone_sums

__all__ = ["Strokes", "strokes"]

_NEAR = np.ones((5, 5), np.uint8)
"""Where a missing tone is looked for: two pixels around its place."""

_STROKE = cv2.getStructuringElement(cv2.MORPH_RECT, (21, 21))
"""What is as wide is no stroke."""

_TOGETHER = np.ones((13, 13), np.uint8)
"""Strokes so near each other are one piece of writing."""

_WITHIN = 0.5
"""Share of a stroke that must lie within pieces of writing."""

_LEAST_IN_PIECE = 4
"""Pixels of strokes on either side that make a piece of writing."""

_EDGE = np.ones((9, 9), np.uint8)

_LEAST_STEP, _OF_USUAL = 20.0, 6.0
"""Gray levels by which a stroke stands out, and is missing, at least; and the same as a multiple of the median
difference of both pictures, which noise and coding make."""

_SHADE, _MOST_SHADE, _OF_SHADE = 65, 8.0, 6.0
"""Side of the surroundings, in pixels, whose mean difference is put down to light; what differs by more levels than
these, or than so many times the median, has no more say in that."""

_BINS = 32
_LEAST_IN_BIN = 0.0005

_INK, _INK_HUE, _GROUND, _GROUND_HUE = 25.0, 15.0, 30.0, 12.0
"""Lightness (0 to 255) and distance in a*b* by which two inks may differ to be one, and two grounds."""

_FULL_INK = 4
"""The quarter of a stroke's pixels that are farthest from the ground has its ink; the others are its edge."""

_Plane = NDArray[np.uint8]
_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Strokes:
    """Pixels of strokes that one picture has and the other has not."""

    first: int
    """Of the first picture."""
    second: int
    exchanged: int = 0
    """In pieces of writing of one ink on one ground that both pictures have in one place: the fewer of both."""
    length: float = 0.0
    """How long these pieces are together, as a share of the longer side of the frame."""


def strokes(overlay: Overlay, *, alone: bool) -> Strokes:
    """Count the strokes that two aligned pictures do not share.

    Parameters
    ----------
    alone
        Whether strokes of one side matter; without, nothing is counted where only one picture has some.
    """
    one, other, inside = _same_tones(overlay)
    step = _step(one, other, inside)
    missing = _missing(one, other, inside, step)
    if not alone and not any(first.any() and second.any() for first, second in missing):
        return Strokes(0, 0)
    standing = [[_stands_out(plane, step, dark=dark) for plane in (one, other)] for dark in (True, False)]
    kept = [(first & stand[0], second & stand[1]) for (first, second), stand in zip(missing, standing, strict=True)]
    together = _together(kept)
    ended = [
        (_ending(first, stand[0], together), _ending(second, stand[1], together))
        for (first, second), stand in zip(kept, standing, strict=True)
    ]
    exchanged, length = _exchanged(ended, overlay)
    return Strokes(
        first=sum(int(first.sum()) for first, _ in kept),
        second=sum(int(second.sum()) for _, second in kept),
        exchanged=exchanged,
        length=length,
    )


def _same_tones(overlay: Overlay) -> tuple[_Plane, _Plane, _Mask]:
    """Return both lumas, with the tones of the one of less contrast made those of the other, and where both are."""
    inside = cv2.erode(overlay.inside.view(np.uint8), _EDGE, borderValue=0) > 0
    one, other = _rounded(overlay.one), _rounded(overlay.other)
    if not inside.any():
        return one, other, inside
    deviations = [float(cv2.meanStdDev(plane, mask=inside.view(np.uint8))[1][0, 0]) for plane in (one, other)]
    if deviations[0] < deviations[1]:
        return _in_tones_of(other, one, inside), other, inside
    return one, _in_tones_of(one, other, inside), inside


def _rounded(luma: NDArray[np.float32]) -> _Plane:
    """Return whole gray levels, 0 to 255."""
    return np.asarray(cv2.convertScaleAbs(np.maximum(luma, 0)), np.uint8)


def _in_tones_of(model: _Plane, luma: _Plane, inside: _Mask) -> _Plane:
    """Return a picture in the tones and the light of another: one curve for all, then what is left around."""
    toned = np.asarray(cv2.LUT(luma, _curve(luma[inside], model[inside])), np.float32)
    off = model - toned
    off[~inside] = 0
    most = max(_MOST_SHADE, _OF_SHADE * _median(np.asarray(cv2.convertScaleAbs(off), np.uint8)[inside]))
    shade = cv2.boxFilter(np.clip(off, -most, most), -1, (_SHADE, _SHADE))
    return _rounded(toned + shade)


def _curve(tones: _Plane, model: _Plane) -> NDArray[np.float32]:
    """Return, for each of 256 levels, the mean level that another picture has in its places."""
    counts, sums = tone_sums(tones[None], model[None])
    counts, sums, levels = (level.reshape(_BINS, -1).sum(axis=1) for level in (counts, sums, counts * np.arange(256)))
    enough = counts > _LEAST_IN_BIN * tones.size
    curve = np.interp(np.arange(256), levels[enough] / counts[enough], sums[enough] / counts[enough])
    return np.asarray(curve, np.float32)


def _median(levels: _Plane) -> float:
    """Return the median of whole levels."""
    return float(np.searchsorted(np.cumsum(np.bincount(levels, minlength=256)), levels.size / 2))


def _step(one: _Plane, other: _Plane, inside: _Mask) -> float:
    """Return by how many levels a stroke must stand out."""
    usual = _median(np.asarray(cv2.absdiff(one, other), np.uint8)[inside]) if inside.any() else 0.0
    return max(_LEAST_STEP, _OF_USUAL * usual)


def _missing(one: _Plane, other: _Plane, inside: _Mask, step: float) -> list[tuple[_Mask, _Mask]]:
    """Return where either picture is darker than all that is near in the other; and where it is lighter."""
    darkest, lightest = (
        [cv2.erode(plane, _NEAR) for plane in (one, other)],
        [cv2.dilate(plane, _NEAR) for plane in (one, other)],
    )
    return [
        ((cv2.subtract(darkest[1], one) > step) & inside, (cv2.subtract(darkest[0], other) > step) & inside),
        ((cv2.subtract(one, lightest[1]) > step) & inside, (cv2.subtract(other, lightest[0]) > step) & inside),
    ]


def _stands_out(luma: _Plane, step: float, *, dark: bool) -> _Mask:
    """Return where a picture has dark or light strokes."""
    kind = cv2.MORPH_BLACKHAT if dark else cv2.MORPH_TOPHAT
    return np.asarray(cv2.morphologyEx(luma, kind, _STROKE) > step, np.bool_)


def _together(kept: list[tuple[_Mask, _Mask]]) -> _Mask:
    """Return where there are pieces of writing, with what is around their strokes."""
    (dark, other_dark), (light, other_light) = kept
    whole = (dark | other_dark | light | other_light).view(np.uint8)
    return np.asarray(cv2.dilate(whole, _TOGETHER) > 0, np.bool_)


def _ending(missing: _Mask, standing: _Mask, together: _Mask) -> _Mask:
    """Leave out what is missing of strokes that go on elsewhere, as a belt goes on beside the letters that hide it."""
    if not missing.any():
        return missing
    count, labels = cv2.connectedComponents(standing.view(np.uint8))
    within = np.bincount(labels[together], minlength=count) >= _WITHIN * np.bincount(labels.ravel(), minlength=count)
    return np.asarray(missing & within[labels], np.bool_)


def _exchanged(kept: list[tuple[_Mask, _Mask]], overlay: Overlay) -> tuple[int, float]:
    """Return how many pixels pieces of writing have on both sides, of one ink on one ground, and how long they are."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(_together(kept).view(np.uint8))
    if count < 2:
        return 0, 0.0
    one, other = _lab(overlay.one_rgb), _lab(overlay.other_rgb)
    pixels, length = 0, 0
    for piece in range(1, count):
        left, top, width, height = boxes[piece, :4].tolist()
        box = slice(top, top + height), slice(left, left + width)
        there, most = labels[box] == piece, 0
        for dark, (first, second) in zip((True, False), kept, strict=True):
            both = first[box] & there, second[box] & there
            least = min(int(mask.sum()) for mask in both)
            if least > max(most, _LEAST_IN_PIECE) and _alike(one[box], other[box], *both, dark=dark):
                most = least
        pixels, length = pixels + most, length + (max(width, height) if most else 0)
    return pixels, length / max(overlay.inside.shape)


def _lab(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a lightly smoothed picture in CIELAB, all channels from 0 to 255."""
    return np.asarray(cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 0.8), cv2.COLOR_RGB2LAB), np.uint8)


def _alike(one: NDArray[np.uint8], other: NDArray[np.uint8], first: _Mask, second: _Mask, *, dark: bool) -> bool:
    """Return whether the strokes of both are of one ink, and what either shows beneath the other's is one ground."""
    return _close(_ink(one[first], dark=dark), _ink(other[second], dark=dark), _INK, _INK_HUE) and _close(
        np.median(other[first], axis=0), np.median(one[second], axis=0), _GROUND, _GROUND_HUE
    )


def _ink(pixels: NDArray[np.uint8], *, dark: bool) -> NDArray[np.float32]:
    """Return the color of strokes: the median of the quarter that is farthest from the ground."""
    order = np.argsort(pixels[:, 0] if dark else 255 - pixels[:, 0], kind="stable")
    return np.asarray(np.median(pixels[order[: max(3, len(order) // _FULL_INK)]], axis=0), np.float32)


def _close(one: NDArray[np.float32], other: NDArray[np.float32], lightness: float, hue: float) -> bool:
    """Return whether two colors are one."""
    off = np.abs(one - other)
    return bool(off[0] < lightness and np.hypot(off[1], off[2]) < hue)
