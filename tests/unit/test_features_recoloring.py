"""Whether two aligned pictures differ by a recolored part: what counts as one picture, and what as two."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imgsieve.features.recoloring import recoloring

_ALLOWED = 25.0
"""The shift that stage 4 allows."""


@pytest.fixture(scope="module")
def colored() -> NDArray[np.uint8]:
    """A picture of soft patches in many colors: shape (180, 240, 3)."""
    patches = np.random.default_rng(3).integers(40, 216, (15, 20, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(patches, (240, 180), interpolation=cv2.INTER_CUBIC), np.uint8)


def _everywhere(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.ones(picture.shape[:2], bool)


def test_a_picture_is_not_recolored_against_itself(colored):
    found = recoloring(colored, colored, _everywhere(colored))
    assert found.shift == 0.0
    assert not found.first_faded
    assert not found.second_faded


@pytest.mark.parametrize("gain", [0.6, 1.3])
def test_saturation_and_tint_are_explained(colored, gain):
    gray = cv2.cvtColor(cv2.cvtColor(colored, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(float)
    other = np.clip(gray + gain * (colored - gray) + (8, 0, -8), 0, 255).astype(np.uint8)
    assert recoloring(colored, other, _everywhere(colored)).shift < _ALLOWED / 2


def test_a_gray_copy_is_faded_and_has_no_shift(colored):
    gray = cv2.cvtColor(cv2.cvtColor(colored, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    found = recoloring(colored, np.asarray(gray, np.uint8), _everywhere(colored))
    assert (found.shift, found.first_faded, found.second_faded) == (0.0, False, True)
    turned = recoloring(np.asarray(gray, np.uint8), colored, _everywhere(colored))
    assert (turned.first_faded, turned.second_faded) == (True, False)


def test_a_part_in_another_color_shifts(colored):
    red = colored.copy()
    red[60:120, 60:180] = (210, 40, 40)
    blue = colored.copy()
    blue[60:120, 60:180] = (40, 40, 210)
    assert recoloring(red, blue, _everywhere(red)).shift > _ALLOWED


def test_what_lies_outside_does_not_count(colored):
    other = colored.copy()
    other[:, 120:] = 255 - other[:, 120:]
    inside = _everywhere(colored)
    inside[:, 120:] = False
    assert recoloring(colored, other, inside).shift == 0.0
    assert recoloring(colored, other, _everywhere(colored)).shift > _ALLOWED


def test_too_little_in_common_tells_nothing(colored):
    inside = np.zeros(colored.shape[:2], bool)
    inside[:24, :48] = True
    assert recoloring(colored, 255 - colored, inside).shift == 0.0


def _shirt(ground, color):
    """A thing that covers most of a ground of one tint, both with light and shade."""
    light = cv2.resize(np.random.default_rng(4).uniform(0.6, 1.0, (12, 16)), (240, 180), interpolation=cv2.INTER_CUBIC)
    picture = np.empty((180, 240, 3))
    picture[:], picture[15:165, 35:205] = ground, color
    return np.clip(picture * light[..., None], 0, 255).astype(np.uint8)


def _toned(pixels, dark, light):
    """A picture in one tone, from the color of black to that of white."""
    share = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None] / 255.0
    return np.clip(np.array(dark) + share * (np.array(light) - np.array(dark)), 0, 255).astype(np.uint8)


def test_a_toned_copy_is_no_thing_of_another_hue_where_some_of_the_ground_had_that_tone_before():
    one = np.full((180, 240, 3), (80, 45, 55), np.uint8)
    one[np.kron(np.random.default_rng(8).random((15, 20)) < 0.5, np.ones((12, 12))).astype(bool)] = (186, 162, 119)
    one[60:130, 80:150] = 90, 140, 230
    sepia = _toned(one, (40, 20, 5), (255, 225, 150))
    for pair in ((one, sepia), (sepia, one)):
        assert recoloring(*pair, _everywhere(one)).part == 0.0


def test_light_parts_of_a_toned_copy_whose_dark_parts_were_raised_are_no_other_tone():
    one = _shirt((230, 235, 190), (24, 26, 48))
    one[:15] = (230, 190, 60)
    sepia = _toned(one, (52, 40, 30), (255, 240, 208))
    for pair in ((one, sepia), (sepia, one)):
        assert recoloring(*pair, _everywhere(one)).part == 0.0


@pytest.mark.parametrize("colors", [((60, 210, 70), (215, 180, 60)), ((180, 60, 220), (60, 110, 220))])
def test_a_thing_of_another_hue_is_told_by_its_colored_ground_even_where_it_covers_most(colors):
    one, other = (_shirt((190, 120, 140), color) for color in colors)
    assert recoloring(one, other, _everywhere(one)).part > _ALLOWED
