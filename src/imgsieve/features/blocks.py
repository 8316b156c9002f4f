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
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.alignment import Overlay
from imgsieve.features.placing import PLACES, REACH, cut_block, find_place, vertex

__all__ = ["Agreement", "agreement", "refit"]

_CORRELATED = 0.8
_FOLLOWED = 0.6
"""Blocks below this correlation even at their best place are not followed."""

_STILL_PIXELS = 1.0
_WORTH_FOLLOWING = 0.3
"""Correlation from which a block is looked for in its surroundings."""

_BOTH_WAYS, _BARELY_BOTH_WAYS = 0.08, 0.02
"""Share of the structure of a block that must lie across its main direction, for its place to be told."""

_FEW_FOLLOWED = 8
_MOST_LOOKED_AT = 96
_MOST_FOLLOWED = 64
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
    one, other, correlation, inside = _block_figures(overlay.one, overlay.other, overlay.inside, side)
    textured = inside & ((one > _texture_limit(one, inside)) | (other > _texture_limit(other, inside)))
    count = int(textured.sum())
    share = float((correlation[textured] > _CORRELATED).mean()) if count else 0.0
    wanted = np.argwhere(textured & (correlation > _WORTH_FOLLOWING))
    if len(wanted) > _MOST_LOOKED_AT:
        wanted = wanted[np.linspace(0, len(wanted) - 1, _MOST_LOOKED_AT).astype(int)]
    corners = np.ascontiguousarray(wanted) * side
    found = _follow(overlay.one, overlay.other, corners, side, _BOTH_WAYS)
    if found[:, 0].sum() < _FEW_FOLLOWED:
        found = _follow(overlay.one, overlay.other, corners, side, _BARELY_BOTH_WAYS)
    found = found[found[:, 0] > 0]
    still = np.abs(found[:, 3:]).max(axis=1, initial=0.0) <= _STILL_PIXELS
    return Agreement(
        textured=count,
        block_share=share,
        followed=len(found),
        still_share=float(still.mean()) if len(still) else 0.0,
        centers=np.ascontiguousarray(found[:, 1:3]),
        shifts=np.ascontiguousarray(found[:, 3:]),
    )


def _texture_limit(deviation: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """Return the deviation above which a block counts as textured: relative to the picture's own."""
    typical = float(np.percentile(deviation[inside], 90)) if inside.any() else 0.0
    return max(_LEAST_DEVIATION, 0.15 * typical)


@njit(nogil=True, cache=True, fastmath=True)
def _block_figures(
    one: NDArray[np.float32], other: NDArray[np.float32], inside: NDArray[np.bool_], side: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Return, for each block, both deviations, the correlation (0 where one is flat), and whether it lies inside."""
    rows, columns = one.shape[0] // side, one.shape[1] // side
    first = np.empty((rows, columns), np.float32)
    second = np.empty((rows, columns), np.float32)
    correlation = np.empty((rows, columns), np.float32)
    whole = np.empty((rows, columns), np.bool_)
    n = np.float32(side * side)
    for i in range(rows):
        for j in range(columns):
            sa, sb, saa, sbb, sab = np.float32(0), np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            covered = 0
            # Sums are taken from the block's corner, which keeps them small and precise.
            base_a, base_b = one[i * side, j * side], other[i * side, j * side]
            for y in range(i * side, (i + 1) * side):
                line_a, line_b, line_c = one[y], other[y], inside[y]
                for x in range(j * side, (j + 1) * side):
                    a, b = line_a[x] - base_a, line_b[x] - base_b
                    sa += a
                    sb += b
                    saa += a * a
                    sbb += b * b
                    sab += a * b
                    covered += int(line_c[x])
            va, vb = max(saa - sa * sa / n, np.float32(0)), max(sbb - sb * sb / n, np.float32(0))
            first[i, j], second[i, j] = np.sqrt(va / n), np.sqrt(vb / n)
            product = np.sqrt(va * vb)
            correlation[i, j] = (sab - sa * sb / n) / product if product > 1e-3 else np.float32(0)
            whole[i, j] = covered > 0.98 * n
    return first, second, correlation, whole


@njit(nogil=True, cache=True, fastmath=True)
def _follow(
    one: NDArray[np.float32], other: NDArray[np.float32], corners: NDArray[np.int64], side: int, both_ways: float
) -> NDArray[np.float64]:
    """Find the best places of blocks within `REACH` pixels, to a fraction of a pixel.

    Returns
    -------
    Shape (n, 5): 1 where a block could be followed, x and y of its center, and its shift in x and y.
    """
    out = np.zeros((len(corners), 5), np.float64)
    height, width = one.shape
    surface = np.empty((PLACES, PLACES), np.float32)
    block = np.zeros((side, side + 2 * REACH), np.float32)
    area = np.empty((side + 2 * REACH, side + 2 * REACH), np.float32)
    followed = 0
    for n in range(len(corners)):
        top, left = corners[n, 0], corners[n, 1]
        if top < REACH or left < REACH or top + side + REACH > height or left + side + REACH > width:
            continue
        if not _textured_both_ways(one[top : top + side, left : left + side], both_ways):
            continue
        energy = cut_block(one, top, left, side, block)
        best, y, x = find_place(block, energy, other, top, left, area, surface)
        if best < _FOLLOWED:
            continue
        out[n, 0] = 1.0
        out[n, 1], out[n, 2] = left + side / 2 - 0.5, top + side / 2 - 0.5
        out[n, 3] = x - REACH + vertex(surface[y, :], x)
        out[n, 4] = y - REACH + vertex(surface[:, x], y)
        followed += 1
        if followed == _MOST_FOLLOWED:
            break
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _textured_both_ways(block: NDArray[np.float32], least: float) -> bool:
    """Return whether a block has structure along both axes and not one straight edge only: a share of ``least``."""
    xx, yy, xy = np.float32(0), np.float32(0), np.float32(0)
    side = block.shape[0]
    for y in range(side - 1):
        for x in range(side - 1):
            gx, gy = block[y, x + 1] - block[y, x], block[y + 1, x] - block[y, x]
            xx += gx * gx
            yy += gy * gy
            xy += gx * gy
    root = np.sqrt((xx - yy) ** 2 + 4 * xy * xy)
    large, small = (xx + yy + root) / 2, (xx + yy - root) / 2
    return bool(small > least * large and small > 0.02 * (side - 1) ** 2)


def refit(found: Agreement) -> NDArray[np.float64] | None:
    """Return the affine map of the frame that the shifts of the blocks ask for, None when too few were followed."""
    if found.followed < 6:
        return None
    correction, _ = cv2.estimateAffine2D(
        found.centers, found.centers + found.shifts, method=cv2.RANSAC, ransacReprojThreshold=0.8, maxIters=1000
    )
    return None if correction is None else np.asarray(correction, np.float64)
