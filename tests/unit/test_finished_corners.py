"""The votes of one picture's corners: blocks in any order and of any size lead to the same, and copies are found."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.config import VotingConfig
from imgsieve.features.local_codes import PLACES, turned
from imgsieve.finished.corners import Ballot
from imgsieve.finished.query import QUERY

CORNERS = 80


class Codes:
    """The local codes of some pictures, as an index gives them."""

    def __init__(self, codes: np.ndarray, places: np.ndarray) -> None:
        words = codes.reshape(len(codes), CORNERS, 2).swapaxes(1, 2)
        self.columns = {
            "local_codes": np.ascontiguousarray(words).view(np.uint8).reshape(len(codes), -1),
            "local_places": places.reshape(len(codes), -1),
        }
        self.count = len(codes)

    def read(self, column: str, start: int, stop: int) -> np.ndarray:
        return self.columns[column][start:stop].copy()


def pictures(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners of pictures that have nothing to do with each other."""
    chance = np.random.default_rng(seed)
    codes = chance.integers(0, 2**64, (count, CORNERS, 2), dtype=np.uint64)
    places = chance.integers(0, PLACES, (count, CORNERS, 3)).astype(np.uint8)
    places[:, :, 2] = 0
    return codes, places


def worn(codes: np.ndarray, flips: int, seed: int) -> np.ndarray:
    """Codes that differ in a few bits."""
    chance, out = np.random.default_rng(seed), codes.copy()
    for _ in range(flips):
        out ^= np.uint64(1) << chance.integers(0, 64, codes.shape).astype(np.uint64)
    return out


def asking(codes: np.ndarray, places: np.ndarray) -> Any:
    """A picture with these corners."""
    told = {"local_codes": codes, "local_places": places}
    return SimpleNamespace(bytes_of=lambda name: np.ascontiguousarray(told[name]).view(np.uint8).reshape(1, -1))


def proposals(index: Any, query: Any, spans: list[tuple[int, int]], config: VotingConfig) -> list[Any]:
    ballot = Ballot(query, config)
    for start, stop in spans:
        ballot.ask(index, (start, stop), np.ones(stop - start, bool))
    return [tuple(row) for found in ballot.proposals() for row in found.tolist()]


@given(seed=st.integers(0, 2**16), cuts=st.sets(st.integers(1, 39), max_size=6), order=st.randoms())
@settings(max_examples=25, deadline=None)
def test_blocks_change_nothing(seed: int, cuts: set[int], order: Any) -> None:
    codes, places = pictures(seed, 40)
    for image in (3, 17, 30):
        codes[image], places[image] = worn(codes[5], image // 3, image), places[5]
    index, query = Codes(codes, places), asking(worn(codes[5], 2, 1), places[5])
    edges = [0, *sorted(cuts), 40]
    spans = list(pairwise(edges))
    whole = proposals(index, query, [(0, 40)], VotingConfig())
    order.shuffle(spans)
    assert proposals(index, query, spans, VotingConfig()) == whole
    assert {row[1] for row in whole} == {3, 5, 17, 30}
    assert all(row[0] == QUERY for row in whole)


def test_pictures_that_take_no_part_are_not_proposed() -> None:
    codes, places = pictures(1, 8)
    ballot = Ballot(asking(codes[2], places[2]), VotingConfig())
    ballot.ask(Codes(codes, places), (0, 8), np.arange(8) != 2)
    assert [len(found) for found in ballot.proposals()] == [0]


def test_corners_that_are_near_to_all_tell_nothing() -> None:
    codes, places = pictures(2, 200)
    codes[:] = codes[0]  # two hundred pictures with the same corners, in other places
    config = VotingConfig()
    query = asking(codes[0], places[0])
    assert proposals(Codes(codes, places), query, [(0, 200)], config) == []
    few = Codes(codes[:40], places[:40])
    assert 0 in {row[1] for row in proposals(few, query, [(0, 40)], config)}


@pytest.mark.parametrize("turn", range(8))
def test_turned_pictures_are_found_where_they_are_looked_for(turn: int) -> None:
    codes, places = pictures(3, 20)
    moved, where = turned(codes[7].view(np.uint8), places[7], turn)
    query = asking(moved.view(np.uint64), where)
    index = Codes(codes, places)
    found = proposals(index, query, [(0, 20)], VotingConfig(turned=True))
    assert [row[1] for row in found if row[1] == 7]
    best = max((row for row in found if row[1] == 7), key=lambda row: row[3])
    assert best[4] == turn
    if turn:
        assert not [row for row in proposals(index, query, [(0, 20)], VotingConfig()) if row[1] == 7]


def test_without_tables_there_are_no_votes() -> None:
    codes, places = pictures(4, 4)
    assert proposals(Codes(codes, places), asking(codes[0], places[0]), [(0, 4)], VotingConfig(tables=0)) == []
