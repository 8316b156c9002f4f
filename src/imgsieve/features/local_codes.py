"""Local codes: binary descriptors of the corners of a small picture, by which parts of pictures are found again.

Corners are looked for at five scales; see `imgsieve.features.corners`. What surrounds a corner is described by
comparing pairs of smoothed pixels (BRIEF: M. Calonder, V. Lepetit, C. Strecha and P. Fua, ECCV 2010,
doi:10.1007/978-3-642-15561-1_56). Patches are not turned upright: copies that are turned by a few degrees still match,
and the pairs are chosen such that the code of a turned or mirrored patch has the same bits in another order.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.corners import boxed_sums, cornerness, resampled, smoothed, strongest
from imgsieve.features.orientation import COUNT as TURNS
from imgsieve.features.reduction import SIDE as SMALL
from imgsieve.schema import LOCAL_CODE_BYTES, LOCAL_CODES

__all__ = ["BITS", "LEVELS", "LEVEL_RATIO", "NO_CORNER", "PLACES", "local_codes", "turned"]

BITS = 8 * LOCAL_CODE_BYTES
"""Bits of a local code."""

_CORNERS = (44, 18, 10, 5, 3)
"""Corners that are taken at each scale at most, from the finest. A part of a picture, or a picture on a screen, meets
the other at a coarser scale of one, where few corners are, and a finer one of the other, where it has but a share."""

LEVELS = len(_CORNERS)
"""Scales at which corners are looked for,"""

LEVEL_RATIO = 1.35
"""each so much smaller than the one before."""

PLACES = 254
"""Places are told in so many parts of the longer side."""

NO_CORNER = 255
"""Stands for the scale where there is no corner."""

_MOST = np.array(_CORNERS, np.int64)
_REACH = 12
"""Pixels from a corner to the border of its patch."""

_BORDER = _REACH + 1


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


def _turned_bytes() -> NDArray[np.uint64]:
    """Say what each byte of a code adds to that of a turned picture: shape (8, 16, 256, 2)."""
    out = np.zeros((TURNS, LOCAL_CODE_BYTES, 256, LOCAL_CODE_BYTES), np.uint8)
    values = np.arange(256, dtype=np.uint8)
    for orientation, sources in enumerate(_turned_bits().tolist()):
        for k, source in enumerate(sources):
            out[orientation, source >> 3, :, k >> 3] |= ((values >> (source & 7)) & 1) << (k & 7)
    return out.view(np.uint64)


_TURNED = _turned_bytes()


def turned(
    codes: NDArray[np.uint8], places: NDArray[np.uint8], orientation: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the local codes that pictures have when they are turned; what is equal but for that stays equal.

    Places are those within the square around a picture: where the turned picture is not square, its own places may all
    be shifted against them.

    Parameters
    ----------
    codes, places
        Shape (..., 16) and (..., 3); see `local_codes`.
    orientation
        From 0 to 7; see `imgsieve.features.orientation.orient`.
    """
    if orientation == 0:
        return codes, places
    # Compiled loops want memory that may be written, which that of a table may not.
    rows = np.require(codes, np.uint8, ["C", "W"]).reshape(-1, LOCAL_CODE_BYTES)
    words = _reordered(rows, _TURNED[orientation])
    out = places.copy()
    # Places are measured from the corner of the square around the picture, so turning it keeps them inside.
    down, right = places[..., 0], places[..., 1]
    if orientation >= 4:
        right = PLACES - right
    for _ in range(orientation % 4):
        down, right = PLACES - right, down
    out[..., 0], out[..., 1] = down, right
    out[places[..., 2] == NO_CORNER] = NO_CORNER
    return words.view(np.uint8).reshape(codes.shape), out


@njit(nogil=True, cache=True)
def _reordered(codes: NDArray[np.uint8], added: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the words of codes of shape (n, 16) whose bytes add to them what a table of shape (16, 256, 2) says."""
    out = np.zeros((codes.shape[0], 2), np.uint64)
    for k in range(codes.shape[0]):
        first, second = np.uint64(0), np.uint64(0)
        for byte in range(LOCAL_CODE_BYTES):
            value = codes[k, byte]
            first |= added[byte, value, 0]
            second |= added[byte, value, 1]
        out[k, 0], out[k, 1] = first, second
    return out


@njit(nogil=True, cache=True)
def local_codes(
    luma: NDArray[np.float32], size: tuple[int, int], codes: NDArray[np.uint8], places: NDArray[np.uint8]
) -> None:
    """Write the local codes of a small picture.

    Parameters
    ----------
    luma
        Shape (160, 160), float32: the picture, squashed.
    size
        Height and width of its true shape; see `imgsieve.features.layout.true_size`.
    codes
        Shape (80, 16): is overwritten; zeros where there is no corner.
    places
        Shape (80, 3): is overwritten with how far down and right a corner is, in 254ths of the longer side, and its
        scale, from 0 for the finest; 255 where there is no corner.
    """
    codes[:] = 0
    places[:] = 255
    height, width = size
    level = resampled(luma, height, width)
    longer, at = np.float32(SMALL), 0
    rows, columns = np.empty(LOCAL_CODES, np.int64), np.empty(LOCAL_CODES, np.int64)
    for scale in range(LEVELS):
        if scale:
            longer = np.float32(SMALL / LEVEL_RATIO**scale)
            share = longer / np.float32(SMALL)
            h, w = int(np.rint(height * share)), int(np.rint(width * share))
            level = resampled(level, max(h, 1), max(w, 1))
        if min(level.shape) < 2 * _BORDER + 1:
            break
        smooth = smoothed(level)
        found = strongest(cornerness(smooth), _BORDER, rows[: _MOST[scale]], columns[: _MOST[scale]])
        boxed, (one, other) = boxed_sums(smooth).reshape(-1), _steps(level.shape[1])
        unit_y, unit_x = height / level.shape[0], width / level.shape[1]
        for k in range(found):
            _write_code(boxed, rows[k] * level.shape[1] + columns[k], one, other, codes[at])
            places[at, 0] = np.uint8(np.rint((rows[k] + 0.5) * unit_y / SMALL * PLACES))
            places[at, 1] = np.uint8(np.rint((columns[k] + 0.5) * unit_x / SMALL * PLACES))
            places[at, 2] = np.uint8(scale)
            at += 1


@njit(nogil=True, cache=True)
def _steps(width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how far both places of each pair are from a corner in a picture that is one line: shape (128,) each."""
    one, other = np.empty(BITS, np.int64), np.empty(BITS, np.int64)
    for k in range(BITS):
        one[k] = _PAIRS[k, 0] * width + _PAIRS[k, 1]
        other[k] = _PAIRS[k, 2] * width + _PAIRS[k, 3]
    return one, other


@njit(nogil=True, cache=True)
def _write_code(
    pixels: NDArray[np.float32], corner: int, one: NDArray[np.int64], other: NDArray[np.int64], out: NDArray[np.uint8]
) -> None:
    """Write the code of a patch: a bit is set where the first pixel of a pair is darker than the second."""
    for byte in range(out.size):
        bits = np.uint64(0)
        for k in range(8 * byte, 8 * byte + 8):
            # Places are inside, and unsigned ones need no look at whether they are counted from the end.
            darker = pixels[np.uint64(corner + one[k])] < pixels[np.uint64(corner + other[k])]
            bits |= np.uint64(darker) << np.uint64(k & 7)
        out[byte] = np.uint8(bits)
