"""Tiles of a picture: small squares of luma that stand for the whole, whatever its size.

At most nine, spread evenly and aligned to the grid of 8 x 8 blocks.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["TILE", "fill_tile", "tile_count"]

TILE = 64
"""Pixels a side."""

_TILES_A_SIDE = 3


@njit(nogil=True, cache=True)
def tile_count(height: int, width: int) -> int:
    """Return how many tiles stand for a picture: 1 to 9."""
    rows, columns = min(_TILES_A_SIDE, max(1, height // TILE)), min(_TILES_A_SIDE, max(1, width // TILE))
    return rows * columns


@njit(nogil=True, cache=True)
def _place(length: int, i: int, count: int) -> int:
    """Return where, along a side, the ``i``-th of ``count`` tiles starts: a multiple of 8."""
    room = max(0, length - TILE)
    return room * i // (count - 1) // 8 * 8 if count > 1 else room // 16 * 8


@njit(nogil=True, cache=True, fastmath=True)
def _fill_line(colors: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """Write the luma of a line of 64 pixels, shape (192,)."""
    red, green, blue = np.float32(0.299), np.float32(0.587), np.float32(0.114)
    for x in range(TILE):
        out[x] = (
            red * np.float32(colors[3 * x])
            + green * np.float32(colors[3 * x + 1])
            + blue * np.float32(colors[3 * x + 2])
        )


@njit(nogil=True, cache=True)
def _mirrored(colors: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Write a line that ends within a tile to shape (192,), mirrored at its end."""
    width = colors.size // 3
    for x in range(TILE):
        source = x if x < width else max(0, 2 * width - 1 - x)
        out[3 * x : 3 * x + 3] = colors[3 * source : 3 * source + 3]


@njit(nogil=True, cache=True)
def fill_tile(pixels: NDArray[np.uint8], number: int, tile: NDArray[np.float32]) -> None:
    """Cut a tile out of a picture, mirrored at the far edges of a small one.

    Parameters
    ----------
    pixels
        Shape (h, w, 3), uint8 RGB.
    number
        From 0, below what `tile_count` says.
    tile
        Shape (64, 64), float32: where the luma is written.
    """
    h, w = pixels.shape[:2]
    flat = pixels.reshape(h * w * 3)
    padded = np.empty(3 * TILE, np.uint8)
    rows, columns = min(_TILES_A_SIDE, max(1, h // TILE)), min(_TILES_A_SIDE, max(1, w // TILE))
    top, left = _place(h, number // columns, rows), _place(w, number % columns, columns)
    for y in range(TILE):
        row = top + y if top + y < h else max(0, 2 * h - 1 - top - y)
        start = 3 * (row * w + left)
        if w >= TILE:
            _fill_line(flat[start : start + 3 * TILE], tile[y])
        else:
            _mirrored(flat[start : start + 3 * w], padded)
            _fill_line(padded, tile[y])
