"""How one picture lies on another, at full scale, and what each shows that the other does not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.features.alignment import Matrix, affine_near, chained, corners_of, invert

__all__ = ["Placement", "placement_of", "plainness", "reduced", "straightened"]

_WHOLLY_COVERED = 0.999
"""Share of a picture beyond which nothing to speak of is left of it; half a pixel around one of 384 is 0.005."""

_TONES, _NEAR = 3, 1
"""A plain part has this many tones at most, and levels this near to them."""

_LEAST_REST = 16
"""Pixels of which something can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How the second picture, turned as the first, lies on the first, both at full scale."""

    matrix: Matrix
    """Shape (2, 3): leads from places in the second picture to those in the first, in pixels."""
    map: Matrix
    """The same, or shape (3, 3) where that is a perspective map, to which ``matrix`` is next."""
    coverage_first: float
    coverage_second: float
    """Share of each that is seen in the other."""
    plain_first: float
    plain_second: float
    """How plain that part of each is that the other does not show, 0 to 1; see `plainness`."""

    @property
    def scale_x(self) -> float:
        """Pixels of the first for one pixel of the second, along the second's rows."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))

    @property
    def scale_y(self) -> float:
        """Pixels of the first for one pixel of the second, along the second's columns."""
        return float(np.hypot(self.matrix[0, 1], self.matrix[1, 1]))

    @property
    def tilt(self) -> float:
        """Rotation beyond the orientation, in degrees."""
        return float(np.degrees(np.arctan2(self.matrix[1, 0], self.matrix[0, 0])))


def placement_of(
    one: NDArray[np.uint8],
    other: NDArray[np.uint8],
    matrix: Matrix,
    coverages: tuple[float, float],
    widths: tuple[int, int],
) -> Placement:
    """Say how two pictures lie on each other.

    Parameters
    ----------
    one, other
        Shape (h, w, 3), uint8 RGB, the second turned as the first: small versions.
    matrix
        Leads from the second to the first, in pixels of these.
    coverages
        Share of each that is seen in the other.
    widths
        Of both, so turned, at full scale.
    """
    to_one, from_other = _enlarging(widths[0] / one.shape[1]), invert(_enlarging(widths[1] / other.shape[1]))
    affine = affine_near(matrix, other.shape)
    return Placement(
        matrix=chained(to_one, affine, from_other),
        map=chained(to_one, matrix, from_other),
        coverage_first=coverages[0],
        coverage_second=coverages[1],
        plain_first=_plain_around(one, other, affine, coverages[0]),
        plain_second=_plain_around(other, one, invert(affine), coverages[1]),
    )


def straightened(placement: Placement, orientation: int, width: int, height: int) -> tuple[Placement, int]:
    """Take the quarter turns out of a map and add them to the orientation.

    Keypoints find a map between pictures however they were turned, whatever orientation was asked for.

    Parameters
    ----------
    orientation
        Turns the second picture as the placement has it.
    width, height
        Of the second picture, so turned, at full scale.
    """
    turns, back = round(-placement.tilt / 90) % 4, np.eye(3)[:2]
    for _ in range(turns):
        # Where a counterclockwise quarter turn puts places, undone.
        turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, width - 1.0]])
        back, width, height = chained(back, invert(turn)), height, width
    straight = replace(placement, matrix=chained(placement.matrix, back), map=chained(placement.map, back))
    return straight, orientation // 4 * 4 + (orientation + turns) % 4


def reduced(placement: Placement, factor: int) -> Placement:
    """Return how two pictures lie on each other when both are reduced by a factor."""
    less, more = _enlarging(1 / factor), _enlarging(factor)
    return replace(placement, matrix=chained(less, placement.matrix, more), map=chained(less, placement.map, more))


def _enlarging(factor: float) -> Matrix:
    """Return the map that enlarges a picture; places are counted from the middle of the first pixel."""
    return np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2]])


def plainness(luma: NDArray[np.uint8], seen: NDArray[np.bool_]) -> float:
    """Return how much of the part of a picture that is not seen in another has one of three tones: 1 for a plain frame.

    Parameters
    ----------
    luma
        Shape (h, w), uint8.
    seen
        Shape (h, w), bool: what the other picture shows.
    """
    rest = luma[~seen]
    if rest.size < _LEAST_REST:
        return 0.0
    histogram = np.bincount(rest, minlength=256).astype(np.float64)
    found = 0.0
    for _ in range(_TONES):
        around = np.convolve(histogram, np.ones(2 * _NEAR + 1), mode="same")
        top = int(around.argmax())
        found += around[top]
        histogram[max(0, top - _NEAR) : top + _NEAR + 1] = 0
    return float(found / rest.size)


def _plain_around(frame: NDArray[np.uint8], inner: NDArray[np.uint8], matrix: Matrix, covered: float) -> float:
    """Return how plain a picture is around the place where another one lies, which covers a share of it."""
    if covered > _WHOLLY_COVERED:
        return 0.0
    corners, luma = corners_of(inner, matrix), np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)
    seen = np.zeros(luma.shape, np.uint8)
    cv2.fillConvexPoly(seen, np.rint(corners).astype(np.int32), 1)
    grown = cv2.dilate(seen, np.ones((7, 7), np.uint8)) > 0
    return plainness(luma, np.asarray(grown))
