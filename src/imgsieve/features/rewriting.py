"""Stage 4: whether two aligned pictures have other writing in the same places.

A sticker, a stamp or a caption that one of two copies bears is made of other tones than what it covers. Where a page
has other words, a form another name, a screen other entries, the same tones lie in another order: both blocks are as
dark and as light as each other, pixel by pixel in order of size, and yet have no edge in common.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.placing import PLACES, REACH, cut_block, find_place

__all__ = ["moved_on_one_ground", "replaced", "rewritten"]

_STRONG = 10.0
"""Deviation of the fine structure, in gray levels, of blocks that are looked at: both must have something to read."""

_FOUND_AGAIN = 0.7
"""Correlation at the best place nearby from which a block is the same, only moved."""

_ALIKE = 0.3
"""Mean difference of the tones of two blocks, each in order of size, as a share of their deviation: the same ink and
the same paper."""

_ONE_LEVEL = 16.0
_MOSTLY_PAPER = 0.4
"""Share of a block that must be of one level, within so many gray levels, to be paper under ink."""


@njit(nogil=True, cache=True, fastmath=True)
def rewritten(
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    fine: NDArray[np.float32],
    other_fine: NDArray[np.float32],
    corners: NDArray[np.int64],
    side: int,
) -> tuple[int, int]:
    """Count the blocks that hold the same tones in another order.

    Parameters
    ----------
    one, other
        Shape (h, w), float32: luma, aligned.
    fine, other_fine
        The same, freed of shades.
    corners
        Shape (n, 2): top and left of blocks that may differ.
    side
        Of a block, in pixels.

    Returns
    -------
    How many there are, and how many of them are ink on plain paper.
    """
    count, on_paper = 0, 0
    surface = np.empty((PLACES, PLACES), np.float32)
    block = np.zeros((side, side + 2 * REACH), np.float32)
    area = np.empty((side + 2 * REACH, side + 2 * REACH), np.float32)
    height, width = one.shape
    for n in range(len(corners)):
        top, left = corners[n, 0], corners[n, 1]
        if top < REACH or left < REACH or top + side + REACH > height or left + side + REACH > width:
            continue
        first = np.sort(np.ascontiguousarray(one[top : top + side, left : left + side]).reshape(side * side))
        second = np.sort(np.ascontiguousarray(other[top : top + side, left : left + side]).reshape(side * side))
        spread = min(first.std(), second.std())
        strokes = min(
            fine[top : top + side, left : left + side].std(), other_fine[top : top + side, left : left + side].std()
        )
        if strokes < _STRONG or np.abs(first - second).mean() > _ALIKE * spread:
            continue
        energy = cut_block(fine, top, left, side, block)
        best, _, _ = find_place(block, energy, other_fine, top, left, area, surface)
        if best < _FOUND_AGAIN:
            count += 1
            on_paper += int(min(_paper(first), _paper(second)) > _MOSTLY_PAPER)
    return count, on_paper


_LIVELY, _AS_LIVELY, _STRANGE = 4.0, 2.5, 0.6
"""Least deviation of the fine structure of a lively block, in gray levels; how many times as lively the other may be;
the correlation at the best place nearby below which they are not the same."""


@njit(nogil=True, cache=True, fastmath=True)
def replaced(fine: NDArray[np.float32], other_fine: NDArray[np.float32], corners: NDArray[np.int64], side: int) -> int:
    """Count the blocks that show something as lively in both pictures, and not the same.

    What is laid over a picture, letters, stickers, bars, is much livelier than what it covers, or much calmer. Another
    thing held before the same shelf is about as lively.

    Parameters
    ----------
    fine, other_fine
        Shape (h, w), float32: the fine structure of both.
    corners, side
        As for `rewritten`.
    """
    count = 0
    surface = np.empty((PLACES, PLACES), np.float32)
    block = np.zeros((side, side + 2 * REACH), np.float32)
    area = np.empty((side + 2 * REACH, side + 2 * REACH), np.float32)
    height, width = fine.shape
    for n in range(len(corners)):
        top, left = corners[n, 0], corners[n, 1]
        if top < REACH or left < REACH or top + side + REACH > height or left + side + REACH > width:
            continue
        first = fine[top : top + side, left : left + side].std()
        second = other_fine[top : top + side, left : left + side].std()
        if min(first, second) > _LIVELY and max(first, second) < _AS_LIVELY * min(first, second):
            energy = cut_block(fine, top, left, side, block)
            best, _, _ = find_place(block, energy, other_fine, top, left, area, surface)
            count += int(best < _STRANGE)
    return count


@njit(nogil=True, cache=True)
def _paper(tones: NDArray[np.float32]) -> float:
    """Return the largest share of a block's tones, in order of size, that are of one level, or nearly so."""
    most, begin = 0, 0
    for end in range(tones.size):
        while tones[end] - tones[begin] > _ONE_LEVEL:
            begin += 1
        most = max(most, end - begin + 1)
    return most / tones.size


_FLAT, _DRAWN = 3.0, 12.0
"""Deviations, in gray levels, up to which a block is empty and from which something is drawn in it."""

_ONE_GROUND = 12.0
"""Levels by which the ground of both pictures may differ where something is missing."""


def moved_on_one_ground(
    one: NDArray[np.float32], other: NDArray[np.float32], corners: NDArray[np.int64], side: int
) -> int:
    """Count the blocks that are drawn in one picture and empty in the other, where that goes both ways.

    What is laid over a picture hides what is there, by a color of its own. Where two drawings on one ground differ,
    such as charts, icons or plans, each shows the same ground where the other has something.

    Parameters
    ----------
    one, other, corners, side
        As for `rewritten`.

    Returns
    -------
    Blocks that are drawn in one picture only, or in the other only, on a ground that the others show as well: the fewer
    of both.
    """
    grounds: tuple[list[float], list[float]] = ([], [])
    for y, x in corners:
        first, second = one[y : y + side, x : x + side], other[y : y + side, x : x + side]
        spreads = float(first.std()), float(second.std())
        if min(spreads) < _FLAT and max(spreads) > _DRAWN:
            empty = int(spreads[1] < spreads[0])
            grounds[empty].append(float((second if empty else first).mean()))
    found = np.array(grounds[0])[:, None] - np.array(grounds[1])[None]
    shared = np.abs(found) < _ONE_GROUND
    return int(min(shared.any(axis=1).sum(), shared.any(axis=0).sum())) if shared.size else 0
