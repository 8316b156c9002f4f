"""Local codes: binary descriptors of the corners of a small picture, by which parts of pictures are found again.

Corners are where gradients go in two directions (C. Harris and M. Stephens, Alvey Vision Conference 1988,
doi:10.5244/C.2.23), by the harmonic mean of both eigenvalues (M. Brown, R. Szeliski and S. Winder, CVPR 2005,
doi:10.1109/CVPR.2005.235), at four scales. What surrounds a corner is described by comparing pairs of smoothed pixels
(BRIEF: M. Calonder, V. Lepetit, C. Strecha and P. Fua, ECCV 2010, doi:10.1007/978-3-642-15561-1_56). Patches are not
turned upright: copies that are turned by a few degrees still match, and the pairs are chosen such that the code of a
turned or mirrored patch has the same bits in another order.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.orientation import COUNT as TURNS
from imgsieve.features.reduction import SIDE as SMALL
from imgsieve.schema import LOCAL_CODE_BYTES, LOCAL_CODES

__all__ = ["BITS", "LEVELS", "LEVEL_RATIO", "NO_CORNER", "PLACES", "local_codes", "turned"]

BITS = 8 * LOCAL_CODE_BYTES
"""Bits of a local code."""

LEVELS = 4
"""Scales at which corners are looked for,"""

LEVEL_RATIO = 1.35
"""each so much smaller than the one before."""

PLACES = 254
"""Places are told in so many parts of the longer side."""

NO_CORNER = 255
"""Stands for the scale where there is no corner."""

_EACH = LOCAL_CODES // LEVELS
_REACH = 12
"""Pixels from a corner to the border of its patch."""

_BORDER = _REACH + 1
_SHORTEST = 64
"""Shorter side of the picture at full scale at least: very long pictures are told as if they were less so."""

_LEAST_CORNER = 20.0
"""Harmonic mean of the eigenvalues, in squared gray levels, below which there is no corner."""


def _turn(point: tuple[int, int]) -> tuple[int, int]:
    """Turn a place (down, right) around the corner by a quarter, counterclockwise."""
    return -point[1], point[0]


def _orbit(one: tuple[int, int], other: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Return a pair of places in all orientations, ordered as `imgsieve.features.orientation` orders them."""
    found = []
    for mirrored in (False, True):
        first, second = ((y, -x) if mirrored else (y, x) for y, x in (one, other))
        for _ in range(4):
            found.append((*first, *second))
            first, second = _turn(first), _turn(second)
    return found


def _pairs() -> NDArray[np.int64]:
    """Draw the pairs of places that are compared: shape (128, 4), each eight of one orbit."""
    rng = np.random.default_rng(7)
    pairs: list[tuple[int, int, int, int]] = []
    known: set[frozenset[tuple[int, int]]] = set()
    while len(pairs) < BITS:
        y0, x0, y1, x1 = (int(v) for v in np.rint(rng.normal(0, _REACH / 2, 4)))
        if max(abs(y0), abs(x0), abs(y1), abs(x1)) > _REACH or np.hypot(y0 - y1, x0 - x1) < 3:
            continue
        orbit = _orbit((y0, x0), (y1, x1))
        fresh = {frozenset([(a, b), (c, d)]) for a, b, c, d in orbit}
        if len(fresh) == len(orbit) and not fresh & known:
            known |= fresh
            pairs += orbit
    return np.array(pairs, np.int64)


_PAIRS = _pairs()


def _turned_bits() -> NDArray[np.intp]:
    """Say where the bits of turned pictures come from.

    Returns
    -------
    Shape (8, 128): by orientation of the picture, for each bit, numbered from the lowest of the first byte, the bit of
    the upright picture's code at the same corner that it equals.
    """
    rows = {tuple(pair): k for k, pair in enumerate(_PAIRS.tolist())}
    out = np.empty((TURNS, BITS), np.intp)
    for orientation in range(TURNS):
        mirrored, quarters = divmod(orientation, 4)
        for k, (y0, x0, y1, x1) in enumerate(_PAIRS.tolist()):
            # A pixel of the turned picture, brought back to where it was.
            points = [(y0, x0), (y1, x1)]
            for _ in range((4 - quarters) % 4):
                points = [_turn(p) for p in points]
            if mirrored:
                points = [(y, -x) for y, x in points]
            out[orientation, k] = rows[*points[0], *points[1]]
    return out


