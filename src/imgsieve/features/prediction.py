"""What one copy would be, were it made from another one by a change of tones and of sharpness.

A copy is foretold from its supposed source by least squares: a free curve of tones, and smoothed versions of the source
for blurring and sharpening. What differs far more than the rest, such as what was written over, has no say.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Forecast", "forecast"]

Plane = NDArray[np.uint8]
Floats = NDArray[np.float32]

_WINDOW = 256
"""Side of the middle part that is looked at, in pixels."""

_KNOTS = 12
"""Tones between which the curve is straight."""

_SMOOTHINGS = (0.7, 1.4, 2.8, 6.0)
"""Standard deviations of the smoothed versions, in pixels."""

_ROUNDS = 3
_OUTLYING = 3.0
"""What differs by more than this many times the median does not count in the next round."""

_LEAST_DIFFERENCE = 2.0
"""Gray levels up to which nothing is outlying."""

_DAMPING = 1e-6


@dataclass(frozen=True, slots=True)
class Forecast:
    """The middle of a copy, of its supposed source, and what the copy would be."""

    copy: Floats
    """Shape (h, w), in gray levels, cut on the grid of 8 x 8 blocks of the copy."""
    source: Floats
    predicted: Floats


def forecast(copy: Plane, source: Plane) -> Forecast:
    """Foretell a copy from its supposed source.

    Parameters
    ----------
    copy, source
        Luma of one shape (h, w), uint8, the source turned as the copy.
    """
    rows, columns = (_middle(length) for length in copy.shape)
    target, base = copy[rows, columns].astype(np.float32), source[rows, columns].astype(np.float32)
    terms = _terms(base)
    weights = _fit(terms[::2, ::2].reshape(-1, terms.shape[2]), target[::2, ::2].ravel())
    return Forecast(target, base, np.asarray(terms @ weights, np.float32))


def _middle(length: int) -> slice:
    """Return the middle of a side, from a border of blocks on."""
    start = max(0, (length - _WINDOW) // 16 * 8)
    return slice(start, min(length, start + _WINDOW))


def _terms(source: Floats) -> Floats:
    """Return what a copy is a sum of: shape (h, w, 16), the parts of the tones, then of the sharpness."""
    places = source * np.float32((_KNOTS - 1) / 255)
    tones = [np.clip(1 - np.abs(places - np.float32(k)), 0, 1) for k in range(_KNOTS)]
    light = (source - np.float32(128)) / np.float32(64)
    details = [np.asarray(cv2.GaussianBlur(light, (0, 0), sigma), np.float32) - light for sigma in _SMOOTHINGS]
    return np.stack([*tones, *details], axis=2)


def _fit(terms: Floats, target: Floats) -> Floats:
    """Return the weights of the terms, of shape (n, k), that come nearest to a target of shape (n,)."""
    counts = np.ones(len(target), bool)
    weights = np.zeros(terms.shape[1], np.float32)
    for _ in range(_ROUNDS):
        some, wanted = terms[counts], target[counts]
        gram = (some.T @ some).astype(np.float64)
        gram[np.diag_indices_from(gram)] += _DAMPING * len(wanted)
        weights = np.linalg.solve(gram, (some.T @ wanted).astype(np.float64)).astype(np.float32)
        differences = np.abs(terms @ weights - target)
        counts = differences < max(_OUTLYING * float(np.median(differences)), _LEAST_DIFFERENCE)
    return weights
