"""How runs are scored, and how thresholds are held against what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation.ablation import by_edit, fate, without
from evaluation.finished import Finished, Measured
from evaluation.nearest import least_distances, nearest_strangers
from evaluation.operating import Both, Threshold, upper_bound
from imgsieve.config import RunConfig
from scoring import TruthRow, score


def rows_of(groups: dict[str, tuple[str, int]]) -> dict[str, dict[str, Any]]:
    """Return rows of a result: by file, its keeper and the number of its group; -1 for an image alone."""
    return {
        file: {"image_id": number, "group": None if group < 0 else group, "keep": int(keeper == file),
               "keeper": None if keeper == file else keeper, "reason": "", "status": "kept"}
        for number, (file, (keeper, group)) in enumerate(groups.items())
    }  # fmt: skip


def measured(groups: dict[str, tuple[str, int]], said: dict[tuple[int, int], Any]) -> Measured:
    truth = [
        TruthRow(file=file, source=file[0], transform="original" if len(file) == 1 else f"edit {file[1]}")
        for file in groups
    ]
    wished = {row.file: str(int(row.transform == "original")) for row in truth}
    grouped = {file: str(group) for file, (_, group) in groups.items() if group >= 0}
    finished = Finished(rows_of(groups), said)
    return Measured("set", Path(), truth, wished, finished, {}, score(truth, grouped))


def rejected(**fields: Any) -> dict[str, Any]:
    return {"verdict": "rejected", "why": "too far apart", **fields}


PASSED = {"verdict": "undecided"}


def test_what_lost_a_copy_is_the_last_stage_that_rejected_it() -> None:
    groups = {"a": ("a", 0), "a1": ("a", 0), "b": ("b", -1), "b1": ("b1", -1), "c": ("c", -1), "c1": ("c1", -1),
              "d": ("d", -1), "d1": ("d1", -1), "e": ("e", -1), "e1": ("e1", -1)}  # fmt: skip
    said = {
        (4, 5): {"wavelet": PASSED, "color": rejected()},
        (6, 7): {"wavelet": PASSED, "color": PASSED, "global": PASSED, "local": rejected(why="at a glance 3%")},
        (8, 9): {"wavelet": PASSED, "color": PASSED, "global": PASSED},
    }
    one = measured(groups, said)
    fates = {row.file: fate(one, row) for row in one.copies()}
    assert fates == {"a1": "found", "b1": "not proposed", "c1": "color", "d1": "glance", "e1": "elsewhere"}
    (name, counts), *others = by_edit([one])
    assert (name, counts["found"], counts.total(), others) == ("edit 1", 1, 5, [])


def test_strangers_and_keepers_are_counted() -> None:
    groups = {"a": ("a1", 0), "a1": ("a1", 0), "b": ("b", 1), "c": ("b", 1), "d": ("d", -1)}
    one = measured(groups, {})
    assert [(file, keeper) for file, keeper, _ in one.wrong()] == [("c", "b")]
    assert one.keepers() == (1, 2)
    assert one.score.photos_lost == 1
    assert one.is_copy((0, 1))
    assert not one.is_copy((1, 2))


def test_parts_are_left_out_one_at_a_time() -> None:
    default = RunConfig()
    left_out = dict(without(default))
    assert left_out
    assert all(config != default for config in left_out.values())
    assert len({repr(config) for config in left_out.values()}) == len(left_out)


@pytest.mark.parametrize(("count", "of", "expected"), [(0, 1000, 3 / 1000), (0, 100_000, 3 / 100_000), (5, 5, 1.0)])
def test_the_bound_follows_the_rule_of_three(count: int, of: int, expected: float) -> None:
    assert upper_bound(count, of) == pytest.approx(expected, rel=0.01)


def test_the_bound_is_above_what_was_seen() -> None:
    bounds = [upper_bound(count, 200) for count in range(0, 200, 20)]
    assert bounds == sorted(bounds)
    assert all(bound > count / 200 for bound, count in zip(bounds, range(0, 200, 20), strict=True))


def threshold(alone: list[float], *, at_least: bool) -> Threshold:
    scores = np.array([0.2, 0.6, 0.9])
    return Threshold("any", 0.5, Both(scores, scores), at_least=at_least, alone=np.array(alone))


@pytest.mark.parametrize("at_least", [True, False])
@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_the_operating_point_is_the_loosest_that_passes_no_more_than_allowed(at_least: bool, allowed: int) -> None:
    alone = [0.334, 0.418, 0.5, 0.731]
    found = threshold(alone, at_least=at_least)
    edge = found.edge(allowed / 1000, 1000)
    assert edge is not None

    def passing(value: float) -> int:
        return sum(score >= value if at_least else score <= value for score in alone)

    looser = edge - 0.01 if at_least else edge + 0.01
    assert passing(edge) == allowed
    assert passing(looser) > allowed


def test_any_value_will_do_where_nothing_is_left_to_stop() -> None:
    assert threshold([], at_least=True).edge(1e-6, 1000) is None


def test_lost_copies_are_counted_on_the_right_side() -> None:
    assert threshold([], at_least=True).lost() == pytest.approx(1 / 3)
    assert threshold([], at_least=False).lost() == pytest.approx(2 / 3)
    assert threshold([], at_least=True).lost_at(0.95) == 1.0


def test_the_nearest_strangers_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(5)
    codes = {image: rng.integers(0, 2**63, (8, 4), np.uint64) for image in range(40)}
    found = nearest_strangers(codes, lambda pair: pair == (3, 4), 39)
    pairs = [(row["a"], row["b"]) for row in found]
    assert pairs == [(a, b) for a in range(40) for b in range(a + 1, 40) if (a, b) != (3, 4)]
    for row, least in zip(found, least_distances(pairs, codes), strict=True):
        turned = codes[row["b"]][row["orientation"]]
        bits = int(np.bitwise_count(codes[row["a"]][0] ^ turned).sum())
        assert row["distance_bits"] == bits == least
