"""Corners of two pictures that one map brings together, and how many it should bring together.

Corners are matched by their codes. The matches that agree with each other tell a similarity (least squares; S. Umeyama,
PAMI 1991, doi:10.1109/34.88573), those that it brings together tell an affine map, and what that brings together
counts. Strangers on one ground have corners in common, too, but few of those that they would share as copies.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.local_codes import LEVEL_RATIO, LEVELS, NO_CORNER, PLACES
from imgsieve.search.words import any_near, ones
from imgsieve.stages.votes import agree

__all__ = ["count_fitting"]

_ROUGHLY = 0.05 * PLACES
"""How far a corner may be from where the first map has it,"""

_CLOSELY = 0.02 * PLACES
"""and from where the last one has it."""

_LEAST = 3
_AFFINE = 5
"""Matches from which an affine map is told."""

_Matrix = NDArray[np.float64]


@njit(nogil=True, cache=True)
def count_fitting(
    codes_a: NDArray[np.uint64],
    places_a: NDArray[np.uint8],
    codes_b: NDArray[np.uint64],
    places_b: NDArray[np.uint8],
    radius: int,
) -> tuple[NDArray[np.int16], NDArray[np.int16], _Matrix]:
    """Count the corners of pairs of pictures that one map brings together.

    Parameters
    ----------
    codes_a, codes_b
        Shape (n, 80, 2).
    places_a, places_b
        Shape (n, 80, 3); see `imgsieve.features.local_codes.local_codes`.
    radius
        Largest distance of a match, in bits; each corner of a is matched with the nearest of b.

    Returns
    -------
    Shape (n,), (n,) and (n, 3, 2): corners that are brought together, from 0 to 80, corners of a that the map has
    within what was looked at of b, and the map itself, for rows (down, right, 1); zeros where there is none.
    """
    matches, visible = np.zeros(codes_a.shape[0], np.int16), np.zeros(codes_a.shape[0], np.int16)
    maps, places = np.zeros((matches.size, 3, 2)), np.empty((codes_a.shape[1], 6), np.uint8)
    for k in range(matches.size):
        count = _match(codes_a[k], places_a[k], codes_b[k], places_b[k], radius, places)
        chosen = _agreeing(places[:count])
        found = chosen.sum()
        if found >= _LEAST:
            matrix, chosen, found = _fit(places[:count], chosen)
            maps[k] = matrix
            visible[k] = _visible(places_a[k], places_b[k], matrix)
        matches[k] = found
    return matches, visible, maps


@njit(nogil=True, cache=True)
def _match(
    codes_a: NDArray[np.uint64],
    places_a: NDArray[np.uint8],
    codes_b: NDArray[np.uint64],
    places_b: NDArray[np.uint8],
    radius: int,
    out: NDArray[np.uint8],
) -> int:
    """Write the places of matches in both pictures, shape (80, 6); return how many there are."""
    corners = _corners(places_b)
    first, second = codes_b[:corners, 0].copy(), codes_b[:corners, 1].copy()
    count = 0
    for i in range(_corners(places_a)):
        one, two = codes_a[i, 0], codes_a[i, 1]
        # Most corners of strangers are near none, which is found out for several at a time.
        if not any_near(one, two, first, second, np.uint64(radius)):
            continue
        nearest, least = -1, np.uint64(radius + 1)
        for j in range(corners):
            apart = ones(one ^ first[j]) + ones(two ^ second[j])
            if apart < least:
                nearest, least = j, apart
        out[count, :3], out[count, 3:] = places_a[i], places_b[nearest]
        count += 1
    return count


@njit(nogil=True, cache=True)
def _corners(places: NDArray[np.uint8]) -> int:
    """Return how many corners a picture has; they come first."""
    for k in range(places.shape[0]):
        if places[k, 2] == NO_CORNER:
            return k
    return int(places.shape[0])


@njit(nogil=True, cache=True)
def _agreeing(places: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the match that most agree with, and those that do: shape (n,)."""
    best, most = 0, -1
    for i in range(places.shape[0]):
        votes = 0
        for j in range(places.shape[0]):
            votes += agree(places[i], places[j])
        if votes > most:
            best, most = i, votes
    chosen = np.zeros(places.shape[0], np.bool_)
    for j in range(places.shape[0]):
        chosen[j] = j == best or agree(places[best], places[j])
    return chosen


@njit(nogil=True, cache=True)
def _fit(places: NDArray[np.uint8], chosen: NDArray[np.bool_]) -> tuple[_Matrix, NDArray[np.bool_], int]:
    """Return the map, shape (3, 2), that the chosen matches tell, those that it brings together, and their number."""
    matrix = _similarity(places, chosen)
    close = _close(places, matrix, _ROUGHLY)
    if close.sum() < _LEAST:
        return matrix, close, 0
    for _ in range(2):
        matrix = _affine(places, close) if close.sum() >= _AFFINE else _similarity(places, close)
        close = _close(places, matrix, _CLOSELY)
        if close.sum() < _LEAST:
            break
    return matrix, close, close.sum()


