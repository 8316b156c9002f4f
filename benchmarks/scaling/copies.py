"""Copies of made-up pictures: worn until their codes are a wanted number of bits away, cropped, framed and turned.

Wear is a random field that is added to the picture. Its strength is found by bisection, and the code is then that of
the worn picture: the bits that flip are those whose coefficients are nearest to the median, as in real copies.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.wavelet import block_means, code_of_means, fill_integral
from scaling.pictures import Canvas
from scaling.randomness import normal
from scaling.textures import SIDE

_SPECKS = 20
"""Cells a side of the field that wears a copy."""

_BLOCKS = 16
_STEPS = 14


@njit(nogil=True, cache=True)
def bits_between(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    """Return the Hamming distance of two codes."""
    bits = 0
    for i in range(one.size):
        value = one[i] ^ other[i]
        while value:
            value &= value - np.uint8(1)
            bits += 1
    return bits


@njit(nogil=True, cache=True)
def window_means(integral: NDArray[np.int32], window: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """Return the block means of a window, told by its top, left, bottom and right in pixels, from an integral."""
    top, left, bottom, right = window
    rows, columns = np.empty(17, np.int32), np.empty(17, np.int32)
    for i in range(17):
        rows[i] = top + (bottom - top) * i // 16
        columns[i] = left + (right - left) * i // 16
    return block_means(integral, rows, columns)


@njit(nogil=True, cache=True, fastmath=True)
def resample(source: NDArray[np.float32], window: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Enlarge a window, told by top, left, bottom and right as shares of a side, to the whole of ``out``."""
    side = source.shape[0]
    rows, below = _places(window[0], window[2], side)
    columns, beside = _places(window[1], window[3], side)
    mixed = np.empty(side, np.float32)
    for y in range(side):
        one, other, share = source[rows[y]], source[rows[y] + 1], below[y]
        for x in range(side):
            mixed[x] = one[x] + (other[x] - one[x]) * share
        line = out[y]
        for x in range(side):
            left = mixed[columns[x]]
            line[x] = left + (mixed[columns[x] + 1] - left) * beside[x]


@njit(nogil=True, cache=True, fastmath=True)
def _places(first: float, last: float, side: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return where the pixels of a window lie along a side: the pixel before, and how far beyond it."""
    before, share = np.empty(side, np.int32), np.empty(side, np.float32)
    for i in range(side):
        place = min(max((first + (last - first) * (i + 0.5) / side) * side - 0.5, 0.0), side - 1.0)
        before[i] = min(int(place), side - 2)
        share[i] = np.float32(place - before[i])
    return before, share


@njit(nogil=True, cache=True, fastmath=True)
def frame(source: NDArray[np.float32], margin: int, tone: float, out: NDArray[np.float32]) -> None:
    """Shrink a picture into a plain margin of so many pixels."""
    side = source.shape[0]
    inner = side - 2 * margin
    out[:] = np.float32(tone)
    for y in range(inner):
        row = min(int((y + 0.5) * side / inner), side - 1)
        for x in range(inner):
            column = min(int((x + 0.5) * side / inner), side - 1)
            out[margin + y, margin + x] = source[row, column]


@njit(nogil=True, cache=True)
def turn(source: NDArray[np.float32], orientation: int, out: NDArray[np.float32]) -> None:
    """Turn and mirror a square picture; see `imgsieve.features.orientation.orient`."""
    last = source.shape[0] - 1
    for y in range(source.shape[0]):
        for x in range(source.shape[0]):
            row, column = y, x
            for _ in range(orientation % 4):
                row, column = column, last - row
            if orientation >= 4:
                column = last - column
            out[y, x] = source[row, column]


@njit(nogil=True, cache=True)
def wear(canvas: Canvas, target: NDArray[np.uint8], wanted: int) -> None:
    """Add a random field to a picture, so strong that its code is ``wanted`` bits from ``target``, or near to that.

    Parameters
    ----------
    canvas
        Its luma is changed.
    target
        Shape (32,), uint8.
    """
    field = np.empty((_SPECKS, _SPECKS), np.float32)
    for y in range(_SPECKS):
        for x in range(_SPECKS):
            field[y, x] = normal(canvas.state)
    luma, cell = canvas.luma, SIDE // _SPECKS
    fill_integral(luma, canvas.integral)
    strength = _strength(window_means(canvas.integral, (0, 0, SIDE, SIDE)), _block_means(field), target, wanted)
    for y in range(SIDE):
        for column in range(_SPECKS):
            line = luma[y, column * cell : column * cell + cell]
            added = strength * field[y // cell, column]
            for x in range(cell):
                line[x] += added


@njit(nogil=True, cache=True)
def _block_means(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means over 16 x 16 blocks of a field of 20 x 20 cells: a block covers 1.25 cells a side."""
    shares = np.zeros((_BLOCKS, _SPECKS), np.float32)
    for block in range(_BLOCKS):
        for part in range(5):
            shares[block, (block * 5 + part) // 4] += np.float32(0.2)
    return shares @ field @ shares.T


@njit(nogil=True, cache=True)
def _strength(
    means: NDArray[np.float32], noise: NDArray[np.float32], target: NDArray[np.uint8], wanted: int
) -> np.float32:
    """Return the strength of the noise whose code is nearest to the wanted distance."""
    code = np.empty(target.size, np.uint8)
    code_of_means(means, code)
    best, best_error = np.float32(0), abs(bits_between(code, target) - wanted)
    low, high = np.float32(0), np.float32(64)
    for step in range(_STEPS):
        if best_error == 0:
            break
        # Strengths differ by orders of magnitude, so the first steps are of factors.
        between = high * np.float32(0.25) if low == 0 and step < 6 else (low + high) * np.float32(0.5)
        code_of_means(means + between * noise, code)
        bits = bits_between(code, target)
        if abs(bits - wanted) < best_error:
            best, best_error = between, abs(bits - wanted)
        if bits < wanted:
            low = between
        else:
            high = between
    return best
