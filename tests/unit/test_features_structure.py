"""Sums over planes of luma, against the plain formulas, and what they are to tell."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imgsieve.features.structure import BLOCK, block_figures, fine_energy, mean_and_deviation, tone_sums

_SHAPES = ((40, 57), (33, 16), (160, 201))


def _plane(shape: tuple[int, int], seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def _block_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = values.shape[0] // BLOCK, values.shape[1] // BLOCK
    cut = values[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return np.asarray(cut.mean(axis=(1, 3)))


def _fine(plane: NDArray[np.uint8]) -> NDArray[np.float64]:
    across, down = np.zeros(plane.shape), np.zeros(plane.shape)
    across[:, 1:] = np.diff(plane.astype(float), axis=1) ** 2
    down[1:] = np.diff(plane.astype(float), axis=0) ** 2
    return across + down


@pytest.mark.parametrize("shape", _SHAPES)
def test_figures_of_blocks_are_those_of_the_plain_formulas(shape):
    one, other = _plane(shape), _plane(shape, 2)
    found = block_figures(one, other)
    apart = np.abs(one.astype(float) - other)
    for figures, expected in zip(found, (_fine(one), _fine(other), apart), strict=True):
        np.testing.assert_allclose(figures, _block_means(expected), rtol=1e-6)


def test_planes_smaller_than_a_block_have_no_figures():
    assert block_figures(_plane((40, 15)), _plane((40, 15), 2)).size == 0


@pytest.mark.parametrize("shape", _SHAPES)
def test_energy_and_spread_are_those_of_the_plain_formulas(shape):
    plane = _plane(shape)
    values = plane.astype(float)
    steps = (np.diff(values, axis=1) ** 2).mean() + (np.diff(values, axis=0) ** 2).mean()
    assert fine_energy(plane) == pytest.approx(steps / (values.var() + 1))
    assert mean_and_deviation(plane) == pytest.approx((values.mean(), values.std()))


def test_a_flat_plane_has_no_structure():
    flat = np.full((20, 30), 200, np.uint8)
    assert fine_energy(flat) == 0.0
    assert mean_and_deviation(flat) == (200.0, 0.0)


def test_energy_falls_as_a_picture_is_blurred():
    plane = _plane((160, 200))
    blurred = [np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.uint8) for sigma in (0.6, 1.0, 2.0)]
    energies = [fine_energy(each) for each in (plane, *blurred)]
    assert energies == sorted(energies, reverse=True)
    assert energies[0] > 2 * energies[-1]


def test_sums_of_tones_tell_the_tones_of_the_source():
    source = _plane((64, 80))
    copy = (255 - source // 2).astype(np.uint8)
    counts, sums = tone_sums(copy, source)
    np.testing.assert_array_equal(counts, np.bincount(copy.ravel(), minlength=256))
    known = counts > 0
    np.testing.assert_allclose(sums[known] / counts[known], 2 * (255 - np.nonzero(known)[0]) + 0.5, atol=0.5)
