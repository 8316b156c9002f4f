"""Whether a copy still shows the steps with which its original was saved.

The coefficients of a JPEG lie on multiples of its quantization steps. A picture made from it by recoding, toning,
mirroring or writing over parts still shows those multiples once its tones are mapped back, when it was saved more
finely (Z. Fan and R. L. de Queiroz, IEEE TIP 2003, doi:10.1109/TIP.2002.807361).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.features.structure import fine_energy, tone_sums

__all__ = ["by_lattice", "scale_of", "speaks"]

_BASE = np.array(
    [
        [16, 11, 10, 16, 24, 40],
        [12, 12, 14, 19, 26, 58],
        [14, 13, 16, 24, 40, 57],
        [14, 17, 22, 29, 51, 87],
        [18, 22, 37, 56, 68, 109],
        [24, 35, 55, 64, 81, 104],
    ],
    np.float32,
)
"""Steps of the JPEG standard's luminance table (ITU-T T.81, K.1), which coders scale."""

_FREQUENCIES = (np.add.outer(np.arange(6), np.arange(6)) > 0) & (np.add.outer(np.arange(6), np.arange(6)) <= 5)
_SCALES = (0.1 * 1.05 ** np.arange(62)).astype(np.float32)
"""Scales of that table to look for: from JPEG quality 95 to 24."""

_BINS, _REACH = 512, 8.0
_CENTERS = ((np.arange(_BINS) + 0.5) * _REACH / _BINS).astype(np.float32)
_LEAST_COEFFICIENTS = 80
_CLEAR = 0.4
"""Strength at which a picture itself shows steps."""

_COARSER, _MUCH_COARSER = 1.5, 2.05
"""A copy is only told by its lattice when the original's steps were coarser by this factor."""

_LEAST_SCALE = 0.35
"""Below this scale of the table (above a JPEG quality of 82), steps drown in the rounding of pixels."""

_INHERITED, _INHERITED_BY_FAR = 0.40, 0.25
"""Share of that strength from which another picture shows the same steps: more is asked of steps that are alike, for
multiples of one lie near those of the other."""

_SHARPENED, _INHERITED_BLUNTED = 1.25, 0.18
"""A copy with this much more fine structure may have been sharpened; undoing that leaves less of the steps."""

_WINDOW = 320
_SMOOTHINGS = (0.8, 1.5, 3.0, 4.5, 6.0)


def speaks(scale: float) -> bool:
    """Return whether steps of a scale, see `scale_of`, are coarse enough to be seen in a copy."""
    return scale >= _LEAST_SCALE


def by_lattice(first: NDArray[np.uint8], second: NDArray[np.uint8], one: float, other: float) -> int:
    """Tell which of two pictures still shows the steps of the other.

    Parameters
    ----------
    first, second
        Luma of one shape (h, w), uint8, the second turned as the first.
    one, other
        Scales of the quantization tables by which they were saved; see `scale_of`.

    Returns
    -------
    1 when the second shows those of the first, -1 when the first shows those of the second, 0 for neither.
    """
    if one > _COARSER * other and _inherits(first, second, one, other):
        return 1
    if other > _COARSER * one and _inherits(second, first, other, one):
        return -1
    return 0


def scale_of(quality: int) -> float:
    """Return the scale of the standard's table for a JPEG quality; 0 for a picture that is no JPEG."""
    if quality <= 0:
        return 0.0
    return (50.0 / quality) if quality < 50 else (200.0 - 2.0 * quality) / 100.0


def _inherits(source: NDArray[np.uint8], copy: NDArray[np.uint8], coarse: float, fine: float) -> bool:
    """Return whether ``copy`` shows the steps with which ``source`` was saved, its tones and sharpness mapped back."""
    if not _LEAST_SCALE <= coarse <= _SCALES[-1]:
        return False
    source, copy = _central(source), _central(copy)
    mapped = _tones_of(copy, source)
    enough = _INHERITED_BY_FAR if coarse > _MUCH_COARSER * fine > 0 else _INHERITED
    if _shows_steps(source, mapped, coarse, enough):
        return True
    sharpened = fine_energy(copy) > _SHARPENED * fine_energy(source)
    return sharpened and _shows_steps(source, _structure_of(mapped, source), coarse, _INHERITED_BLUNTED)


