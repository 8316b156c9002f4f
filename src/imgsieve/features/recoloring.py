"""Stage 4, last part: whether two aligned pictures differ by a recolored part.

A gray, sepia, faded or tinted copy is one picture: its colors follow from the other's by one rule everywhere. The red
and the blue version of a product are two: their colors differ in one place and not in others, or by a large turn of
hue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Recoloring", "recoloring"]

_CELLS = 32
"""Cells along the longer side."""

_LEAST_CELL = 4
_PART_SHIFT, _OF_TYPICAL = 22.0, 2.5
"""Shift of color of a cell that belongs to a part of another color, and times the median shift that it must exceed."""

_LEAST_PART_SHIFT = 35.0
"""Mean shift of such a part from which it counts. Copies mostly stay below; with equalized channels, clipped lights or
colored letters some reach 44. Of things of another hue, 30 degrees apart or more, one in seventeen stays below."""

_LEAST_PART = 0.008
"""Share of all cells that makes a part."""

_OVERLAID = 0.3
"""Share of cells that do not agree from which a part is something laid over, not something of another color."""

_NEUTRAL, _COLORFUL = 8.0, 25.0
"""Distance in a*b* from the median up to which a cell has no color to speak of, and from which it has one."""

_LEAST_NEUTRAL, _LEAST_COLORFUL = 0.15, 0.02
_VARIED = 20.0
"""Deviation of lightness of what has no color, from which a straight line tells how tones were changed."""

_OTHER_TONE = 60.0
"""Levels of lightness by which a gray part must differ from the colored one, once what has no color is as light."""

_UNCHANGED, _SAME_HUE, _CHROMATIC = 8.0, 0.77, 15.0
"""Distance in a*b* up to which most cells have kept their colors, the cosine of 40 degrees of hue, and the chroma from
which there is a hue."""

_NEARLY_SAME_HUE = 0.94
"""The cosine of 20 degrees: what counts as another hue where a colored ground has kept its own."""

_MOSTLY = 0.5
_TINTED, _TINTED_GROUND = 10.0, 0.2
"""Chroma from which a turn of all hues would show, and the share of cells so colored that have kept their colors from
which there was none, though most cells have others."""

_WHOLE = 250
_FEWEST_CELLS, _LEAST_CLEAR = 9, 0.04
"""Cells, and their share of all, of which something is told."""

_FEWEST_IN_PART = 4
_LEAST_CHROMA = 2.0
"""Mean deviation of a*b* from that of their lightness, below which a picture counts as gray or toned."""

_TONED = 1.1
"""The same, below which a picture is of one tone by an edit, which leaves alone what had that tone before. Of 1,511
photographs in sepia all have less when coded at a quality of 60, most at 30; of 801 colored photographs five have."""

_LEVELS = 8
"""Levels of lightness, of equally many cells, that may have colors of their own in a toned picture."""


@dataclass(frozen=True, slots=True)
class Recoloring:
    """How the colors of two aligned pictures differ."""

    shift: float
    """Distance in a*b*, 0 and up: how far the colors are from following one from the other; 0 when a picture is gray or
    toned."""
    part: float
    """The same of the largest connected part that has another color while most have not; 0 when there is none."""
    first_faded: bool
    """Whether the colors of the first are gone, being gray or of one tone, while the second has them."""
    second_faded: bool


def recoloring(
    one: NDArray[np.uint8],
    other: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    differing: NDArray[np.bool_] | None = None,
) -> Recoloring:
    """Measure how the colors of two aligned pictures differ.

    The chroma of each is averaged over cells; the best scaling and offset (a change of saturation, a tint) is taken
    off, and the largest shift that a tenth of the cells exceeds is the distance.

    Parameters
    ----------
    one, other
        Shape (h, w, 3), uint8 RGB, aligned.
    inside
        Shape (h, w), bool: where both have pixels.
    differing
        Shape (h, w), bool: where they do not agree, as something is laid over one of them; nowhere, when None.
    """
    cell = max(_LEAST_CELL, max(inside.shape) // _CELLS)
    covered = _cells(inside, cell) > _WHOLE
    overlaid = np.zeros_like(covered) if differing is None else (_cells(differing, cell) > _WHOLE // 2) & covered
    clear = covered & ~overlaid
    first, second = _lab_cells(one, cell), _lab_cells(other, cell)
    if clear.sum() < max(_FEWEST_CELLS, _LEAST_CLEAR * clear.size):
        return Recoloring(0.0, 0.0, first_faded=False, second_faded=False)
    shift, first_faded, second_faded, toned, distances = _differences(first[clear], second[clear])
    off = distances > max(_PART_SHIFT, _OF_TYPICAL * float(np.median(distances)))
    part = _largest_part(distances, off, clear, overlaid)
    part = max(part, _other_tone(first[clear], second[clear]))
    if not toned:
        part = max(part, _other_hue(first, second, clear, overlaid))
    return Recoloring(shift, part, first_faded=first_faded, second_faded=second_faded)


def _other_tone(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return by how much a gray part is lighter or darker than the colored one; 0 where that follows from the rest.

    A gray copy of a red shirt is as light as the red one; the black shirt is not, though the wall behind it is.
    """
    chroma = [np.hypot(*(cells[:, 1:] - np.median(cells[:, 1:], axis=0)).T) for cells in (first, second)]
    most = [float(np.percentile(values, 95)) for values in chroma]
    if min(most) > _NEUTRAL or max(most) < _COLORFUL:
        return 0.0
    colored, gray, vivid = (first, second, chroma[0]) if most[0] > most[1] else (second, first, chroma[1])
    plain, part = vivid < _NEUTRAL, vivid > _COLORFUL
    if plain.mean() < _LEAST_NEUTRAL or part.mean() < _LEAST_COLORFUL:
        return 0.0
    light, dark = colored[plain, 0], gray[plain, 0]
    if float(light.std()) > _VARIED:
        changes = [np.polyfit(light, dark, 1)]
    else:
        # One tone does not say whether all became so many times as light, or by so much lighter.
        before, after = float(np.median(light)), float(np.median(dark))
        changes = [np.array([after / max(before, 1.0), 0.0]), np.array([1.0, after - before])]
    off = min(float(np.median(np.abs(gray[part, 0] - np.polyval(change, colored[part, 0])))) for change in changes)
    return off if off > _OTHER_TONE else 0.0


