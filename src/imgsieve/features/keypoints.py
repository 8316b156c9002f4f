"""Stage 4, first part: keypoints, their matches, and the affine map between two pictures.

Two kinds of keypoints serve. ORB (E. Rublee et al., ICCV 2011, doi:10.1109/ICCV.2011.6126544) is some twenty times
faster and finds the map between nearly all copies; SIFT (D. G. Lowe, IJCV 2004,
doi:10.1023/B:VISI.0000029664.99615.94), with the Hellinger kernel (R. Arandjelovic and A. Zisserman, CVPR 2012,
doi:10.1109/CVPR.2012.6248018), is asked where ORB leaves doubt. Lowe's ratio test and RANSAC follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Detector", "Keypoints", "affine_map", "detect", "is_plausible", "matched", "perspective_map"]

_RANSAC_PIXELS = 4.0
_MOST_BENT = 2e-3
"""What a perspective map may change a scale by, for each pixel."""

_ORB_LEVELS = 8
_ORB_SCALE = 1.2
_ORB_PATCH = 31
_ORB_EDGE = 16
"""Pixels along the edges that are left out, besides what the pattern of a descriptor needs."""

_FULL_CONTRAST, _MOST_GAIN = 50.0, 4.0
"""Deviation, in gray levels, to which dull pictures are stretched, and by how much at most."""

_ORB_THRESHOLD = 12


class Detector(Enum):
    """Kinds of keypoints."""

    ORB = "orb"
    SIFT = "sift"


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Places and descriptors."""

    points: NDArray[np.float32]
    """Shape (n, 2): x and y in pixels."""
    descriptors: NDArray[np.float32] | NDArray[np.uint8]
    """SIFT: shape (n, 128), float32, of unit length. ORB: shape (n, 32), uint8."""


def detect(gray: NDArray[np.uint8], detector: Detector, limit: int) -> Keypoints:
    """Find keypoints in a gray picture of shape (h, w), uint8; at most ``limit``, the strongest."""
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(gray))
    gain = min(_FULL_CONTRAST / max(deviation, 1e-3), _MOST_GAIN)
    if gain > 1:
        gray = np.clip(gain * (gray.astype(np.float32) - mean) + 128, 0, 255).astype(np.uint8)
    if detector is Detector.ORB:
        found, raw = cv2.ORB.create(
            limit,
            _ORB_SCALE,
            _ORB_LEVELS,
            _ORB_EDGE,
            0,
            2,
            cv2.ORB_HARRIS_SCORE,
            _ORB_PATCH,
            _ORB_THRESHOLD,
        ).detectAndCompute(gray, None)
    else:
        found, raw = cv2.SIFT.create(nfeatures=limit, contrastThreshold=0.02).detectAndCompute(gray, None)
    if raw is None or not found:
        return Keypoints(np.empty((0, 2), np.float32), np.empty((0, 32), np.uint8))
    points = np.asarray(cv2.KeyPoint.convert(found)[:limit], np.float32)
    if detector is Detector.ORB:
        return Keypoints(points, np.asarray(raw, np.uint8)[:limit])
    descriptors = np.asarray(raw, np.float32)[:limit]
    return Keypoints(points, np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)))


def match(one: Keypoints, other: Keypoints, ratio: float) -> NDArray[np.intp]:
    """Match keypoints of one kind, one to one.

    Parameters
    ----------
    ratio
        A match is kept when its distance is below this share of that to the second nearest.

    Returns
    -------
    Shape (n, 2): rows of ``one`` and of ``other``.
    """
    if len(one.points) < 2 or len(other.points) < 2:
        return np.empty((0, 2), np.intp)
    if one.descriptors.dtype == np.uint8:
        nearest, first, second = _two_nearest(other.descriptors.view(np.uint64), one.descriptors.view(np.uint64))
    else:
        similarity = other.descriptors @ one.descriptors.T
        nearest = similarity.argmax(axis=1)
        rows = np.arange(len(nearest))
        first = np.sqrt(np.maximum(2 - 2 * similarity[rows, nearest], 0))
        similarity[rows, nearest] = -1
        second = np.sqrt(np.maximum(2 - 2 * similarity.max(axis=1), 0))
    rows = np.nonzero(first < ratio * second)[0]
    # Of several matches to one keypoint only the nearest stays.
    order = np.lexsort((rows, first[rows], nearest[rows]))
    rows = rows[order]
    alone = np.ones(len(rows), bool)
    alone[1:] = nearest[rows[1:]] != nearest[rows[:-1]]
    rows = rows[alone]
    return np.stack([nearest[rows], rows], axis=1).astype(np.intp)


@njit(nogil=True, cache=True)
def _two_nearest(
    queries: NDArray[np.uint64], codes: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return, for binary descriptors of shape (n, 4), the nearest code, its distance, and the second nearest's."""
    nearest = np.zeros(len(queries), np.int64)
    first = np.full(len(queries), 999.0)
    second = np.full(len(queries), 999.0)
    for i in range(len(queries)):
        for j in range(len(codes)):
            distance = 0.0
            for k in range(4):
                word = queries[i, k] ^ codes[j, k]
                word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
                word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
                word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
                distance += float((word * np.uint64(0x0101010101010101)) >> np.uint64(56))
            if distance < first[i]:
                second[i] = first[i]
                first[i], nearest[i] = distance, j
            elif distance < second[i]:
                second[i] = distance
    return nearest, first, second


def matched(one: Keypoints, other: Keypoints, ratio: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the places of matches, in ``other`` and in ``one``: both of shape (n, 2). See `match`."""
    pairs = match(one, other, ratio)
    return other.points[pairs[:, 1]], one.points[pairs[:, 0]]


def affine_map(source: NDArray[np.float32], target: NDArray[np.float32]) -> tuple[NDArray[np.float64] | None, int]:
    """Estimate the affine map between matched places of shape (n, 2), by random samples.

    Returns
    -------
    The map as shape (2, 3), None when there is none, and the number of its inliers.
    """
    if len(source) < 4:
        return None, 0
    matrix, inside = cv2.estimateAffine2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=_RANSAC_PIXELS, maxIters=3000, confidence=0.999
    )
    if matrix is None or not is_plausible(np.asarray(matrix, np.float64)):
        return None, 0
    return np.asarray(matrix, np.float64), int(inside.sum())


def perspective_map(source: NDArray[np.float32], target: NDArray[np.float32]) -> tuple[NDArray[np.float64] | None, int]:
    """Estimate the perspective map between matched places; see `affine_map`. Its shape is (3, 3)."""
    if len(source) < 8:
        return None, 0
    matrix, inside = cv2.findHomography(source, target, cv2.RANSAC, _RANSAC_PIXELS, maxIters=1000, confidence=0.999)
    if matrix is None or not is_plausible(np.asarray(matrix, np.float64)):
        return None, 0
    return np.asarray(matrix, np.float64), int(inside.sum())


def is_plausible(matrix: NDArray[np.float64]) -> bool:
    """Return whether a map neither mirrors nor squeezes a picture beyond what edits do, nor bends it out of shape."""
    linear = np.asarray(matrix, np.float64)[:2, :2]
    large, small = np.linalg.svd(linear, compute_uv=False)
    straight = len(matrix) == 2 or float(np.abs(matrix[2, :2]).max()) < _MOST_BENT
    return bool(straight and np.linalg.det(linear) > 0 and small > 0.08 and large < 12.0 and large < 3.0 * small)
