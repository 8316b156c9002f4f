"""Stage 4, third part: how well two overlaid pictures agree, block by block.

Two shares decide. *Block share*: of the textured blocks, how many correlate. *Still share*: of the matching blocks that
are textured both ways, how many have their best place where they are. Another view of one scene moves its blocks by
their depth, smoothly, so it correlates but does not stand still; an overlay spoils the blocks that it covers and no
others.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.features.alignment import Overlay

__all__ = ["Agreement", "agreement", "refit"]

_REACH = 4
_CORRELATED = 0.8
_FOLLOWED = 0.6
"""Blocks below this correlation even at their best place are not followed."""

_STILL_PIXELS = 1.0
_MOST_FOLLOWED = 80
_LEAST_DEVIATION = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What the blocks of an overlay say."""

    textured: int
    """Blocks with texture in either picture."""
    block_share: float
    """Share of them that correlate, 0 to 1."""
    followed: int
    """Blocks whose best place was looked for and found."""
    still_share: float
    """Share of the followed blocks that stand still, 0 to 1."""
    centers: NDArray[np.float64]
    """Shape (followed, 2): x and y of the followed blocks in the frame."""
    shifts: NDArray[np.float64]
    """Shape (followed, 2): where each lies in the second picture, relative to the first, in pixels."""


def block_side(shape: tuple[int, ...]) -> int:
    """Return the side of a block for a frame: 24 pixels, fewer in a small frame."""
    return int(min(24, max(10, min(shape[:2]) // 7)))


def agreement(overlay: Overlay) -> Agreement:
    """Compare an overlay block by block."""
    side = block_side(overlay.one.shape)
    one, other = _blocks(overlay.one, side), _blocks(overlay.other, side)
    inside = _blocks(overlay.inside, side).mean(axis=(2, 3)) > 0.98
    one_deviation, other_deviation = one.std(axis=(2, 3)), other.std(axis=(2, 3))
    limit_one, limit_other = _texture_limit(one_deviation, inside), _texture_limit(other_deviation, inside)
    textured = inside & ((one_deviation > limit_one) | (other_deviation > limit_other))
    correlation = _correlation(one, other)
    count = int(textured.sum())
    share = float((correlation[textured] > _CORRELATED).mean()) if count else 0.0
    centers, shifts = _follow(overlay, textured & (correlation > 0.3), side)
    still = (np.abs(shifts).max(axis=1) <= _STILL_PIXELS) if len(shifts) else np.zeros(0, bool)
    return Agreement(
        textured=count,
        block_share=share,
        followed=len(shifts),
        still_share=float(still.mean()) if len(still) else 0.0,
        centers=centers,
        shifts=shifts,
    )


def _texture_limit(deviation: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """Return the deviation above which a block counts as textured: relative to the picture's own."""
    typical = float(np.percentile(deviation[inside], 90)) if inside.any() else 0.0
    return max(_LEAST_DEVIATION, 0.15 * typical)


def _blocks(plane: NDArray[np.generic], side: int) -> NDArray[np.float32]:
    """Cut a plane into blocks: shape (rows, columns, side, side), float32."""
    rows, columns = plane.shape[0] // side, plane.shape[1] // side
    cut = plane[: rows * side, : columns * side].astype(np.float32)
    return cut.reshape(rows, side, columns, side).swapaxes(1, 2)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the normalized cross-correlation of blocks, 0 where one is flat."""
    one = one - one.mean(axis=(2, 3), keepdims=True)
    other = other - other.mean(axis=(2, 3), keepdims=True)
    product = np.sqrt((one * one).sum(axis=(2, 3)) * (other * other).sum(axis=(2, 3)))
    common = (one * other).sum(axis=(2, 3))
    return np.asarray(np.where(product > 1e-3, common / np.maximum(product, 1e-3), 0.0), np.float32)


def _follow(
    overlay: Overlay, wanted: NDArray[np.bool_], side: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the best places of blocks within `_REACH` pixels, to a fraction of a pixel."""
    height, width = overlay.one.shape
    places = [
        (y * side, x * side)
        for y, x in np.argwhere(wanted)
        if y * side >= _REACH
        and x * side >= _REACH
        and (y + 1) * side + _REACH <= height
        and (x + 1) * side + _REACH <= width
    ]
    if len(places) > _MOST_FOLLOWED:
        places = [places[i] for i in np.linspace(0, len(places) - 1, _MOST_FOLLOWED).astype(int)]
    centers, shifts = [], []
    for top, left in places:
        block = overlay.one[top : top + side, left : left + side]
        if not _textured_both_ways(block):
            continue
        around = overlay.other[top - _REACH : top + side + _REACH, left - _REACH : left + side + _REACH]
        shift = _best_place(around, block)
        if shift is not None:
            centers.append((left + side / 2 - 0.5, top + side / 2 - 0.5))
            shifts.append(shift)
    return np.array(centers, np.float64).reshape(-1, 2), np.array(shifts, np.float64).reshape(-1, 2)


def _textured_both_ways(block: NDArray[np.float32]) -> bool:
    """Return whether a block has structure along both axes and not one straight edge only."""
    gx, gy = np.diff(block, axis=1)[:-1], np.diff(block, axis=0)[:, :-1]
    xx, yy, xy = float((gx * gx).mean()), float((gy * gy).mean()), float((gx * gy).mean())
    root = float(np.sqrt((xx - yy) ** 2 + 4 * xy * xy))
    large, small = (xx + yy + root) / 2, (xx + yy - root) / 2
    return small > 0.08 * large and small > 0.02


def _best_place(around: NDArray[np.float32], block: NDArray[np.float32]) -> tuple[float, float] | None:
    """Return the shift of a block within its surroundings, None when it is nowhere."""
    surface = cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(surface)
    if best < _FOLLOWED:
        return None
    return x - _REACH + _vertex(surface[y, :], x), y - _REACH + _vertex(surface[:, x], y)


def _vertex(line: NDArray[np.float32], at: int) -> float:
    """Return where, between -0.5 and 0.5 from its highest sample, a parabola through three samples peaks."""
    if not 0 < at < len(line) - 1:
        return 0.0
    before, middle, after = float(line[at - 1]), float(line[at]), float(line[at + 1])
    bend = before - 2 * middle + after
    return 0.0 if bend >= -1e-9 else float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))


def refit(found: Agreement) -> NDArray[np.float64] | None:
    """Return the affine map of the frame that the shifts of the blocks ask for, None when too few were followed."""
    if found.followed < 6:
        return None
    correction, _ = cv2.estimateAffine2D(
        found.centers, found.centers + found.shifts, method=cv2.RANSAC, ransacReprojThreshold=0.8, maxIters=1000
    )
    return None if correction is None else np.asarray(correction, np.float64)
