"""Stage 4, first part: keypoints, their matches, and the affine map between two pictures.

SIFT keypoints (D. G. Lowe, IJCV 2004, doi:10.1023/B:VISI.0000029664.99615.94) with the Hellinger kernel (R. Arandjelovic
and A. Zisserman, CVPR 2012, doi:10.1109/CVPR.2012.6248018), Lowe's ratio test, and RANSAC.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Keypoints", "affine_map", "detect", "is_plausible", "match"]

_RANSAC_PIXELS = 3.0


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Places and descriptors."""

    points: NDArray[np.float32]
    """Shape (n, 2): x and y in pixels."""
    descriptors: NDArray[np.float32]
    """Shape (n, 128), of unit length."""


def detect(gray: NDArray[np.uint8], limit: int) -> Keypoints:
    """Find keypoints in a gray picture of shape (h, w), uint8; at most ``limit``, the strongest first."""
    found, raw = cv2.SIFT.create(nfeatures=limit, contrastThreshold=0.02).detectAndCompute(gray, None)  # type: ignore[attr-defined]
    if raw is None or not found:
        return Keypoints(np.empty((0, 2), np.float32), np.empty((0, 128), np.float32))
    points = cv2.KeyPoint.convert(found)[:limit]
    descriptors = np.asarray(raw, np.float32)[:limit]
    descriptors = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    return Keypoints(np.asarray(points, np.float32), descriptors)


def match(one: Keypoints, other: Keypoints, ratio: float) -> NDArray[np.intp]:
    """Match keypoints one to one.

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
    similarity = one.descriptors @ other.descriptors.T
    best = similarity.argmax(axis=1)
    rows = np.arange(len(best))
    first = similarity[rows, best].copy()
    back = similarity.argmax(axis=0)
    similarity[rows, best] = -1.0
    second = similarity.max(axis=1)
    near, far = np.sqrt(np.maximum(2 - 2 * first, 0)), np.sqrt(np.maximum(2 - 2 * second, 0))
    good = (near < ratio * far) & (back[best] == rows)
    return np.stack([rows[good], best[good]], axis=1)


def affine_map(
    one: Keypoints, other: Keypoints, ratio: float
) -> tuple[NDArray[np.float64] | None, int]:
    """Estimate the affine map from ``other`` to ``one``.

    Returns
    -------
    The map as shape (2, 3), None when there is none, and the number of its inliers.
    """
    pairs = match(one, other, ratio)
    if len(pairs) < 4:
        return None, 0
    source, target = other.points[pairs[:, 1]], one.points[pairs[:, 0]]
    matrix, inside = cv2.estimateAffine2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=_RANSAC_PIXELS, maxIters=3000, confidence=0.999
    )
    if matrix is None or not is_plausible(matrix):
        return None, 0
    return np.asarray(matrix, np.float64), int(inside.sum())


def is_plausible(matrix: NDArray[np.float64]) -> bool:
    """Return whether an affine map neither mirrors nor squeezes a picture beyond what edits do."""
    linear = np.asarray(matrix, np.float64)[:, :2]
    large, small = np.linalg.svd(linear, compute_uv=False)
    return bool(np.linalg.det(linear) > 0 and small > 0.08 and large < 12.0 and large < 3.0 * small)
