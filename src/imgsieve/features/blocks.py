"""Stage 4, third part: how well two overlaid pictures agree, block by block.

Two shares decide. *Block share*: of the textured blocks, how many correlate, or have the edges of one picture in the
other, as under a watermark. *Still share*: of the matching blocks whose texture tells a place, how many have their best
place where they are. Another view of one scene moves its blocks by their depth, smoothly, so it correlates but does not
stand still; an overlay spoils the blocks that it covers and no others.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.alignment import Overlay
from imgsieve.features.following import follow
from imgsieve.features.placing import REACH

__all__ = ["Agreement", "agreement", "differing", "fine_structure", "refit"]

_CORRELATED = 0.8
_SURELY_CORRELATED = 0.92
"""Blocks below this may hold small writing, which is mostly paper."""

_CONTAINED = 0.55
"""Share of the strong edges of a block that lie in the other picture in the same direction, from which the one shines
through the other. Of unrelated texture a fifth does so by chance."""

_DEVIATIONS = 3.0
"""Times the precision of its place that a block may be off and still stand."""

_FINE = 9
"""Side of the surroundings, in pixels, whose mean is taken off before blocks are looked for."""

_STILL_PIXELS, _LEAST_STILL_PIXELS = 1.0, 0.5
_FULL_SIDE = 384
"""Side of the frame for which the first holds: what a pixel of a smaller frame shows is more."""

_WORTH_FOLLOWING = 0.3
"""Correlation from which a block is looked for in its surroundings."""

_LEAST_FOR_PERSPECTIVE = 12
"""Followed blocks from which a perspective map, of eight unknowns, is fitted."""

_LEAST_DEVIATION = 2.0
_PLAIN_DEVIATION = 2.0
"""Gray levels by which a plain block deviates at most, in both pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What the blocks of an overlay say."""

    textured: int
    """Blocks with texture in either picture."""
    block_share: float
    """Share of them that correlate, 0 to 1."""
    plain_share: float
    """Share of all blocks that are plain in both pictures, 0 to 1."""
    side: int
    """Of a block, in pixels."""
    unsure: NDArray[np.int64]
    """Shape (n, 2): top and left of the textured blocks that may hold other content."""
    apart: NDArray[np.int64]
    """The same of those that do not correlate,"""
    strange: NDArray[np.int64]
    """of those among them of which neither shows through the other,"""
    uncommon: NDArray[np.int64]
    """and of those of which one has edges that the other has not."""
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
    return int(min(24, max(12, min(shape[:2]) // 6)))


def agreement(overlay: Overlay) -> Agreement:
    """Compare an overlay block by block."""
    shape = overlay.one.shape
    side = block_side(shape)
    one, other, correlation, inside = _block_figures(
        overlay.one, overlay.other, overlay.inside, side, _first(shape, side)
    )
    textured = inside & ((one > _texture_limit(one, inside)) | (other > _texture_limit(other, inside)))
    count = int(textured.sum())
    agreeing = correlation > _CORRELATED
    apart = textured & ~agreeing
    corners = _corners(apart, shape, side)
    contained = _contained(overlay.one, overlay.other, corners, side)
    agreeing[apart] = contained.max(axis=1) > _CONTAINED
    fine, other_fine = fine_structure(overlay.one), fine_structure(overlay.other)
    share = float(agreeing[textured].mean()) if count else 0.0
    plain = np.maximum(one, other)[inside] < _PLAIN_DEVIATION
    found = follow(fine, other_fine, _corners(textured & (correlation > _WORTH_FOLLOWING), shape, side), side)
    limit = max(_LEAST_STILL_PIXELS, _STILL_PIXELS * min(1.0, max(shape) / _FULL_SIDE))
    shifts = _of_neighbors(found[:, 1:3], found[:, 3:5], side) if overlay.trembling else found[:, 3:5]
    off = np.abs(shifts).max(axis=1, initial=0.0)
    still = off <= np.maximum(limit, _DEVIATIONS * found[:, 5])
    return Agreement(
        textured=count,
        block_share=share,
        plain_share=float(plain.mean()) if plain.size else 0.0,
        side=side,
        unsure=_corners(textured & (correlation < _SURELY_CORRELATED), shape, side),
        apart=corners,
        strange=corners[contained.max(axis=1) <= _CONTAINED],
        uncommon=corners[contained.min(axis=1) <= _CONTAINED],
        followed=len(found),
        still_share=float(still.mean()) if len(still) else 0.0,
        centers=np.ascontiguousarray(found[:, 1:3]),
        shifts=np.ascontiguousarray(found[:, 3:5]),
    )


def _of_neighbors(centers: NDArray[np.float64], shifts: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Return the median shift around each block: what coding did to one block says nothing of the next."""
    if not len(shifts):
        return shifts
    near = np.abs(centers[:, None] - centers[None]).max(axis=2) < 2 * side
    return np.asarray(np.nanmedian(np.where(near[..., None], shifts[None], np.nan), axis=1))