_TURNED = _turned_bits()


def turned(
    codes: NDArray[np.uint8], places: NDArray[np.uint8], orientation: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the local codes that pictures have when they are turned; what is equal but for that stays equal.

    Parameters
    ----------
    codes, places
        Shape (..., 16) and (..., 3); see `local_codes`.
    orientation
        From 0 to 7; see `imgsieve.features.orientation.orient`.
    """
    if orientation == 0:
        return codes, places
    bits = np.unpackbits(codes, axis=-1, bitorder="little")[..., _TURNED[orientation]]
    out = places.copy()
    # Places are measured from the corner of the square around the picture, so turning it keeps them inside.
    down, right = places[..., 0], places[..., 1]
    if orientation >= 4:
        right = PLACES - right
    for _ in range(orientation % 4):
        down, right = PLACES - right, down
    out[..., 0], out[..., 1] = down, right
    out[places[..., 2] == NO_CORNER] = NO_CORNER
    return np.ascontiguousarray(np.packbits(bits, axis=-1, bitorder="little")), out


@njit(nogil=True, cache=True)
def local_codes(luma: NDArray[np.float32], aspect: float, codes: NDArray[np.uint8], places: NDArray[np.uint8]) -> None:
    """Write the local codes of a small picture.

    Parameters
    ----------
    luma
        Shape (160, 160), float32: the picture, squashed.
    aspect
        Width of the true picture over its height.
    codes
        Shape (80, 16): is overwritten; zeros where there is no corner.
    places
        Shape (80, 3): is overwritten with how far down and right a corner is, in 254ths of the longer side, and its
        scale, from 0 for the finest; 255 where there is no corner.
    """
    codes[:] = 0
    places[:] = 255
    height, width = _true_size(aspect)
    level = _resampled(luma, height, width)
    longer, at = np.float32(SMALL), 0
    rows, columns = np.empty(_EACH, np.int64), np.empty(_EACH, np.int64)
    for scale in range(LEVELS):
        if scale:
            longer = np.float32(SMALL / LEVEL_RATIO**scale)
            share = longer / np.float32(SMALL)
            h, w = int(np.rint(height * share)), int(np.rint(width * share))
            level = _resampled(level, max(h, 1), max(w, 1))
        if min(level.shape) < 2 * _BORDER + 1:
            break
        smooth = _smoothed(level)
        found = _strongest(_cornerness(smooth), rows, columns)
        boxed = _boxed(smooth)
        unit_y, unit_x = height / level.shape[0], width / level.shape[1]
        for k in range(found):
            _write_code(boxed, rows[k], columns[k], codes[at])
            places[at, 0] = np.uint8(np.rint((rows[k] + 0.5) * unit_y / SMALL * PLACES))
            places[at, 1] = np.uint8(np.rint((columns[k] + 0.5) * unit_x / SMALL * PLACES))
            places[at, 2] = np.uint8(scale)
            at += 1


@njit(nogil=True, cache=True)
def _true_size(aspect: float) -> tuple[int, int]:
    """Return height and width of the small picture at its true shape, the longer side of 160 pixels."""
    if aspect >= 1:
        return max(int(np.rint(SMALL / aspect)), _SHORTEST), SMALL
    return SMALL, max(int(np.rint(SMALL * aspect)), _SHORTEST)


@njit(nogil=True, cache=True, fastmath=True)
def _shares(count: int, parts: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Say how equal parts of ``count`` pixels are averaged: the first pixel of each, and the shares of four."""
    first = np.empty(parts, np.int64)
    shares = np.zeros((parts, 4), np.float32)
    step = count / parts
    for k in range(parts):
        low, high = k * step, (k + 1) * step
        begin = min(int(low), max(count - 4, 0))
        first[k] = begin
        for i in range(4):
            inside = min(high, begin + i + 1.0) - max(low, begin + i + 0.0)
            shares[k, i] = np.float32(max(inside, 0.0) / step)
    return first, shares


@njit(nogil=True, cache=True, fastmath=True)
def _resampled(picture: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Average a picture of at least four pixels a side over areas of less than three pixels a side."""
    lines = picture if picture.shape[0] == height else _fewer_rows(picture, height)
    return lines if lines.shape[1] == width else _fewer_columns(lines, width)


@njit(nogil=True, cache=True, fastmath=True)
def _fewer_rows(picture: NDArray[np.float32], height: int) -> NDArray[np.float32]:
    """Average rows; see `_resampled`."""
    first, shares = _shares(picture.shape[0], height)
    out = np.empty((height, picture.shape[1]), np.float32)
    for y in range(height):
        top, share, line = first[y], shares[y], out[y]
        one, two, three, four = picture[top], picture[top + 1], picture[top + 2], picture[top + 3]
        a, b, c, d = share[0], share[1], share[2], share[3]
        for x in range(line.size):
            line[x] = a * one[x] + b * two[x] + c * three[x] + d * four[x]
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _fewer_columns(picture: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Average columns; see `_resampled`."""
    first, shares = _shares(picture.shape[1], width)
    out = np.empty((picture.shape[0], width), np.float32)
    for y in range(picture.shape[0]):
        line, target = picture[y], out[y]
        for x in range(width):
            at, part = np.uint64(first[x]), shares[x]
            both = part[0] * line[at] + part[1] * line[at + np.uint64(1)]
            target[x] = both + part[2] * line[at + np.uint64(2)] + part[3] * line[at + np.uint64(3)]
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _smoothed(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth by the weights 1, 2, 1 along both sides; the outermost pixels stay as they are."""
    h, w = picture.shape
    out = picture.copy()
    sums = np.empty(w, np.float32)
    for y in range(1, h - 1):
        above, line, below = picture[y - 1], picture[y], picture[y + 1]
        for x in range(w):
            sums[x] = above[x] + below[x] + np.float32(2) * line[x]
        left, middle, right, target = sums[: w - 2], sums[1 : w - 1], sums[2:], out[y, 1 : w - 1]
        for x in range(w - 2):
            target[x] = (left[x] + right[x] + np.float32(2) * middle[x]) * np.float32(1 / 16)
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _boxed(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add up 5 x 5 pixels; zeros near the border."""
    h, w = picture.shape
    out = np.zeros((h, w), np.float32)
    sums = np.empty(w, np.float32)
    for y in range(2, h - 2):
        one, two, three, four, five = picture[y - 2], picture[y - 1], picture[y], picture[y + 1], picture[y + 2]
        for x in range(w):
            sums[x] = one[x] + two[x] + three[x] + four[x] + five[x]
        _sum_fives(sums, out[y, 2 : w - 2])
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _cornerness(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the harmonic mean of the eigenvalues of the structure tensor over 5 x 5 pixels; 0 near the border."""
    h, w = picture.shape
    out = np.zeros((h, w), np.float32)
    across, along = np.zeros((5, w), np.float32), np.zeros((5, w), np.float32)
    sums, wider = np.zeros((3, w), np.float32), np.empty((3, w - 4), np.float32)
    for y in range(1, h - 1):
        slot = y % 5
        _move_on(sums, across[slot], along[slot], np.float32(-1))
        _fill_gradients(picture[y - 1], picture[y], picture[y + 1], across[slot], along[slot])
        _move_on(sums, across[slot], along[slot], np.float32(1))
        if y >= 5:
            _fill_cornerness(sums, wider, out[y - 2, 2 : w - 2])
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _fill_gradients(
    above: NDArray[np.float32],
    line: NDArray[np.float32],
    below: NDArray[np.float32],
    across: NDArray[np.float32],
    along: NDArray[np.float32],
) -> None:
    """Write the differences of the neighbors of each pixel of a line; 0 at its ends."""
    last = line.size - 1
    left, right, inside = line[: last - 1], line[2:], across[1:last]
    for x in range(inside.size):
        inside[x] = right[x] - left[x]
    up, down, inside = above[1:last], below[1:last], along[1:last]
    for x in range(inside.size):
        inside[x] = down[x] - up[x]


@njit(nogil=True, cache=True, fastmath=True)
def _move_on(
    sums: NDArray[np.float32], across: NDArray[np.float32], along: NDArray[np.float32], sign: np.float32
) -> None:
    """Add the products of the gradients of a line to sums of shape (3, w), or take them away."""
    # One loop each: of more arrays at once the compiler would not know that they are apart.
    xx, yy, xy = sums[0], sums[1], sums[2]
    for x in range(across.size):
        xx[x] += sign * across[x] * across[x]
    for x in range(across.size):
        yy[x] += sign * along[x] * along[x]
    for x in range(across.size):
        xy[x] += sign * across[x] * along[x]


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _fill_cornerness(sums: NDArray[np.float32], wider: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write the harmonic means of a line, shape (n,), from sums over five lines, shape (3, n + 4).

    ``wider``, shape (3, n), is overwritten.
    """
    xx, yy, xy = wider[0], wider[1], wider[2]
    _sum_fives(sums[0], xx)
    _sum_fives(sums[1], yy)
    _sum_fives(sums[2], xy)
    for x in range(out.size):
        out[x] = (xx[x] * yy[x] - xy[x] * xy[x]) / (xx[x] + yy[x] + np.float32(1e-3))


@njit(nogil=True, cache=True, fastmath=True)
def _sum_fives(values: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Add up each five values in a row."""
    n = out.size
    one, two, three, four, five = values[:n], values[1 : n + 1], values[2 : n + 2], values[3 : n + 3], values[4 : n + 4]
    for x in range(n):
        out[x] = one[x] + two[x] + three[x] + four[x] + five[x]


@njit(nogil=True, cache=True, fastmath=True)
def _strongest(corners: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> int:
    """Write where the strongest corners are that are the largest of 5 x 5 pixels, strongest first; return how many."""
    h, w = corners.shape
    values = np.empty(rows.size, np.float32)
    count, least = 0, np.float32(_LEAST_CORNER)
    tallest = np.empty(w, np.float32)
    for y in range(_BORDER, h - _BORDER):
        one, two, three, four, five = (corners[y - 2], corners[y - 1], corners[y], corners[y + 1], corners[y + 2])
        for x in range(w):
            tallest[x] = max(one[x], two[x], three[x], four[x], five[x])
        for x in range(_BORDER, w - _BORDER):
            value = three[x]
            if value <= least or value < tallest[x]:
                continue
            beside = max(tallest[x - 2], tallest[x - 1], tallest[x + 1], tallest[x + 2])
            if value < beside:
                continue
            at = min(count, rows.size - 1)
            while at > 0 and values[at - 1] < value:
                values[at], rows[at], columns[at] = values[at - 1], rows[at - 1], columns[at - 1]
                at -= 1
            values[at], rows[at], columns[at] = value, y, x
            count = min(count + 1, rows.size)
            if count == rows.size:
                least = max(least, values[count - 1])
    return count


@njit(nogil=True, cache=True)
def _write_code(picture: NDArray[np.float32], y: int, x: int, out: NDArray[np.uint8]) -> None:
    """Write the code of a patch: a bit is set where the first pixel of a pair is darker than the second."""
    for k in range(BITS):
        pair = _PAIRS[k]
        one = picture[y + pair[0], x + pair[1]]
        other = picture[y + pair[2], x + pair[3]]
        out[k >> 3] |= np.uint8((one < other) << (k & 7))