def _shows_steps(source: NDArray[np.uint8], mapped: NDArray[np.float32], scale: float, enough: float) -> bool:
    """Return whether a mapped copy shows the steps of ``source`` at least by a share of how ``source`` does."""
    at = int(np.argmin(np.abs(np.log(_SCALES) - np.log(scale))))
    near = slice(max(0, at - 2), at + 3)
    for row, column in _grids(source.shape):
        own, inherited = _magnitudes(source, row, column), None
        for table in (_BASE, _BASE.T):
            strength = _strength(own, table, near)
            if strength < _CLEAR:
                continue
            inherited = _magnitudes(mapped, row, column) if inherited is None else inherited
            if _strength(inherited, table, near) > enough * strength:
                return True
    return False


def _central(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut the middle out of a large picture, on its grid of 8 x 8 blocks from both ends of a small one."""
    h, w = luma.shape
    top = max(0, (h - _WINDOW) // 16 * 8)
    left = max(0, (w - _WINDOW) // 16 * 8)
    bottom = h if h <= _WINDOW else h - top
    right = w if w <= _WINDOW else w - left
    return np.ascontiguousarray(luma[top:bottom, left:right])


def _grids(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return where grids of 8 x 8 blocks may start: at the corner, or so that they end at the far edges."""
    return [(row, column) for row in sorted({0, shape[0] % 8}) for column in sorted({0, shape[1] % 8})]


def _tones_of(copy: NDArray[np.uint8], source: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Map the tones of a copy back to those of its source: the mean of the source at each of the copy's levels."""
    counts, sums = tone_sums(copy, source)
    known = np.nonzero(counts)[0]
    tones = np.interp(np.arange(256), known, sums[known] / counts[known]).astype(np.float32)
    # Smoothed, so that the table follows the tones and not the noise of single levels.
    table = cv2.GaussianBlur(tones[None, :], (0, 0), 3.0, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.LUT(copy, table), np.float32)


def _structure_of(copy: NDArray[np.float32], source: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Undo sharpening: the best sum of smoothed versions of a copy, in the sense of least squares."""
    versions = [copy - np.float32(128)]
    versions += [np.asarray(cv2.GaussianBlur(versions[0], (0, 0), sigma), np.float32) for sigma in _SMOOTHINGS]
    basis = np.stack([version.ravel() for version in versions], axis=1)
    target = source.ravel().astype(np.float32) - np.float32(128)
    weights = np.linalg.lstsq(basis.T @ basis, basis.T @ target, rcond=1e-6)[0]
    return np.asarray((basis @ weights).reshape(source.shape) + np.float32(128), np.float32)


def _magnitudes(luma: NDArray[np.generic], row: int, column: int) -> NDArray[np.float32]:
    """Return the magnitudes of the low coefficients of the blocks of a grid: shape (rows, columns, 6, 6)."""
    rows, columns = (luma.shape[0] - row) // 8, (luma.shape[1] - column) // 8
    cut = luma[row : row + 8 * rows, column : column + 8 * columns].astype(np.float32)
    across = np.ascontiguousarray(cut).reshape(-1, 8) @ _WAVES
    blocks = _WAVES.T @ across.reshape(rows, 8, columns * 6)
    return np.asarray(np.abs(blocks.reshape(rows, 6, columns, 6)).swapaxes(1, 2), np.float32)


def _strength(magnitudes: NDArray[np.float32], table: NDArray[np.float32], near: slice) -> float:
    """Return how well magnitudes lie on multiples of the steps of a table, at the best of some scales: -1 to 1."""
    places = ((magnitudes / table)[:, :, _FREQUENCIES].ravel() * (_BINS / _REACH)).astype(np.int64)
    histogram = np.bincount(places[places < _BINS], minlength=_BINS).astype(np.float32)
    speak = _SPEAKING[near] @ histogram
    strengths = (_COSINES[near] @ histogram) / np.maximum(speak, 1.0)
    return float(np.where(speak >= _LEAST_COEFFICIENTS, strengths, 0.0).max())


def _waves() -> NDArray[np.float32]:
    """Return the six longest waves of the 8-point DCT: shape (8, 6)."""
    n = np.arange(8)[:, None]
    waves = 0.5 * np.cos((2 * n + 1) * np.arange(6)[None, :] * np.pi / 16)
    waves[:, 0] = np.sqrt(1 / 8)
    return waves.astype(np.float32)


_WAVES = _waves()
_SPEAKING = ((_CENTERS[None, :] > 0.6 * _SCALES[:, None]) & (_CENTERS[None, :] < 3.5 * _SCALES[:, None])).astype(
    np.float32
)
_COSINES = (np.cos(2 * np.pi * _CENTERS[None, :] / _SCALES[:, None]) * _SPEAKING).astype(np.float32)
