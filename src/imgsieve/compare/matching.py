"""The points that a drawing joins: keypoints of both pictures that lie over each other."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.compare.explanation import Overlaying
from imgsieve.features.alignment import moved_points
from imgsieve.features.keypoints import Detector, Keypoints, detect, match
from imgsieve.features.orientation import orient

__all__ = ["joined_points"]

_KEYPOINTS = 600
_RATIO = 0.85
_NEAR_PIXELS = 4.0
_MOST = 60


def joined_points(overlaying: Overlaying) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Find points that match and lie over each other.

    Returns
    -------
    Points in A and in B as it is, each of shape (n, 2) in shares of width and height, spread over A and few
    enough to look at; and how many there are in all.
    """
    one, other = overlaying.views[0].pixels, overlaying.views[1].turned(overlaying.orientation)
    none = np.empty((0, 2), np.float64)
    if overlaying.matrix is None:
        return none, none, 0
    first, second = _keypoints(one), _keypoints(other)
    pairs = match(first, second, _RATIO)
    if not len(pairs):
        return none, none, 0
    a, b = first.points[pairs[:, 0]].astype(np.float64), second.points[pairs[:, 1]].astype(np.float64)
    inside = np.hypot(*(moved_points(b, overlaying.matrix) - a).T) <= _NEAR_PIXELS
    a, b = a[inside], b[inside]
    chosen = _spread(a)
    back = _turned_back(b[chosen], overlaying.orientation, overlaying.views[1].pixels.shape)
    return _shares(a[chosen], one.shape), _shares(back, overlaying.views[1].pixels.shape), len(a)


def _keypoints(pixels: NDArray[np.uint8]) -> Keypoints:
    """Find keypoints of the kind that finds most."""
    return detect(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8), Detector.SIFT, _KEYPOINTS)


def _spread(points: NDArray[np.float64]) -> NDArray[np.intp]:
    """Choose points that are far from each other: each next one is the farthest from those chosen."""
    if len(points) <= _MOST:
        return np.arange(len(points))
    chosen = [0]
    distance = np.hypot(*(points - points[0]).T)
    while len(chosen) < _MOST:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.hypot(*(points - points[chosen[-1]]).T))
    return np.array(chosen)


def _turned_back(points: NDArray[np.float64], orientation: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return where points of the turned picture lie in the picture of ``shape`` as it was."""
    ys, xs = np.mgrid[0 : shape[0], 0 : shape[1]]
    grid = orient(np.dstack([xs, ys]), orientation)
    columns = np.clip(np.rint(points[:, 0]).astype(int), 0, grid.shape[1] - 1)
    rows = np.clip(np.rint(points[:, 1]).astype(int), 0, grid.shape[0] - 1)
    return np.asarray(grid[rows, columns], np.float64)


def _shares(points: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return points as shares of width and height."""
    return np.asarray((points + 0.5) / np.array([shape[1], shape[0]]))
