"""Stage 1 block against block finds what it finds in one memory, however the blocks are cut."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from codes_made import flipped, made_codes
from meetings_made import features_of, made, met_by

from imgsieve.config import WaveletConfig
from imgsieve.runs.code_blocks import first_equal_images
from imgsieve.runs.meeting_apart import BlockSizes, meet_apart

CONFIG = WaveletConfig()
TABLES = replace(CONFIG, compare_all_up_to=0)


def apart(searched, asking):
    return partial(meet_apart, sizes=BlockSizes(searched=searched, asking=asking))


@pytest.mark.parametrize("config", [CONFIG, TABLES], ids=["all", "tables"])
@pytest.mark.parametrize(("searched", "asking"), [(1000, 1000), (37, 141), (110, 70)])
def test_the_same_pairs(tmp_path, config, searched, asking):
    whole, inside = made(np.random.default_rng(searched), 300)
    features = features_of(tmp_path / "run", whole, inside)
    here = met_by(features, config)
    assert len(here) > 60
    assert met_by(features, config, search=apart(searched, asking)).equals(here)


def test_the_same_nearest_where_only_few_are_kept(tmp_path):
    rng = np.random.default_rng(11)
    whole = made_codes(rng, 90 * 8).reshape(90, 8, 32)
    whole[1:31, 0] = flipped(rng, np.repeat(whole[:1, 0], 30, axis=0), 4)
    whole[40:60, 0] = flipped(rng, np.repeat(whole[39:40, 0], 20, axis=0), np.arange(26, 46))
    features = features_of(tmp_path / "run", whole, made_codes(rng, 90))
    config = replace(CONFIG, neighbors=3)
    assert met_by(features, config, search=apart(13, 17)).equals(met_by(features, config))


def test_the_same_stars_of_equals_and_crowds(tmp_path):
    """2,600 nearly blank pages and 400 pictures of equal codes, between pictures of all kinds."""
    rng = np.random.default_rng(5)
    whole = made_codes(rng, 3300 * 8).reshape(3300, 8, 32)
    places = rng.permutation(3300)
    blank = np.repeat(whole[:1, 0], 2600, axis=0)
    whole[places[:2600], 0] = flipped(rng, blank, rng.integers(1, 4, 2600))
    whole[places[2600:3000], 0] = whole[places[2600], 0]
    features = features_of(tmp_path / "run", whole, made_codes(rng, 3300), part=1000)
    here = met_by(features, CONFIG)
    assert 4 * 2600 < len(here) < 60 * 3300
    assert met_by(features, CONFIG, search=apart(700, 900)).equals(here)


def test_flat_pictures_and_those_not_chosen_meet_nobody(tmp_path):
    rng = np.random.default_rng(12)
    whole = np.repeat(made_codes(rng, 8).reshape(1, 8, 32), 6, axis=0)
    features = features_of(tmp_path / "run", whole, made_codes(rng, 6), contrast=np.array([30, 30, 1.4, 30, 30, 30]))
    chosen = np.array([True, True, True, False, True, True])
    here = met_by(features, CONFIG, chosen=chosen)
    assert met_by(features, CONFIG, chosen=chosen, search=apart(2, 2)).equals(here)
    flat = features_of(tmp_path / "flat", whole, made_codes(rng, 6), contrast=np.zeros(6))
    assert not len(met_by(flat, CONFIG, search=apart(2, 2)))


def test_blocks_grow_with_the_images_so_that_tasks_stay_few():
    assert BlockSizes.of(3_000_000) == BlockSizes()
    large = BlockSizes.of(1_000_000_000)
    assert large.searched * 64 >= 1_000_000_000 > large.searched * 63
    assert large.asking * 192 >= 1_000_000_000 > large.asking * 191


def test_the_first_of_equal_codes_by_ranges(tmp_path):
    rng = np.random.default_rng(6)
    whole = made_codes(rng, 200 * 8).reshape(200, 8, 32)
    whole[:, 0] = whole[rng.integers(0, 30, 200), 0]
    features = features_of(tmp_path / "run", whole, made_codes(rng, 200))
    images = np.flatnonzero(rng.integers(0, 2, 200)).astype(np.int32)
    codes = [whole[image, 0].tobytes() for image in images]
    assert first_equal_images(features, "wavelet_codes", images).tolist() == [codes.index(code) for code in codes]
