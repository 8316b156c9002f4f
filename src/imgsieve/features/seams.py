"""Seams: whether a picture that lies within another is one of several things put together there.

Around a crop its original goes on. Around a framed picture, and around one that a screenshot shows, there is little.
Around one of the pictures of a collage there are others, and a seam runs between.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["is_one_of_several"]

_SIDE = 96
_MARGIN = 32
"""The inner picture is brought to 96 x 96 pixels, with as much around it as there is, up to 32."""

_NEAR = 3
"""Lines on both sides of the border where a seam may be; further inside where a picture was cut to fit."""
_AWAY = 2
"""Lines from there where there is none."""

_LEAST_LINES = 8
"""Pixels around the inner picture, as it lies there, from which a side has something around it."""

_STEEP = 2.2
"""A seam is so many times as steep as what lies around it."""
_LEAST_STEP = 18.0
"""Gray levels between neighboring lines of a seam, at least."""

_BUSY = 4.0
"""Deviation of gray levels, within 8 x 8 pixels, from which they show something."""
_AS_BUSY = 0.78
"""The surroundings of one of several pictures are at least so busy, compared with itself,"""
_AS_BUSY_IN_GRID = 0.3
"""or so busy where it fills just one cell of a grid: plain pictures are put beside each other, too."""

_MOST_CELLS = 4
"""Cells of a grid along a side,"""
_OFF_GRID = 0.012
"""and how far from their borders a picture may end, of the outer one's side."""


def is_one_of_several(frame: NDArray[np.uint8], corners: NDArray[np.float32], seen: float) -> bool:
    """Return whether what surrounds a place in a picture are other pictures.

    Parameters
    ----------
    frame
        Shape (h, w, 3), uint8 RGB: the outer picture.
    corners
        Shape (4, 2), float32: where the corners of the inner one lie, right and down, around it in turn.
    seen
        Share of the inner one that the outer shows.
    """
    canvas, valid = _laid_out(frame, corners)
    # What of the inner picture is not shown was cut off at one side or at both.
    cut = min(math.ceil((1.0 - seen) * _SIDE), _SIDE // 3)
    seams = _seams(canvas, valid, deep=_NEAR + cut if cut > 1 else _NEAR)
    in_grid = _fills_cell(frame.shape[:2], corners, seen)
    told = any(seams) or _is_plain_between(canvas, valid) if in_grid else bool(seams) and all(seams)
    if not told:
        return False
    inside = canvas[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    busy = _busy_share(inside, np.ones(inside.shape, bool))
    around = valid.copy()
    near = _MARGIN - 8  # blocks beside the seam show the seam
    around[near:-near, near:-near] = False
    return _busy_share(canvas, around) >= (_AS_BUSY_IN_GRID if in_grid else _AS_BUSY) * busy


def _fills_cell(shape: tuple[int, ...], corners: NDArray[np.float32], seen: float) -> bool:
    """Return whether a picture fills one cell of a grid of equal ones, of which there are two at least."""
    cells = 1
    for k in range(2):
        side = shape[1 - k]
        low, high = (float(np.clip(end, 0, side)) / side for end in (corners[:, k].min(), corners[:, k].max()))
        length = high - low
        count = round(1 / max(length, 1e-3))
        off = _OFF_GRID + (1.0 - seen) * length
        if (
            not 1 <= count <= _MOST_CELLS
            or max(abs(low * count - round(low * count)), abs(length * count - 1)) > off * count
        ):
            return False
        cells *= count
    return cells > 1


def _laid_out(frame: NDArray[np.uint8], corners: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Bring the inner picture to its square, with what is around it: luma, and where there is any."""
    far = _MARGIN + _SIDE
    square = np.array([(_MARGIN, _MARGIN), (far, _MARGIN), (far, far), (_MARGIN, far)], np.float32)
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    shrink = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).mean() / _SIDE
    if shrink > 1:
        gray = cv2.GaussianBlur(gray, (0, 0), 0.4 * float(shrink))
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), square)
    size = (far + _MARGIN, far + _MARGIN)
    canvas = cv2.warpPerspective(gray, matrix, size, flags=cv2.INTER_LINEAR)
    valid = cv2.warpPerspective(np.full(gray.shape, 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(canvas, np.float32), np.asarray(valid == 255, np.bool_)


def _seams(canvas: NDArray[np.float32], valid: NDArray[np.bool_], *, deep: int) -> list[bool]:
    """Say of each side with something around it whether there is a seam, at most so many lines inside the border."""
    found = []
    for quarters in range(4):
        side, there = np.rot90(canvas, quarters), np.rot90(valid, quarters)
        if _lines_around(there) >= _LEAST_LINES:
            found.append(_steepest(side, there, deep) >= _LEAST_STEP)
    return found


def _is_plain_between(canvas: NDArray[np.float32], valid: NDArray[np.bool_]) -> bool:
    """Return whether nothing can be seen where the inner picture meets what is around: things on one plain ground."""
    for quarters in range(4):
        side, there = np.rot90(canvas, quarters), np.rot90(valid, quarters)
        border = side[_MARGIN - _NEAR : _MARGIN + _NEAR, _MARGIN:-_MARGIN]
        if _lines_around(there) >= _LEAST_LINES and border.std() >= _BUSY:
            return False
    return True


def _lines_around(valid: NDArray[np.bool_]) -> int:
    """Return how many lines there are above the inner picture."""
    return int((valid[:_MARGIN, _MARGIN:-_MARGIN].mean(axis=1) > 0.9).sum())


def _steepest(canvas: NDArray[np.float32], valid: NDArray[np.bool_], deep: int) -> float:
    """Return the largest step at the upper side; 0 where others are nearly as large."""
    columns = slice(_MARGIN, -_MARGIN)
    rows = valid[:, columns].mean(axis=1) > 0.9
    steps = np.abs(np.diff(canvas[:, columns], axis=0)).mean(axis=1)
    there, lines = rows[1:] & rows[:-1], np.arange(len(steps)) - (_MARGIN - 1)
    seam = steps[there & (lines >= -_NEAR) & (lines < deep)].max(initial=0.0)
    other = steps[there & ((lines < -_NEAR - _AWAY) | (lines >= deep + _AWAY)) & (lines < _SIDE - deep)]
    usual = float(np.median(other)) if len(other) else 0.0
    return float(seam) if seam >= _STEEP * usual else 0.0


def _busy_share(luma: NDArray[np.float32], chosen: NDArray[np.bool_]) -> float:
    """Return the share of blocks of 8 x 8 pixels, of those chosen, that show something."""
    h, w = (length // 8 * 8 for length in luma.shape)
    blocks = luma[:h, :w].reshape(h // 8, 8, w // 8, 8).swapaxes(1, 2).reshape(-1, 64)
    whole = chosen[:h, :w].reshape(h // 8, 8, w // 8, 8).swapaxes(1, 2).reshape(-1, 64).all(axis=1)
    return float((blocks[whole].std(axis=1) >= _BUSY).mean()) if whole.any() else 0.0
