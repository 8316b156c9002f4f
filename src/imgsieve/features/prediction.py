"""What one copy would be, were it made from another one by a change of tones and of sharpness.

A copy is foretold from its supposed source by least squares: a free curve of tones, and smoothed versions of the source
for blurring and sharpening. What differs far more than the rest, such as what was written over, has no say.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Forecast", "forecast", "middle_of"]

Plane = NDArray[np.uint8]
Floats = NDArray[np.float32]

_WINDOW = 256
"""Side of the middle part that is looked at, in pixels."""

_AROUND = 16
"""Pixels around it that are kept with its colors: where it begins depends on how a picture is turned."""

_EVERY = 4
"""Every fourth pixel of each fourth line is asked for the curves of three colors."""

_KNOTS = 12
"""Tones between which the curve is straight."""

_SMOOTHINGS = (0.7, 1.4, 2.8, 6.0)
"""Standard deviations of the smoothed versions, in pixels."""

_KNOT_SHARES = np.clip(1 - np.abs(np.arange(256)[:, None] * ((_KNOTS - 1) / 255) - np.arange(_KNOTS)), 0, 1).astype(
    np.float32
)
"""Shape (256, 12): what each knot of the curve has to say of each tone."""

_ROUNDS = 3
_OUTLYING = 3.0
"""What differs by more than this many times the median does not count in the next round."""

_LEAST_DIFFERENCE = 2.0
"""Gray levels up to which nothing is outlying."""

_DAMPING = 1e-6

_SHADE, _LEAST_CONTRAST = 41, 4.0
"""Side of squares that are shaded alike, in pixels, and the variance below which they have no contrast to speak of."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The middle of a copy, of its supposed source, and what the copy would be."""

    copy: Floats
    """Shape (h, w), in gray levels, cut on the grid of 8 x 8 blocks of the copy."""
    source: Floats
    predicted: Floats
    toned: Floats
    """What the copy would be if nothing but tones were changed: more exact where that is so, as what a coding lost is
    not taken for smoothing."""

    colors: Plane | None = None
    """Shape (h, w, 3): the source in color, RGB, where that is known."""

    def tinted(self) -> Floats | None:
        """Return what it would be if each color were changed by a curve of its own; None where that is not known."""
        if self.colors is None:
            return None
        details = _details(self.source.astype(np.uint8))
        some = np.s_[::_EVERY, ::_EVERY]
        terms = [_KNOT_SHARES[self.colors[..., k][some]] for k in range(3)]
        weights = _fit(
            np.concatenate([*terms, details[:, *some].transpose(1, 2, 0)], axis=2).reshape(
                -1, 3 * _KNOTS + len(details)
            ),
            self.copy[some].ravel(),
        )
        curves = weights[: 3 * _KNOTS].reshape(3, _KNOTS)
        tones = sum((_KNOT_SHARES @ curves[k])[self.colors[..., k]] for k in range(3))
        return np.asarray(tones + np.tensordot(weights[3 * _KNOTS :], details, axes=1), np.float32)

    def shaded(self) -> Floats:
        """Return what it would be if light and contrast were changed otherwise here than there, and slowly so.

        By a gain and an offset that are the same over some dozens of pixels: K. He, J. Sun and X. Tang, "Guided Image
        Filtering", PAMI 2013, doi:10.1109/TPAMI.2012.213.
        """
        mean, wanted = _box(self.source), _box(self.copy)
        variance = _box(self.source * self.source) - mean * mean + np.float32(_LEAST_CONTRAST)
        gain = np.asarray((_box(self.source * self.copy) - mean * wanted) / variance, np.float32)
        offset = np.asarray(wanted - gain * mean, np.float32)
        return np.asarray(_box(gain) * self.source + _box(offset), np.float32)


def middle_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut the middle out of a picture of shape (h, w, ...), with as much left on both sides, however it is turned."""
    top, left = (max(0, (length - _WINDOW - 2 * _AROUND) // 2) for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : pixels.shape[0] - top, left : pixels.shape[1] - left])


def forecast(copy: Plane, source: Plane, colors: Plane | None = None) -> Forecast:
    """Foretell a copy from its supposed source.

    Parameters
    ----------
    copy, source
        Luma of one shape (h, w), uint8, the source turned as the copy.
    colors
        The middle of the source, see `middle_of`, turned as well; None when it is not known.
    """
    rows, columns = (_middle(length) for length in copy.shape)
    target, base = copy[rows, columns].astype(np.float32), np.ascontiguousarray(source[rows, columns])
    details = _details(base)
    terms = np.concatenate([_KNOT_SHARES[base[::2, ::2]], details[:, ::2, ::2].transpose(1, 2, 0)], axis=2)
    some, wanted = terms.reshape(-1, terms.shape[2]), target[::2, ::2].ravel()
    weights = _fit(some, wanted)
    tones = (_KNOT_SHARES @ weights[:_KNOTS])[base]
    predicted = tones + np.tensordot(weights[_KNOTS:], details, axes=1)
    toned = (_KNOT_SHARES @ _fit(some[:, :_KNOTS], wanted))[base]
    return Forecast(
        copy=target,
        source=base.astype(np.float32),
        predicted=np.asarray(predicted, np.float32),
        toned=np.asarray(toned, np.float32),
        colors=None if colors is None else _window_of(colors, copy.shape, rows, columns),
    )


def _box(plane: Floats) -> Floats:
    """Return the mean around each pixel."""
    return np.asarray(cv2.blur(plane, (_SHADE, _SHADE), borderType=cv2.BORDER_REFLECT), np.float32)


def _middle(length: int) -> slice:
    """Return the middle of a side, from a border of blocks on."""
    start = max(0, (length - _WINDOW) // 16 * 8)
    return slice(start, min(length, start + _WINDOW))


def _window_of(colors: Plane, shape: tuple[int, ...], rows: slice, columns: slice) -> Plane | None:
    """Cut a window out of the middle of a picture of a shape; None where the middle is that of another one."""
    top, left = (max(0, (length - _WINDOW - 2 * _AROUND) // 2) for length in shape)
    if colors.shape[:2] != (shape[0] - 2 * top, shape[1] - 2 * left):
        return None
    return colors[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]


def _details(source: Plane) -> Floats:
    """Return what smoothing changes, in 64 gray levels: shape (4, h, w)."""
    light = source.astype(np.float32) * np.float32(1 / 64)
    return np.stack([np.asarray(cv2.GaussianBlur(light, (0, 0), sigma), np.float32) - light for sigma in _SMOOTHINGS])


def _fit(terms: Floats, target: Floats) -> Floats:
    """Return the weights of the terms, of shape (n, k), that come nearest to a target of shape (n,)."""
    counts = np.ones(len(target), bool)
    weights = np.zeros(terms.shape[1], np.float32)
    for _ in range(_ROUNDS):
        some, wanted = np.compress(counts, terms, axis=0), target[counts]
        gram = (some.T @ some).astype(np.float64)
        gram[np.diag_indices_from(gram)] += _DAMPING * len(wanted)
        weights = np.linalg.solve(gram, (some.T @ wanted).astype(np.float64)).astype(np.float32)
        differences = np.abs(terms @ weights - target)
        counts = differences < max(_OUTLYING * float(np.median(differences)), _LEAST_DIFFERENCE)
    return weights
