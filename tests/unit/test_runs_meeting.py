"""Stage 1 over features: what meets is what comparing all with all finds, whoever does the work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from codes_made import all_with_all, flipped, made_codes
from meetings_made import features_of, made, met_by

from imgsieve.config import WaveletConfig
from imgsieve.features.orientation import compose_inverse
from imgsieve.features.regions import TRIMMED, WHOLE
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.stages.wavelet import PROPOSAL

CONFIG = WaveletConfig()


def _expected(whole, inside, config):
    """The closest proposal of each pair, by comparing all with all; nobody has more neighbors than are kept."""
    best = {}

    def offer(one, other, bits, turn, region):
        if one != other:
            key = (bits, region, compose_inverse(turn) if one < other else turn)
            pair = (min(one, other), max(one, other))
            best[pair] = min(best.get(pair, key), key)

    for turn in range(8):
        apart = all_with_all(whole[:, turn], whole[:, 0])
        for one, other in zip(*np.nonzero(apart <= config.max_distance_bits), strict=True):
            offer(int(one), int(other), int(apart[one, other]), turn, WHOLE)
    apart = all_with_all(inside, inside)
    for one, other in zip(*np.nonzero(apart <= config.max_trimmed_distance_bits), strict=True):
        offer(int(one), int(other), int(apart[one, other]), 0, TRIMMED)
    return [
        {"a": a, "b": b, "orientation": turn, "region": region, "votes": 0, "stands_out": False, "distance_bits": bits}
        for (a, b), (bits, region, turn) in sorted(best.items())
    ]


@pytest.mark.parametrize("seed", range(4))
def test_all_that_meets_is_proposed_as_it_met_closest(tmp_path, seed):
    whole, inside = made(np.random.default_rng(seed), 240)
    met = met_by(features_of(tmp_path / "run", whole, inside), CONFIG).to_pylist()
    expected = _expected(whole, inside, CONFIG)
    assert len(expected) > 60
    assert {row["region"] for row in expected} == {WHOLE, TRIMMED}
    assert met == expected


def test_neither_workers_nor_parts_change_what_meets(tmp_path):
    whole, inside = made(np.random.default_rng(9), 300)
    tables = replace(CONFIG, compare_all_up_to=0)
    for config in (CONFIG, tables):
        first = met_by(features_of(tmp_path / f"a{config.compare_all_up_to}", whole, inside), config, workers=1)
        other = met_by(
            features_of(tmp_path / f"b{config.compare_all_up_to}", whole, inside, part=31), config, workers=3
        )
        assert first.equals(other)
        assert len(first) > 60


def test_tables_find_nearly_all_that_comparing_all_finds(tmp_path):
    whole, inside = made(np.random.default_rng(10), 1200)
    features = features_of(tmp_path / "run", whole, inside)
    pairs = [
        {(row["a"], row["b"]) for row in met_by(features, config).to_pylist()}
        for config in (CONFIG, replace(CONFIG, compare_all_up_to=0))
    ]
    assert pairs[1] <= pairs[0]
    assert len(pairs[1]) > 0.98 * len(pairs[0]) > 300


def test_a_picture_proposes_its_nearest_and_all_that_are_very_near(tmp_path):
    rng = np.random.default_rng(11)
    whole = made_codes(rng, 90 * 8).reshape(90, 8, 32)
    whole[1:31, 0] = flipped(rng, np.repeat(whole[:1, 0], 30, axis=0), 4)
    whole[40:60, 0] = flipped(rng, np.repeat(whole[39:40, 0], 20, axis=0), np.arange(26, 46))
    inside = made_codes(rng, 90)
    config = replace(CONFIG, neighbors=3)
    met = {(row["a"], row["b"]) for row in met_by(features_of(tmp_path / "run", whole, inside), config).to_pylist()}
    # Codes 4 bits from one are at most 8 from each other: all pairs, however many are kept of the others.
    assert {(a, b) for a in range(31) for b in range(a + 1, 31)} <= met
    # Those 26 to 45 bits away are proposed by themselves, not all of them by what they resemble.
    assert {(39, b) for b in range(40, 60)} <= met


def test_flat_pictures_and_those_not_chosen_meet_nobody(tmp_path):
    rng = np.random.default_rng(12)
    whole = np.repeat(made_codes(rng, 8).reshape(1, 8, 32), 6, axis=0)
    inside = made_codes(rng, 6)
    contrast = np.array([30, 30, 1.4, 30, 30, 30])
    features = features_of(tmp_path / "run", whole, inside, contrast=contrast)
    chosen = np.array([True, True, True, False, True, True])
    met = met_by(features, CONFIG, chosen=chosen).to_pylist()
    assert {(row["a"], row["b"]) for row in met} == {(0, 1), (0, 4), (0, 5), (1, 4), (1, 5), (4, 5)}
    assert not len(met_by(features, CONFIG, chosen=np.zeros(6, bool)))
    flat = features_of(tmp_path / "flat", whole, inside, contrast=np.zeros(6))
    assert not len(met_by(flat, CONFIG))


def test_many_equal_codes_meet_in_a_star(tmp_path):
    rng = np.random.default_rng(13)
    whole = np.repeat(made_codes(rng, 8).reshape(1, 8, 32), 400, axis=0)
    inside = np.repeat(made_codes(rng, 1), 400, axis=0)
    met = met_by(features_of(tmp_path / "run", whole, inside), CONFIG).to_pylist()
    pairs = {(row["a"], row["b"]) for row in met}
    assert {(0, other) for other in range(1, 400)} <= pairs
    assert len(pairs) < 400 * 6


def test_the_spill_gives_back_what_it_was_given_by_ranges(tmp_path):
    rng = np.random.default_rng(14)
    proposals = np.zeros(50_000, PROPOSAL)
    proposals["a"], proposals["b"] = rng.integers(0, 100_000, (2, 50_000))
    proposals["bits"] = rng.integers(0, 60, 50_000)
    with PairSpill(RunFolder(tmp_path / "run"), 100_000) as spill:
        for part in np.array_split(proposals, 7):
            spill.add(part)
        ranges = list(spill.read())
    assert [low for low, _, _ in ranges][1:] == [high for _, high, _ in ranges][:-1]
    assert (ranges[0][0], ranges[-1][1]) == (0, 100_000)
    assert all(((low <= part["a"]) & (part["a"] < high)).all() for low, high, part in ranges)
    assert sorted(np.concatenate([part for _, _, part in ranges]).tolist()) == sorted(proposals.tolist())
    assert [path.name for path in (tmp_path / "run").iterdir()] == []
