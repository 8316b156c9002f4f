"""The measure of descriptors on sets with known copies."""

import numpy as np
import pytest

from evaluation.descriptors import RATES, separation
from scoring import TruthRow


def rows_of(photographs, edits):
    names = ("original", *edits)
    return [
        TruthRow(file=f"{k}-{name}.jpg", source=str(k), transform=name) for k in range(photographs) for name in names
    ]


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_equal_descriptors_of_copies_are_all_found():
    rng = np.random.default_rng(1)
    rows = rows_of(200, ["gray", "crop"])
    vectors = unit(rng.normal(size=(200, 32))).repeat(3, axis=0)
    result = separation(vectors, rows)
    assert result.mean() == (1.0,) * (len(RATES) + 1)
    assert result.pairs == {"gray": 200, "crop": 200}


def test_strangers_are_counted_once_and_only_between_photographs():
    rows = rows_of(30, ["gray"])
    result = separation(unit(np.random.default_rng(2).normal(size=(60, 8))), rows)
    assert result.strangers == 60 * 59 // 2 - 30


def test_descriptors_that_tell_nothing_find_what_chance_finds():
    rng = np.random.default_rng(3)
    result = separation(unit(rng.normal(size=(4000, 16))), rows_of(2000, ["crop"]))
    assert result.found["crop"][0] == pytest.approx(RATES[0], abs=3e-3)
    assert result.found["crop"][-1] < 0.02


def test_thresholds_rise_as_fewer_strangers_may_pass():
    result = separation(unit(np.random.default_rng(4).normal(size=(400, 8))), rows_of(200, ["crop"]))
    assert list(result.thresholds) == sorted(result.thresholds)


def test_each_kind_of_edit_has_its_own_shares():
    rng = np.random.default_rng(5)
    originals = unit(rng.normal(size=(100, 32)))
    vectors = np.stack((originals, originals, unit(rng.normal(size=(100, 32)))), 1).reshape(300, 32)
    found = separation(vectors, rows_of(100, ["easy", "hard"])).found
    assert found["easy"][0] == 1
    assert found["hard"][0] < 0.1
