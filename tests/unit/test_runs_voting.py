"""Corners that vote over features: parts are found again, whoever does the work, however crowded codes are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from imgsieve.config import VotingConfig
from imgsieve.executors import ThreadExecutor
from imgsieve.features.local_codes import NO_CORNER, PLACES, turned
from imgsieve.features.orientation import compose_inverse
from imgsieve.features.regions import SOME_PART
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.runs.voting import Portions, vote
from imgsieve.schema import FEATURES, LOCAL_CODE_BYTES, LOCAL_CODES
from imgsieve.stages.wavelet import PROPOSAL

CONFIG = VotingConfig()
CORNERS = 12


def _features(root, codes, places, part=37):
    """Commit features with local codes of shape (n, k, 16) at places of shape (n, k, 3)."""
    folder, count, names = RunFolder(root), len(codes), []
    for first in range(0, count, part):
        rows = [_row(i, codes[i], places[i]) for i in range(first, min(first + part, count))]
        names.append(f"features/part-{first:06d}.parquet")
        folder.write_table(names[-1], pa.Table.from_pylist(rows, FEATURES), "made")
    starts = np.minimum(np.arange(len(names) + 1) * part, count)
    return FeatureColumns(folder, tuple(names), starts, "made")


def _row(image, codes, places):
    every = np.zeros((LOCAL_CODES, LOCAL_CODE_BYTES), np.uint8)
    where = np.full((LOCAL_CODES, 3), NO_CORNER, np.uint8)
    every[: len(codes)], where[: len(places)] = codes, places
    named = {"image_id": image, "uri": f"made/{image}", "file": str(image), "size": 1, "etag": ""}
    return {**named, "local_codes": every.tobytes(), "local_places": where.tobytes()}


def _voted(features, config=CONFIG, workers=2, images=None, portions=None):
    """Return all proposals, in the order of the pairs."""
    images = np.arange(features.count, dtype=np.int32) if images is None else images
    told = []
    with PairSpill(features.folder, features.count) as spill:
        vote(features, images, config, ThreadExecutor(workers), spill, told.append, portions or Portions())
        found = [proposals for _, _, proposals in spill.read()]
    assert told == sorted(told)
    assert not told or told[-1] == len(images)
    proposals = np.concatenate([np.empty(0, PROPOSAL), *found])
    return proposals[np.lexsort((proposals["orientation"], proposals["b"], proposals["a"]))]


def _pictures(rng, count):
    """Corners of pictures that have nothing in common, all of one scale."""
    codes = rng.integers(0, 256, (count, CORNERS, LOCAL_CODE_BYTES), dtype=np.uint8)
    places = rng.integers(0, PLACES + 1, (count, CORNERS, 3)).astype(np.uint8)
    places[:, :, 2] = 2
    return codes, places


def _with_crops(rng, count, flips=3):
    """Corners of pictures; every third is a crop of the one before: seven of its corners, moved, a few bits flipped."""
    codes, places = _pictures(rng, count)
    for crop in range(2, count, 3):
        codes[crop, :7] = codes[crop - 1, 5:]
        for code in codes[crop, :7]:
            for bit in rng.integers(0, 8 * LOCAL_CODE_BYTES, flips).tolist():
                code[bit // 8] ^= np.uint8(1 << bit % 8)
        places[crop, :7, :2] = places[crop - 1, 5:, :2] // 2 + 60
        places[crop, :7, 2] = 0  # at half the size two scales finer
    return codes, places, {(crop - 1, crop) for crop in range(2, count, 3)}


def _pairs(proposals):
    return set(zip(proposals["a"].tolist(), proposals["b"].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_crops_are_proposed_and_strangers_are_not(tmp_path, seed):
    codes, places, planted = _with_crops(np.random.default_rng(seed), 150)
    found = _voted(_features(tmp_path / "run", codes, places))
    assert len(_pairs(found)) == len(found)
    assert _pairs(found) <= planted
    assert len(found) > 0.9 * len(planted)
    assert (found["region"] == SOME_PART).all()
    assert (found["orientation"] == 0).all()
    assert found["votes"].min() >= CONFIG.min_votes
    assert np.median(found["votes"]) >= 6


def test_neither_workers_nor_parts_nor_what_is_counted_together_change_what_is_found(tmp_path):
    codes, places, _ = _with_crops(np.random.default_rng(4), 200)
    codes[50:80, 0] = codes[50, 0]
    first = _voted(_features(tmp_path / "a", codes, places), workers=1)
    for number, (workers, part, matches) in enumerate([(3, 200, 1 << 19), (2, 11, 1), (1, 64, 2000)]):
        features = _features(tmp_path / f"b{number}", codes, places, part=part)
        other = _voted(features, workers=workers, portions=Portions(gathered_matches=matches))
        np.testing.assert_array_equal(other, first)
    assert len(first) > 50


def test_small_ranges_find_nearly_as_much(tmp_path):
    codes, places, planted = _with_crops(np.random.default_rng(5), 400)
    features = _features(tmp_path / "run", codes, places)
    found = [_voted(features, workers=n, portions=Portions(range_records=200)) for n in (1, 3)]
    np.testing.assert_array_equal(found[0], found[1])
    assert _pairs(found[0]) <= planted
    assert len(found[0]) > 0.9 * len(planted)


def test_crowds_of_equal_codes_larger_than_a_range_hide_nobody(tmp_path):
    codes, places, planted = _with_crops(np.random.default_rng(6), 600)
    codes[:, :3] = codes[0, 0]  # a logo on all pictures: a third of all codes are equal
    places[:, :3] = places[0, :3]
    features = _features(tmp_path / "run", codes, places)
    portions = Portions(range_records=100)
    found = _voted(features, portions=portions)
    np.testing.assert_array_equal(_voted(features, workers=1, portions=portions), found)
    assert len(_pairs(found) & planted) > 0.9 * len(planted)


def test_codes_of_a_few_kinds_are_divided_as_well(tmp_path):
    rng = np.random.default_rng(7)
    codes, places = _pictures(rng, 300)
    # Nearly all codes lie where few of a sample do.
    codes[150:] = codes[150:] & rng.integers(0, 2, codes[150:].shape, dtype=np.uint8)
    codes[299], places[299] = codes[298], places[298]
    found = _voted(_features(tmp_path / "run", codes, places), portions=Portions(range_records=64))
    assert (298, 299) in _pairs(found)


@pytest.mark.parametrize("orientation", [1, 4, 6])
def test_turned_parts_are_found_only_where_they_are_looked_for(tmp_path, orientation):
    codes, places, planted = _with_crops(np.random.default_rng(8), 90)
    some = np.arange(2, 90, 3)
    codes[some], places[some] = turned(codes[some], places[some], orientation)
    features = _features(tmp_path / "run", codes, places)
    assert not len(_voted(features))
    found = _voted(features, replace(CONFIG, turned=True))
    assert len(found) > 0.9 * len(planted)
    assert _pairs(found) <= planted
    assert (found["orientation"] == compose_inverse(orientation)).all()
    np.testing.assert_array_equal(_voted(features, replace(CONFIG, turned=True), workers=1), found)


def test_parts_do_not_change_what_turned_crowds_find(tmp_path):
    codes, places, _ = _with_crops(np.random.default_rng(12), 240)
    codes[:, :5] = 0  # codes that are the same however they are turned, of which each meets those beside it alone
    config = replace(CONFIG, turned=True, window=4)
    found = [_voted(_features(tmp_path / str(part), codes, places, part=part), config) for part in (240, 37)]
    assert len(found[0]) > 40
    np.testing.assert_array_equal(found[0], found[1])


def test_matches_that_lie_elsewhere_are_no_votes(tmp_path):
    rng = np.random.default_rng(9)
    codes, places = _pictures(rng, 60)
    codes[1::2, :4] = codes[::2, :4]
    places[1::2, :4, :2] = places[::2, :4, :2][:, ::-1]
    near = places.copy()
    near[1::2, :4] = near[::2, :4]
    assert len(_voted(_features(tmp_path / "near", codes, near))) >= 25
    assert len(_voted(_features(tmp_path / "elsewhere", codes, places))) <= 5


def test_only_those_that_take_part_and_have_corners_vote(tmp_path):
    codes, places, planted = _with_crops(np.random.default_rng(10), 90)
    places[4], codes[4] = NO_CORNER, 0
    features = _features(tmp_path / "run", codes, places)
    images = np.setdiff1d(np.arange(90), [8, 20]).astype(np.int32)
    found = _pairs(_voted(features, images=images))
    assert found <= planted - {(7, 8), (19, 20), (4, 5)}
    assert len(found) > 20
    assert not len(_voted(features, replace(CONFIG, tables=0)))
    assert not len(_voted(features, images=images[:1]))
    assert not len(_voted(features, images=images[:0]))


def test_pictures_without_corners_propose_nothing(tmp_path):
    nothing = np.zeros((20, 0, LOCAL_CODE_BYTES), np.uint8), np.zeros((20, 0, 3), np.uint8)
    assert not len(_voted(_features(tmp_path / "run", *nothing)))


def test_more_votes_are_asked_for_when_told(tmp_path):
    codes, places, _ = _with_crops(np.random.default_rng(11), 120)
    features = _features(tmp_path / "run", codes, places)
    counts = [len(_voted(features, replace(CONFIG, min_votes=votes))) for votes in (3, 7, 8)]
    assert counts[0] >= counts[1] > counts[2] == 0
