"""Stage 4, second part: two pictures laid over each other at the resolution of the poorer one.

The finer picture is warped into the frame of the coarser, smoothed first so that nothing folds; then the sharper of the
two is blurred until both have the same amount of fine structure. What remains different is content.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "Overlay",
    "affine_near",
    "chained",
    "corners_of",
    "coverage",
    "equally_sharp",
    "fit_side",
    "invert",
    "lay_over",
    "luma_of",
    "mended",
    "moved_points",
    "scaling",
    "smooth",
]

_SIGMAS = (0.6, 1.0, 1.5, 2.2, 3.2, 4.5)
_BASE_SIGMA = 1.0
_FURTHER_SIGMA = 2.0
"""Both pictures are smoothed by this much, against noise and coding artifacts."""

_NEAR_EDGE = np.ones((9, 9), np.uint8)
"""Surroundings of a pixel that an edge may reach into: the blur of luma, and of what makes both equally sharp."""

_LEAST_SIDE = 128
"""Shorter side, in pixels, of the frame in which two pictures are compared; small pictures are enlarged to it, so that
their blocks are as many, and are placed as finely, as those of others."""

_MOST_ENLARGED = 8.0

Matrix = NDArray[np.float64]
"""A map of places, x and y: affine, shape (2, 3), or a perspective one, shape (3, 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Two pictures in one frame, that of the coarser."""

    one: NDArray[np.float32]
    """Luma of the first, shape (h, w)."""
    other: NDArray[np.float32]
    """Luma of the second, shape (h, w)."""
    one_rgb: NDArray[np.uint8]
    other_rgb: NDArray[np.uint8]
    inside: NDArray[np.bool_]
    """Where both have pixels, shape (h, w)."""
    into_first: bool
    """Whether the frame is that of the first picture."""
    frame: Matrix
    """Shape (2, 3): from that picture to the frame, which is larger than a small picture."""
    trembling: bool = False
    """Whether one of them is coded so coarsely that its blocks tremble."""


def fit_side(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Shrink a picture so that its longer side is at most ``side`` pixels; smaller ones stay as they are."""
    h, w = pixels.shape[:2]
    scale = side / max(h, w)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    # Halving is exact and fast; what is left, less than a half, folds little when interpolated.
    while pixels.shape[0] >= 2 * size[1] and pixels.shape[1] >= 2 * size[0]:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        even = np.ascontiguousarray(pixels[: 2 * half[1], : 2 * half[0]])
        pixels = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def scaling(source: NDArray[np.uint8], target: NDArray[np.uint8]) -> Matrix:
    """Return the map that squashes ``source`` onto the whole of ``target``, with pixel centers at halves."""
    sy, sx = target.shape[0] / source.shape[0], target.shape[1] / source.shape[1]
    return np.array([[sx, 0, 0.5 * sx - 0.5], [0, sy, 0.5 * sy - 0.5]], np.float64)


def invert(matrix: Matrix) -> Matrix:
    """Return the inverse of a map, in its own shape."""
    if len(matrix) == 2:
        return np.asarray(cv2.invertAffineTransform(matrix), np.float64)
    return np.asarray(np.linalg.inv(matrix), np.float64)


def chained(*matrices: Matrix) -> Matrix:
    """Return the map that applies the last of some maps first; affine, if all of them are."""
    whole = np.eye(3)
    for matrix in matrices:
        whole = whole @ (np.vstack([matrix, (0, 0, 1)]) if len(matrix) == 2 else matrix)
    return whole[:2] if all(len(matrix) == 2 for matrix in matrices) else whole / whole[2, 2]


def moved_points(points: NDArray[np.float64], matrix: Matrix) -> NDArray[np.float64]:
    """Return where a map puts points of shape (n, 2), x and y."""
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved if len(matrix) == 2 else moved[:, :2] / moved[:, 2:])


def affine_near(matrix: Matrix, shape: tuple[int, ...]) -> Matrix:
    """Return the affine map that is next to a map over a picture of a shape, by least squares over its corners."""
    if len(matrix) == 2:
        return matrix
    h, w = shape[:2]
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float64) - 0.5
    whole = np.hstack([corners, np.ones((4, 1))])
    return np.asarray(np.linalg.lstsq(whole, moved_points(corners, matrix), rcond=None)[0].T, np.float64)


def corners_of(pixels: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.float32]:
    """Return where a map puts the four corners of a picture: shape (4, 2), x and y."""
    h, w = pixels.shape[:2]
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float64) - 0.5
    return moved_points(corners, matrix).astype(np.float32)


def coverage(one: NDArray[np.uint8], other: NDArray[np.uint8], matrix: Matrix) -> tuple[float, float]:
    """Return which share of ``one`` is covered by ``other`` under the map, and of ``other`` by ``one``."""
    return _covered(one, other, matrix), _covered(other, one, invert(matrix))


def _covered(one: NDArray[np.uint8], other: NDArray[np.uint8], matrix: Matrix) -> float:
    """Return which share of ``one`` is covered by ``other``, which a map puts there."""
    h, w = one.shape[:2]
    frame = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32) - np.float32(0.5)
    common = float(cv2.intersectConvexConvex(corners_of(other, matrix), frame)[0])
    return min(1.0, common / float(h * w))


