"""The wavelet code: its orientations, what it does not see, and a few codes pinned for good."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.demo import EDITS, render_scene
from imgsieve.demo.edits import pixels_of
from imgsieve.features.describing import describe
from imgsieve.features.orientation import COUNT, compose_inverse, orient
from imgsieve.features.orientation import describe as say
from imgsieve.features.wavelet import FINENESS, SIDE, block_means, code_of_means, codes_of_means, fill_integral

_patiently = settings(deadline=None)
"""The first call compiles."""

_ALL = range(COUNT)
_SEEDS = st.integers(0, 2**32 - 1)


def _means(seed, spread=40.0):
    """Random block means, as fine as those of pictures are."""
    values = np.random.default_rng(seed).normal(128, spread, (SIDE, SIDE))
    return (np.rint(values * FINENESS) / FINENESS).astype(np.float32)


def _code(means):
    out = np.empty(32, np.uint8)
    code_of_means(np.ascontiguousarray(means, np.float32), out)
    return out


def _ones(code):
    return int(np.unpackbits(code).sum())


def _distance(one, other):
    return _ones(one ^ other)


@_patiently
@given(st.integers(0, 7), st.integers(1, 9), st.integers(1, 9))
def test_every_orientation_is_undone(orientation, height, width):
    pixels = np.arange(height * width * 3).reshape(height, width, 3)
    np.testing.assert_array_equal(orient(orient(pixels, orientation), compose_inverse(orientation)), pixels)


def test_the_orientations_differ_and_have_names():
    square = np.arange(9).reshape(3, 3)
    assert len({orient(square, k).tobytes() for k in _ALL}) == COUNT
    assert len({say(k) for k in _ALL}) == COUNT


@_patiently
@given(_SEEDS)
def test_codes_are_those_of_the_turned_means(seed):
    means = _means(seed)
    codes = codes_of_means(means)
    assert codes.shape == (COUNT, 32)
    for k in _ALL:
        np.testing.assert_array_equal(codes[k], _code(orient(means, k)))


@pytest.mark.parametrize("orientation", _ALL)
def test_the_code_of_a_turned_picture_is_the_stored_one(orientation):
    pixels = render_scene(np.random.default_rng(3), 417, 300, kind="town")
    stored = describe(pixels, thumbnail=False).wavelet_codes
    turned = describe(np.ascontiguousarray(orient(pixels, orientation)), thumbnail=False).wavelet_codes
    assert _distance(turned[0], stored[orientation]) <= 2


@_patiently
@given(_SEEDS)
def test_half_of_the_bits_are_set(seed):
    assert _ones(_code(_means(seed))) in range(120, 129)


@_patiently
@given(_SEEDS, st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_contrast_does_not_matter(seed, gain):
    means = _means(seed)
    np.testing.assert_array_equal(_code(means * np.float32(gain)), _code(means))


@_patiently
@given(_SEEDS, st.integers(-60, 60))
def test_brightness_does_not_matter(seed, offset):
    means = _means(seed)
    # Only the first coefficient, the mean, moves; it stays above the median.
    np.testing.assert_array_equal(_code(means + np.float32(offset)), _code(means))


def _pyramid(means):
    """The Haar pyramid by its definition; numbers that are equal but for rounding are no different ones."""
    pyramid, size = means.copy(), SIDE
    while size > 1:
        for axis in (0, 1):
            even, odd = np.split(np.moveaxis(pyramid[:size, :size], axis, 0).reshape(size // 2, 2, size), 2, axis=1)
            halves = np.concatenate([even + odd, even - odd])[:, 0] * np.sqrt(0.5)
            pyramid[:size, :size] = np.moveaxis(halves, 0, axis)
        size //= 2
    return np.round(pyramid, 6)


@_patiently
@given(_SEEDS)
def test_the_code_is_that_of_the_definition(seed):
    means = _means(seed)
    pyramid = _pyramid(means.astype(np.float64))
    expected = np.packbits(pyramid.ravel() > np.median(pyramid), bitorder="little")
    assert _distance(_code(means), expected) <= 1


@_patiently
@given(_SEEDS, st.integers(1, 6), st.integers(0, 3))
def test_of_equal_coefficients_those_above_the_median_are_set(seed, values, low):
    rng = np.random.default_rng(seed)
    # Even parts beside busy ones: many coefficients are equal, and most of those are 0.
    means = np.where(rng.random((SIDE, SIDE)) < 0.7, 100, rng.integers(0, values, (SIDE, SIDE)) + low * 100)
    means[:low] = 17
    pyramid = _pyramid(means.astype(np.float64))
    expected = np.packbits(pyramid.ravel() > np.sort(pyramid, axis=None)[127], bitorder="little")
    np.testing.assert_array_equal(_code(means), expected)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_flat_picture_has_no_structure(value):
    code = _code(np.full((SIDE, SIDE), value))
    assert _ones(code) == int(value > 0)


def test_golden_codes():
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    assert _code(x).tobytes().hex() == GOLDEN["ramp"]
    assert _code(x * y).tobytes().hex() == GOLDEN["saddle"]
    assert _code((x - 5) ** 2 + (y - 9) ** 2).tobytes().hex() == GOLDEN["bowl"]
    assert _code((x * 7 + y * 13) % 17).tobytes().hex() == GOLDEN["weave"]


def test_means_of_blocks_are_exact():
    luma = np.random.default_rng(5).uniform(0, 255, (160, 160)).astype(np.float32)
    integral = np.zeros((161, 161), np.int32)
    fill_integral(luma, integral)
    rows = np.linspace(3, 147, SIDE + 1).astype(np.int32)
    columns = np.linspace(0, 160, SIDE + 1).astype(np.int32)
    means = block_means(integral, rows, columns)
    for i in (0, 7, 15):
        block = luma[rows[i] : rows[i + 1], columns[i] : columns[i + 1]]
        assert means[i, i] == pytest.approx(block.mean(), abs=0.02)
    np.testing.assert_array_equal(means * FINENESS, np.rint(means * FINENESS))


@pytest.mark.parametrize(
    ("edit", "bits"), [("jpeg45", 12), ("resize60", 10), ("gray", 10), ("blur", 12), ("png", 0), ("bright", 40)]
)
def test_edits_change_few_bits(edit, bits):
    rng = np.random.default_rng(11)
    pixels = render_scene(rng, 512, 384, kind="shore")
    original = describe(pixels, thumbnail=False).wavelet_codes[0]
    edited = describe(pixels_of(EDITS[edit].apply(pixels, rng)), thumbnail=False).wavelet_codes[0]
    assert _distance(original, edited) <= bits


def test_other_pictures_are_far():
    rng = np.random.default_rng(12)
    kinds = ("hills", "town", "pebbles", "woods")
    codes = [describe(render_scene(rng, 320, 240, kind=kind), thumbnail=False).wavelet_codes[0] for kind in kinds]
    assert min(_distance(codes[i], codes[j]) for i in range(4) for j in range(i)) > 70


GOLDEN = {
    "ramp": "0100000000000000000000000000000000000000000000000000000000000000",
    "saddle": "01ff02ff0c000c00f000f000f000f00003ff03ff03ff03ff03ff03ff03ff03ff",
    "bowl": "15071507130710070f070f0700070007ff00ff00ff00ff00ff00000000000000",
    "weave": "b3e7843c63e75b390acf027962cf54795a84d3209a04d621b20c9661b408a641",
}
"""Codes of block means that a formula gives. They change with the algorithm only; see `imgsieve.config.ALGORITHM`."""
