"""Corners of a small picture: where gradients go in two directions.

By the structure tensor (C. Harris and M. Stephens, Alvey Vision Conference 1988, doi:10.5244/C.2.23) and half the
harmonic mean of its eigenvalues (M. Brown, R. Szeliski and S. Winder, CVPR 2005, doi:10.1109/CVPR.2005.235). Loops run
over whole pictures as one line, for a view of each row costs as much as the row; what comes of that at the ends of rows
is put right, or lies within the border in which nobody looks for corners.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["boxed_sums", "cornerness", "resampled", "smoothed", "strongest"]

_LEAST_CORNER = 20.0
"""Half the harmonic mean of the eigenvalues, in squared gray levels, below which there is no corner."""

_Floats = NDArray[np.float32]


@njit(nogil=True, cache=True, fastmath=True)
def resampled(picture: _Floats, height: int, width: int) -> _Floats:
    """Average a picture of at least four pixels a side over areas of less than three pixels a side."""
    lines = picture if picture.shape[0] == height else _fewer_rows(picture, height)
    return lines if lines.shape[1] == width else _fewer_columns(lines, width)


@njit(nogil=True, cache=True, fastmath=True)
def _shares(count: int, parts: int) -> tuple[NDArray[np.int64], _Floats]:
    """Say how equal parts of ``count`` pixels are averaged: the first pixel of each, and the shares of four.

    Shapes (parts,) and (parts, 4).
    """
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
def _fewer_rows(picture: _Floats, height: int) -> _Floats:
    """Average rows; see `resampled`."""
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
def _fewer_columns(picture: _Floats, width: int) -> _Floats:
    """Average columns; see `resampled`."""
    first, shares = _shares(picture.shape[1], width)
    height, step = np.uint64(picture.shape[0]), np.uint64(picture.shape[1])
    pixels, out = picture.reshape(-1), np.empty((picture.shape[0], width), np.float32)
    # Columns outside, so that places and shares are read once for all rows.
    for x in range(width):
        at = np.uint64(first[x])
        a, b, c, d = shares[x, 0], shares[x, 1], shares[x, 2], shares[x, 3]
        for y in range(height):
            both = a * pixels[at] + b * pixels[at + np.uint64(1)]
            out[y, x] = both + c * pixels[at + np.uint64(2)] + d * pixels[at + np.uint64(3)]
            at += step
    return out


@njit(nogil=True, cache=True, fastmath=True)
def smoothed(picture: _Floats) -> _Floats:
    """Smooth by the weights 1, 2, 1 along both sides; the outermost pixels stay as they are."""
    h, w = picture.shape
    inner = (h - 2) * w
    out, pixels = picture.copy(), picture.reshape(-1)
    sums = np.empty(inner, np.float32)
    above, middle, below = pixels[:inner], pixels[w : w + inner], pixels[2 * w :]
    for i in range(inner):
        sums[i] = above[i] + below[i] + np.float32(2) * middle[i]
    left, center, right, target = sums[: inner - 2], sums[1 : inner - 1], sums[2:], out.reshape(-1)[w + 1 :]
    for i in range(inner - 2):
        target[i] = (left[i] + right[i] + np.float32(2) * center[i]) * np.float32(1 / 16)
    for y in range(h):
        out[y, 0], out[y, w - 1] = picture[y, 0], picture[y, w - 1]
    return out


@njit(nogil=True, cache=True, fastmath=True)
def boxed_sums(picture: _Floats) -> _Floats:
    """Add up 5 x 5 pixels; zeros in the two outermost rows and columns."""
    h, w = picture.shape
    out, pixels, sums = np.zeros((h, w), np.float32), picture.reshape(-1), np.empty((h - 4) * w, np.float32)
    n = sums.size
    one, two, three, four, five = pixels[:n], pixels[w:], pixels[2 * w :], pixels[3 * w :], pixels[4 * w :]
    for i in range(n):
        sums[i] = one[i] + two[i] + three[i] + four[i] + five[i]
    _sum_fives(sums, out.reshape(-1)[2 * w + 2 :])
    for y in range(2, h - 2):
        out[y, 0], out[y, 1], out[y, w - 2], out[y, w - 1] = 0, 0, 0, 0
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _sum_fives(values: _Floats, out: _Floats) -> None:
    """Add up each five values in a row, as far as there are five."""
    n = values.size - 4
    one, two, three, four, five = values[:n], values[1:], values[2:], values[3:], values[4:]
    for i in range(n):
        out[i] = one[i] + two[i] + three[i] + four[i] + five[i]


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def cornerness(picture: _Floats) -> _Floats:
    """Return half the harmonic mean of the eigenvalues of the structure tensor over 5 x 5 pixels.

    It says nothing in the three outermost rows and columns.
    """
    h, w = picture.shape
    across, along, product = _gradients(picture.reshape(-1), w)
    n = across.size - 4 * w
    sums, xx, yy, xy = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32), product
    out = np.zeros((h, w), np.float32)
    for of, to in ((across, xx), (along, yy)):
        one, two, three, four, five = of[:n], of[w:], of[2 * w :], of[3 * w :], of[4 * w :]
        for i in range(n):
            sums[i] = one[i] * one[i] + two[i] * two[i] + three[i] * three[i] + four[i] * four[i] + five[i] * five[i]
        _sum_fives(sums, to)
    one, two, three, four, five = product[:n], product[w:], product[2 * w :], product[3 * w :], product[4 * w :]
    for i in range(n):
        sums[i] = one[i] + two[i] + three[i] + four[i] + five[i]
    _sum_fives(sums, xy)
    target = out.reshape(-1)[2 * w + 2 :]
    for i in range(n - 4):
        target[i] = (xx[i] * yy[i] - xy[i] * xy[i]) / (xx[i] + yy[i] + np.float32(1e-3))
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _gradients(pixels: _Floats, width: int) -> tuple[_Floats, _Floats, _Floats]:
    """Return the gradients of a picture that is one line, across and along its rows, and their product.

    They are the differences of the neighbors of each pixel, 0 in the outermost rows.
    """
    n = pixels.size
    across, along, product = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
    for values in (across, along, product):
        values[:width] = 0
        values[n - width :] = 0
    x, y, xy = across[width : n - width], along[width:], product[width:]
    left, right, up, down = pixels[width - 1 :], pixels[width + 1 :], pixels, pixels[2 * width :]
    for i in range(x.size):
        x[i] = right[i] - left[i]
    for i in range(x.size):
        y[i] = down[i] - up[i]
    for i in range(x.size):
        xy[i] = x[i] * y[i]
    return across, along, product


@njit(nogil=True, cache=True, fastmath=True)
def strongest(corners: _Floats, border: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> int:
    """Write where the strongest corners are that are the largest of 5 x 5 pixels, strongest first; return how many.

    Parameters
    ----------
    corners
        The result of `cornerness`.
    border
        Rows and columns on each side in which no corner is looked for: 5 or more.
    rows, columns
        Shape (n,): so many corners at most.
    """
    h, w = corners.shape
    values = np.empty(rows.size, np.float32)
    count, least = 0, np.float32(_LEAST_CORNER)
    tallest = np.empty(w, np.float32)
    for y in range(border, h - border):
        one, two, three, four, five = (corners[y - 2], corners[y - 1], corners[y], corners[y + 1], corners[y + 2])
        for x in range(w):
            tallest[x] = max(one[x], two[x], three[x], four[x], five[x])
        for x in range(border, w - border):
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