def _first(shape: tuple[int, ...], side: int) -> NDArray[np.int64]:
    """Return the corner of the first block, y and x: far enough from the edge to look around, as far as that goes."""
    return np.array([max(REACH, n % side // 2) if n >= side + 2 * REACH else 0 for n in shape[:2]], np.int64)


def _corners(blocks: NDArray[np.bool_], shape: tuple[int, ...], side: int) -> NDArray[np.int64]:
    """Return top and left of some blocks: shape (n, 2)."""
    return np.ascontiguousarray(np.argwhere(blocks)) * side + _first(shape, side)


def differing(overlay: Overlay, found: Agreement) -> NDArray[np.bool_]:
    """Return where textured blocks do not correlate, and one has edges that the other has not: the frame's shape."""
    out = np.zeros(overlay.inside.shape, bool)
    for top, left in found.uncommon.tolist():
        out[top : top + found.side, left : left + found.side] = True
    return out


def fine_structure(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the fine structure of a picture: places are told by it, and not by shades, which edits change."""
    return np.asarray(luma - cv2.boxFilter(luma, -1, (_FINE, _FINE), borderType=cv2.BORDER_REFLECT), np.float32)


def _texture_limit(deviation: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """Return the deviation above which a block counts as textured: relative to the picture's own."""
    typical = float(np.percentile(deviation[inside], 90)) if inside.any() else 0.0
    return max(_LEAST_DEVIATION, 0.15 * typical)


@njit(nogil=True, cache=True, fastmath=True)
def _block_figures(
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    inside: NDArray[np.bool_],
    side: int,
    start: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Return, for each block, both deviations, the correlation (0 where one is flat), and whether it lies inside."""
    rows, columns = (one.shape[0] - start[0]) // side, (one.shape[1] - start[1]) // side
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
            top, left = start[0] + i * side, start[1] + j * side
            base_a, base_b = one[top, left], other[top, left]
            for y in range(top, top + side):
                line_a, line_b, line_c = one[y], other[y], inside[y]
                for x in range(left, left + side):
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
def _contained(
    one: NDArray[np.float32], other: NDArray[np.float32], corners: NDArray[np.int64], side: int
) -> NDArray[np.float32]:
    """Return, for each block, which share of the strong edges of each picture the other has in the same direction.

    What is written over a picture adds edges, and those between and beneath it stay, so one share is high. Shape:
    (n, 2).
    """
    out = np.zeros((len(corners), 2), np.float32)
    for n in range(len(corners)):
        y, x = corners[n, 0], corners[n, 1]
        a, b = one[y : y + side, x : x + side], other[y : y + side, x : x + side]
        out[n, 0], out[n, 1] = _edges_found(a, b), _edges_found(b, a)
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _edges_found(block: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return which share of the strong edges of a block another has in the same direction."""
    side, total = block.shape[0], np.float32(0)
    for y in range(side - 1):
        for x in range(side - 1):
            gx, gy = block[y, x + 1] - block[y, x], block[y + 1, x] - block[y, x]
            total += gx * gx + gy * gy
    strong = max(total / np.float32((side - 1) * (side - 1)), np.float32(0.5))
    found, count = 0, 0
    for y in range(side - 1):
        for x in range(side - 1):
            gx, gy = block[y, x + 1] - block[y, x], block[y + 1, x] - block[y, x]
            power = gx * gx + gy * gy
            if power > strong:
                hx, hy = other[y, x + 1] - other[y, x], other[y + 1, x] - other[y, x]
                inner = gx * hx + gy * hy
                count += 1
                found += int(inner > 0 and inner * inner > np.float32(0.64) * power * (hx * hx + hy * hy))
    return found / count if count > side else 0.0


def refit(found: Agreement, *, perspective: bool = False) -> NDArray[np.float64] | None:
    """Return the map of the frame that the shifts of the blocks ask for, None when too few were followed.

    Parameters
    ----------
    perspective
        Whether the map is to be a perspective one, shape (3, 3), and not an affine one, shape (2, 3).
    """
    if found.followed < (_LEAST_FOR_PERSPECTIVE if perspective else 6):
        return None
    moved = found.centers + found.shifts
    if perspective:
        correction, _ = cv2.findHomography(found.centers, moved, cv2.RANSAC, 0.8, maxIters=1000)
    else:
        correction, _ = cv2.estimateAffine2D(
            found.centers, moved, method=cv2.RANSAC, ransacReprojThreshold=0.8, maxIters=1000
        )
    return None if correction is None else np.asarray(correction, np.float64)
