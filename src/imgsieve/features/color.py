"""Stage 2: a compact color signature, and three metrics between two of them.

A signature has 288 bytes: an 8 x 8 thumbnail in CIE L*a*b* (192), a histogram of 4 x 4 x 4 cells (64), and eight
dominant colors with their weights (32). L* is stored as 0..255, a* and b* with 128 added, as OpenCV does.
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.schema import SIGNATURE_BYTES

__all__ = ["color_metrics", "color_signature"]

THUMB = 8
_CELLS = 64
_DOMINANT = 8
_HISTOGRAM_AT = THUMB * THUMB * 3
_DOMINANT_AT = _HISTOGRAM_AT + _CELLS


def color_signature(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the signature of a picture of 32 x 32 cells.

    Parameters
    ----------
    cells
        Shape (32, 32, 3), uint8 RGB; see `imgsieve.features.reduction.SmallPicture`.

    Returns
    -------
    Shape (288,), uint8.
    """
    lab = np.asarray(cv2.cvtColor(cells, cv2.COLOR_RGB2LAB), np.uint8)
    signature: NDArray[np.uint8] = _signature(lab)
    return signature


@njit(nogil=True, cache=True)
def _signature(lab: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the signature of a Lab picture of shape (32, 32, 3)."""
    out = np.zeros(SIGNATURE_BYTES, np.uint8)
    _fill(lab, out)
    return out


@njit(nogil=True, cache=True)
def _fill(lab: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Write the three parts of a signature from a Lab picture of shape (32, 32, 3)."""
    thumb = np.zeros((THUMB, THUMB, 3), np.int32)
    cells = np.zeros(_CELLS, np.int32)
    colors = np.zeros((512, 4), np.int32)
    for y in range(32):
        for x in range(32):
            light, a, b = int(lab[y, x, 0]), int(lab[y, x, 1]), int(lab[y, x, 2])
            thumb[y // 4, x // 4, 0] += light
            thumb[y // 4, x // 4, 1] += a
            thumb[y // 4, x // 4, 2] += b
            # Colors of photographs lie near the neutral axis, so chroma is cut finer there.
            ca, cb = min(max((a - 96) // 16, 0), 3), min(max((b - 96) // 16, 0), 3)
            cells[(light // 64 * 4 + ca) * 4 + cb] += 1
            fine = (light // 32 * 8 + min(max((a - 64) // 16, 0), 7)) * 8 + min(max((b - 64) // 16, 0), 7)
            colors[fine, 0] += 1
            colors[fine, 1] += light
            colors[fine, 2] += a
            colors[fine, 3] += b
    for y in range(THUMB):
        for x in range(THUMB):
            for c in range(3):
                out[(y * THUMB + x) * 3 + c] = (thumb[y, x, c] + 8) // 16
    for i in range(_CELLS):
        out[_HISTOGRAM_AT + i] = min(255, cells[i] // 4)
    for rank in range(_DOMINANT):
        best = 0
        for i in range(512):
            if colors[i, 0] > colors[best, 0]:
                best = i
        count = colors[best, 0]
        if count == 0:
            break
        for c in range(3):
            out[_DOMINANT_AT + rank * 4 + c] = colors[best, c + 1] // count
        out[_DOMINANT_AT + rank * 4 + 3] = min(255, count // 4)
        colors[best, 0] = 0


@njit(nogil=True, cache=True, fastmath=True)
def _dominant(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the weighted mean distance from the dominant colors of one to the nearest of the other."""
    total, weights = 0.0, 0.0
    for i in range(_DOMINANT):
        at = _DOMINANT_AT + i * 4
        weight = float(one[at + 3])
        if weight == 0.0:
            continue
        nearest = 1e9
        for j in range(_DOMINANT):
            to = _DOMINANT_AT + j * 4
            if other[to + 3] == 0:
                continue
            light = (float(one[at]) - float(other[to])) * (100.0 / 255.0)
            a = float(one[at + 1]) - float(other[to + 1])
            b = float(one[at + 2]) - float(other[to + 2])
            nearest = min(nearest, light * light + a * a + b * b)
        total += weight * np.sqrt(nearest)
        weights += weight
    return total / weights if weights > 0.0 else 0.0


@njit(nogil=True, cache=True, fastmath=True)
def _correlation(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return Pearson's correlation of two histograms."""
    sa, sb, saa, sbb, sab = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(_HISTOGRAM_AT, _HISTOGRAM_AT + _CELLS):
        a, b = float(one[i]), float(other[i])
        sa += a
        sb += b
        saa += a * a
        sbb += b * b
        sab += a * b
    va, vb = saa - sa * sa / _CELLS, sbb - sb * sb / _CELLS
    return (sab - sa * sb / _CELLS) / np.sqrt(va * vb) if va > 0.0 and vb > 0.0 else 1.0


@njit(nogil=True, cache=True, fastmath=True)
def _sample(signature: NDArray[np.uint8], rectangle: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Read a rectangle of a thumbnail as shape (8, 8, 3) in CIE units, by bilinear interpolation, and turn it."""
    out = np.empty((THUMB, THUMB, 3), np.float32)
    last = THUMB - 1
    top, left, bottom, right = rectangle[0], rectangle[1], rectangle[2], rectangle[3]
    for y in range(THUMB):
        for x in range(THUMB):
            sy, sx = y, x
            for _ in range(orientation % 4):
                sy, sx = sx, last - sy
            if orientation >= 4:
                sx = last - sx
            v = min(max((top + (bottom - top) * (sy + 0.5) / THUMB) * THUMB - 0.5, 0.0), last)
            u = min(max((left + (right - left) * (sx + 0.5) / THUMB) * THUMB - 0.5, 0.0), last)
            y0, x0 = min(int(v), last - 1), min(int(u), last - 1)
            fy, fx = v - y0, u - x0
            at = (y0 * THUMB + x0) * 3
            below = at + THUMB * 3
            for c in range(3):
                upper = signature[at + c] * (1 - fx) + signature[at + 3 + c] * fx
                lower = signature[below + c] * (1 - fx) + signature[below + 3 + c] * fx
                out[y, x, c] = upper * (1 - fy) + lower * fy
            out[y, x, 0] *= 100.0 / 255.0
            out[y, x, 1] -= 128.0
            out[y, x, 2] -= 128.0
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _spread(cells: NDArray[np.float32]) -> float:
    """Return the mean distance of the colors of cells, in a*b*, from their mean."""
    a, b = cells[:, 1].mean(), cells[:, 2].mean()
    total = 0.0
    for i in range(cells.shape[0]):
        total += np.sqrt((cells[i, 1] - a) ** 2 + (cells[i, 2] - b) ** 2)
    return float(total / cells.shape[0])


@njit(nogil=True, cache=True, fastmath=True)
def color_metrics(
    one: NDArray[np.uint8],
    other: NDArray[np.uint8],
    place_one: NDArray[np.float32],
    place_other: NDArray[np.float32],
    orientations: NDArray[np.int8],
) -> NDArray[np.float32]:
    """Measure the color metrics of pairs of signatures.

    Parameters
    ----------
    one, other
        Shape (n, 288), uint8.
    place_one, place_other
        Shape (n, 4), float32: top, left, bottom, right of what is compared, as shares of a side.
    orientations
        Shape (n,), int8: the orientation that turns ``other`` into ``one``.

    Returns
    -------
    Shape (n, 5), float32: distance of the dominant colors (CIE76, symmetric, 0 and up); average difference of the
    thumbnails (CIE76); correlation of the histograms (-1 to 1); the 90th percentile of the distances in a*b* of one
    place; and the lower of the two spreads of colors, near 0 when a picture is gray or toned.
    """
    out = np.empty((one.shape[0], 5), np.float32)
    cells = THUMB * THUMB
    shifts = np.empty(cells, np.float32)
    for n in range(one.shape[0]):
        a = _sample(one[n], place_one[n], 0).reshape(cells, 3)
        b = _sample(other[n], place_other[n], orientations[n]).reshape(cells, 3)
        difference = 0.0
        for i in range(cells):
            light = a[i, 0] - b[i, 0]
            shift = (a[i, 1] - b[i, 1]) ** 2 + (a[i, 2] - b[i, 2]) ** 2
            shifts[i] = np.sqrt(shift)
            difference += np.sqrt(light * light + shift)
        out[n, 0] = 0.5 * (_dominant(one[n], other[n]) + _dominant(other[n], one[n]))
        out[n, 1] = difference / cells
        out[n, 2] = _correlation(one[n], other[n])
        out[n, 3] = np.sort(shifts)[int(cells * 0.9)]
        out[n, 4] = min(_spread(a), _spread(b))
    return out