def _other_hue(
    first: NDArray[np.float32], second: NDArray[np.float32], clear: NDArray[np.bool_], overlaid: NDArray[np.bool_]
) -> float:
    """Return how far the colors of a part of another hue are apart, while other cells keep theirs; 0 for none.

    On a red ground the picture with the red shirt is nearly of one tone, so that its colors follow from those of the
    picture with the blue one. But no toning leaves the ground as it is, and no turn of all hues a colored ground.
    """
    one, other = first[clear][:, 1:].astype(np.float64), second[clear][:, 1:].astype(np.float64)
    apart = np.linalg.norm(one - other, axis=1)
    chroma, other_chroma = np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1)
    unchanged = apart <= _UNCHANGED
    tinted = unchanged & (np.minimum(chroma, other_chroma) > _TINTED)
    if unchanged.mean() < _MOSTLY and tinted.mean() < _TINTED_GROUND:
        return 0.0
    same = _NEARLY_SAME_HUE if tinted.mean() >= _TINTED_GROUND else _SAME_HUE
    turned = (one * other).sum(axis=1) < same * chroma * other_chroma
    turned &= np.minimum(chroma, other_chroma) > _CHROMATIC
    return _largest_part(apart, turned, clear, overlaid)


def _largest_part(
    distances: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    clear: NDArray[np.bool_],
    overlaid: NDArray[np.bool_],
) -> float:
    """Return the mean shift of the largest connected part of chosen cells; 0 where there is none to speak of.

    What touches much that does not agree is part of a sticker or a banner, and no other color of a thing.
    """
    field, recolored = np.zeros(clear.shape, np.float64), np.zeros(clear.shape, bool)
    field[clear], recolored[clear] = distances, chosen
    # Letters are thin, things are not.
    recolored = cv2.morphologyEx(recolored.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    count, parts = cv2.connectedComponents((recolored | overlaid).astype(np.uint8), connectivity=8)
    if count < 2:
        return 0.0
    colored = np.bincount(parts[recolored], minlength=count)
    sizes = np.bincount(parts.ravel(), minlength=count)
    sizes[0] = 0
    own = np.where(colored >= (1 - _OVERLAID) * sizes, colored, 0)
    own[0] = 0
    largest = int(own.argmax())
    if own[largest] < max(_FEWEST_IN_PART, _LEAST_PART * clear.sum()):
        return 0.0
    shift = float(field[(parts == largest) & recolored].mean())
    return shift if shift > _LEAST_PART_SHIFT else 0.0


@njit(nogil=True, cache=True)
def _differences(
    first: NDArray[np.float32], second: NDArray[np.float32]
) -> tuple[float, bool, bool, bool, NDArray[np.float64]]:
    """Return what `Recoloring` says of the cells of two pictures, of shape (n, 3), and how far each cell is off.

    Before the last comes whether one of the pictures was toned.
    """
    spread, other_spread = _deviations(first), _deviations(second)
    least = min(spread.mean(), other_spread.mean())
    if least >= _LEAST_CHROMA:
        forth, back = _residuals(first, second), _residuals(second, first)
        off = forth if _percentile(forth, 0.9) < _percentile(back, 0.9) else back
        shift = _percentile(off, 0.9) - 0.5 * _percentile(off, 0.5)
    else:
        shift, off = 0.0, np.zeros(len(first), np.float64)
    return shift, _faded(spread, other_spread), _faded(other_spread, spread), least < _TONED, off


@njit(nogil=True, cache=True)
def _faded(spread: NDArray[np.float64], other_spread: NDArray[np.float64]) -> bool:
    """Return whether colors are gone from the cells of one picture that those of another have.

    Most of the one has colors and next to nothing of the other: a colored stamp on a gray picture is no such case.
    """
    return _percentile(other_spread, 0.6) > 3.0 and _percentile(spread, 0.95) < 2.5


def _cells(where: NDArray[np.bool_], cell: int) -> NDArray[np.uint8]:
    """Return how much of each cell, 0 to 255, lies where something holds."""
    size = max(1, where.shape[1] // cell), max(1, where.shape[0] // cell)
    whole = where[: size[1] * min(cell, where.shape[0]), : size[0] * min(cell, where.shape[1])]
    return np.asarray(cv2.resize(whole.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA), np.uint8)


def _lab_cells(rgb: NDArray[np.uint8], cell: int) -> NDArray[np.float32]:
    """Return the mean colors of the cells: shape (rows, columns, 3), lightness, a* and b*."""
    size = max(1, rgb.shape[1] // cell), max(1, rgb.shape[0] // cell)
    whole = rgb[: size[1] * min(cell, rgb.shape[0]), : size[0] * min(cell, rgb.shape[1])]
    means = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    lab = np.asarray(cv2.cvtColor(means, cv2.COLOR_RGB2LAB), np.float32)
    return lab - np.array([0, 128, 128], np.float32)


@njit(nogil=True, cache=True)
def _deviations(cells: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distance of the color of each cell from the mean color of its lightness."""
    count = len(cells)
    order = _by_lightness(cells)
    out = np.empty(count, np.float64)
    begin = 0
    for level in range(_LEVELS):
        end = ((level + 1) * count + _LEVELS - 1) // _LEVELS
        a, b = 0.0, 0.0
        for k in range(begin, end):
            a += cells[order[k], 1]
            b += cells[order[k], 2]
        a, b = a / max(end - begin, 1), b / max(end - begin, 1)
        for k in range(begin, end):
            out[order[k]] = np.hypot(cells[order[k], 1] - a, cells[order[k], 2] - b)
        begin = end
    return out


@njit(nogil=True, cache=True)
def _by_lightness(cells: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the cells in the order of their lightness, equal ones as they come; lightness is a whole number to 255."""
    ends = np.zeros(257, np.int64)
    for k in range(len(cells)):
        ends[int(cells[k, 0]) + 1] += 1
    for level in range(256):
        ends[level + 1] += ends[level]
    order = np.empty(len(cells), np.int64)
    for k in range(len(cells)):
        level = int(cells[k, 0])
        order[ends[level]] = k
        ends[level] += 1
    return order


@njit(nogil=True, cache=True)
def _residuals(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what one scaling and offset of the chroma leave unexplained of each cell."""
    xs, ys = np.empty((len(source), 2), np.float64), np.empty((len(source), 2), np.float64)
    for side in range(2):
        xs[:, side] = source[:, 1 + side] - _percentile(source[:, 1 + side], 0.5)
        ys[:, side] = target[:, 1 + side] - _percentile(target[:, 1 + side], 0.5)
    scale = min(2.5, max(0.3, (xs * ys).sum() / max((xs * xs).sum(), 1e-6)))
    left = ys - scale * xs
    lengths: NDArray[np.float64] = np.sqrt((left * left).sum(axis=1))
    return lengths


@njit(nogil=True, cache=True)
def _percentile(values: NDArray[np.floating[Any]], share: float) -> float:
    """Return the value below which a share of all lies, interpolated between two."""
    at = share * (len(values) - 1)
    high = min(int(at) + 1, len(values) - 1)
    parted = np.partition(values, high)
    low = parted[:high].max()
    return float(low + (parted[high] - low) * (at - int(at)))