@njit(nogil=True, cache=True)
def _moments(places: NDArray[np.uint8], chosen: NDArray[np.bool_]) -> tuple[_Matrix, _Matrix]:
    """Return the means of the chosen matches, shape (4,), and the sums of the products of what remains, (4, 4)."""
    n, means, sums = 0, np.zeros(4), np.zeros((4, 4))
    point = np.empty(4)
    for again in range(2):
        for i in range(places.shape[0]):
            if not chosen[i]:
                continue
            point[0], point[1], point[2], point[3] = places[i, 0], places[i, 1], places[i, 3], places[i, 4]
            if again:
                for row in range(4):
                    for column in range(4):
                        sums[row, column] += (point[row] - means[row]) * (point[column] - means[column])
            else:
                n += 1
                means += point
        if not again:
            means /= max(n, 1)
    return means, sums


@njit(nogil=True, cache=True)
def _similarity(places: NDArray[np.uint8], chosen: NDArray[np.bool_]) -> _Matrix:
    """Return the similarity that brings the chosen matches together best."""
    means, sums = _moments(places, chosen)
    spread = sums[0, 0] + sums[1, 1] + 1e-9
    along, across = (sums[0, 2] + sums[1, 3]) / spread, (sums[0, 3] - sums[1, 2]) / spread
    return _around(means, along, across, -across, along)


@njit(nogil=True, cache=True)
def _affine(places: NDArray[np.uint8], chosen: NDArray[np.bool_]) -> _Matrix:
    """Return the affine map that brings the chosen matches together best."""
    means, sums = _moments(places, chosen)
    yy, yx, xx = sums[0, 0], sums[0, 1], sums[1, 1]
    area = yy * xx - yx * yx
    if area <= 1e-3 * (yy + xx) ** 2:
        return _similarity(places, chosen)  # corners on one line tell no more
    down_y, down_x = (xx * sums[0, 2] - yx * sums[1, 2]) / area, (yy * sums[1, 2] - yx * sums[0, 2]) / area
    right_y, right_x = (xx * sums[0, 3] - yx * sums[1, 3]) / area, (yy * sums[1, 3] - yx * sums[0, 3]) / area
    return _around(means, down_y, right_y, down_x, right_x)


@njit(nogil=True, cache=True)
def _around(means: _Matrix, down_y: float, right_y: float, down_x: float, right_x: float) -> _Matrix:
    """Return the map with these slopes that brings the means together: shape (3, 2)."""
    out = np.empty((3, 2))
    out[0, 0], out[0, 1], out[1, 0], out[1, 1] = down_y, right_y, down_x, right_x
    out[2, 0] = means[2] - down_y * means[0] - down_x * means[1]
    out[2, 1] = means[3] - right_y * means[0] - right_x * means[1]
    return out


@njit(nogil=True, cache=True)
def _close(places: NDArray[np.uint8], matrix: _Matrix, limit: float) -> NDArray[np.bool_]:
    """Return which matches a map brings together."""
    out = np.empty(places.shape[0], np.bool_)
    for i in range(out.size):
        down, right = _mapped(places[i, 0], places[i, 1], matrix)
        out[i] = (down - places[i, 3]) ** 2 + (right - places[i, 4]) ** 2 <= limit * limit
    return out


@njit(nogil=True, cache=True)
def _mapped(down: float, right: float, matrix: _Matrix) -> tuple[float, float]:
    """Return where a map brings a place."""
    return (
        down * matrix[0, 0] + right * matrix[1, 0] + matrix[2, 0],
        down * matrix[0, 1] + right * matrix[1, 1] + matrix[2, 1],
    )


@njit(nogil=True, cache=True)
def _visible(places_a: NDArray[np.uint8], places_b: NDArray[np.uint8], matrix: _Matrix) -> int:
    """Return how many corners of a the map has among those of b, at a scale at which these were looked for."""
    low, high = np.full(2, 255.0), np.zeros(2)
    for j in range(places_b.shape[0]):
        if places_b[j, 2] == NO_CORNER:
            break
        for k in range(2):
            low[k], high[k] = min(low[k], places_b[j, k]), max(high[k], places_b[j, k])
    area = abs(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0])
    shift, count = 0.5 * np.log(max(area, 1e-6)) / np.log(LEVEL_RATIO), 0
    for i in range(places_a.shape[0]):
        if places_a[i, 2] == NO_CORNER:
            break
        down, right = _mapped(places_a[i, 0], places_a[i, 1], matrix)
        level = places_a[i, 2] + shift
        inside = low[0] <= down <= high[0] and low[1] <= right <= high[1]
        count += inside and -0.5 <= level <= LEVELS - 0.5
    return count