def lay_over(one: NDArray[np.uint8], other: NDArray[np.uint8], matrix: Matrix) -> Overlay:
    """Lay ``other`` over ``one``, in the frame of the coarser of both.

    Parameters
    ----------
    one, other
        Shape (h, w, 3), uint8 RGB.
    matrix
        Map from ``other`` to ``one``.
    """
    area = float(cv2.contourArea(corners_of(other, matrix)))
    growth = float(np.sqrt(max(area, 1e-6) / (other.shape[0] * other.shape[1])))
    into_first = growth <= 1.0
    frame, shape = _frame(one if into_first else other)
    if into_first:
        first, (second, inside) = _placed(one, shape), _warp(other, chained(frame, matrix), shape, 1 / growth)
    else:
        second, (first, inside) = _placed(other, shape), _warp(one, chained(frame, invert(matrix)), shape, growth)
    luma_one, luma_other = equally_sharp(luma_of(first), luma_of(second), inside)
    return Overlay(
        one=luma_one,
        other=luma_other,
        one_rgb=first,
        other_rgb=second,
        inside=inside,
        into_first=into_first,
        frame=frame,
    )


def mended(matrix: Matrix, overlay: Overlay, correction: Matrix) -> Matrix:
    """Return the map of an overlay with a correction, which leads from the frame to where content lies in the second.

    In the frame of the second picture, where the first was moved, the correction is undone before the map.
    """
    back = chained(invert(overlay.frame), invert(correction), overlay.frame)
    return chained(back, matrix) if overlay.into_first else chained(matrix, back)


def _frame(pixels: NDArray[np.uint8]) -> tuple[Matrix, tuple[int, int]]:
    """Return the map from a picture to the frame in which it is compared, and the shape of that frame."""
    h, w = pixels.shape[:2]
    grow = min(max(1.0, _LEAST_SIDE / min(h, w)), _MOST_ENLARGED)
    shape = round(h * grow), round(w * grow)
    sy, sx = shape[0] / h, shape[1] / w
    return np.array([[sx, 0, 0.5 * sx - 0.5], [0, sy, 0.5 * sy - 0.5]], np.float64), shape


def _placed(pixels: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture in its frame."""
    if pixels.shape[:2] == shape:
        return pixels
    return np.asarray(cv2.resize(pixels, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.uint8)


def smooth(overlay: Overlay) -> Overlay:
    """Return an overlay with both pictures smoothed further."""
    one = np.asarray(cv2.GaussianBlur(overlay.one, (0, 0), _FURTHER_SIGMA), np.float32)
    other = np.asarray(cv2.GaussianBlur(overlay.other, (0, 0), _FURTHER_SIGMA), np.float32)
    return replace(overlay, one=one, other=other)


def _warp(
    pixels: NDArray[np.uint8], matrix: Matrix, shape: tuple[int, ...], shrink: float
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Warp a picture into a frame that is ``shrink`` times coarser; also say where it has pixels."""
    if shrink > 1.15:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.5 * float(np.sqrt(shrink**2 - 1))), np.uint8)
    if pixels.shape[:2] == tuple(shape) and len(matrix) == 2 and np.array_equal(matrix, np.eye(2, 3)):
        return pixels, np.ones(pixels.shape[:2], bool)
    size = (shape[1], shape[0])
    warp = cv2.warpAffine if len(matrix) == 2 else cv2.warpPerspective
    moved = warp(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    whole = np.full(pixels.shape[:2], 255, np.uint8)
    inside = warp(whole, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(moved, np.uint8), np.asarray(inside) > 0


def luma_of(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the luma by which pictures are compared, lightly smoothed: float32."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(gray, (0, 0), _BASE_SIGMA), np.float32)


def _fineness(luma: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """Return the energy of the gradient relative to the variance: falls as a picture is blurred."""
    energy, variance = _energies(luma, inside)
    return energy / (variance + 1.0)


@njit(nogil=True, cache=True, fastmath=True)
def _energies(luma: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the mean square of the gradient and the variance, both where two pictures overlap."""
    energy, total, squares, count = 0.0, 0.0, 0.0, 0
    for y in range(1, luma.shape[0] - 1):
        above, line, below, where = luma[y - 1], luma[y], luma[y + 1], inside[y]
        row_energy, row_total, row_squares = np.float32(0), np.float32(0), np.float32(0)
        for x in range(1, luma.shape[1] - 1):
            weight = np.float32(where[x])
            gx, gy = line[x + 1] - line[x - 1], below[x] - above[x]
            value = line[x] - np.float32(128)
            row_energy += weight * (gx * gx + gy * gy)
            row_total += weight * value
            row_squares += weight * value * value
            count += int(where[x])
        energy += float(row_energy)
        total += float(row_total)
        squares += float(row_squares)
    if count == 0:
        return 0.0, 0.0
    return energy / count, squares / count - (total / count) ** 2


def equally_sharp(
    one: NDArray[np.float32], other: NDArray[np.float32], inside: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Blur the sharper of two pictures until it is no sharper than the other.

    The edge where one picture lies within the other is no detail of either.
    """
    within = cv2.erode(inside.view(np.uint8), _NEAR_EDGE).view(bool)
    return _equally_sharp(one, other, within if within.any() else inside)


def _equally_sharp(
    one: NDArray[np.float32], other: NDArray[np.float32], inside: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Blur the sharper of two pictures, by what lies inside."""
    fine_one, fine_other = _fineness(one, inside), _fineness(other, inside)
    if fine_one < fine_other:
        blurred_other, blurred_one = _equally_sharp(other, one, inside)
        return blurred_one, blurred_other
    if fine_one <= 1.15 * fine_other:
        return one, other
    best, gap = one, abs(fine_one - fine_other)
    for sigma in _SIGMAS:
        blurred = np.asarray(cv2.GaussianBlur(one, (0, 0), sigma), np.float32)
        difference = _fineness(blurred, inside) - fine_other
        if abs(difference) < gap:
            best, gap = blurred, abs(difference)
        if difference < 0:
            break
    return best, other
