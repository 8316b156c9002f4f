"""How many threads a run gets where nobody says."""

from __future__ import annotations

import os

import pytest

from imgsieve.errors import MemoryBudgetError
from imgsieve.memory import least_budget_bytes
from imgsieve.runs.preparation import Preparation, share_of, usable_cores

MB = 10**6


def prepared(budget, workers, *, chosen=True):
    return Preparation(budget_bytes=budget, base_bytes=100 * MB, workers=workers, connections=0, chosen=chosen)


def test_as_many_as_the_budget_has_room_for():
    for workers in (1, 3, 7):
        enough = least_budget_bytes(base_bytes=100 * MB, images=0, workers=workers)
        assert prepared(enough, 16).fitted(None).workers == workers
    assert prepared(4000 * MB, 16).fitted(None).workers == 16


def test_a_number_that_was_asked_for_is_kept_or_refused():
    enough = least_budget_bytes(base_bytes=100 * MB, images=0, workers=2)
    assert prepared(enough, 2, chosen=False).fitted(None).workers == 2
    with pytest.raises(MemoryBudgetError, match="16 workers"):
        prepared(enough, 16, chosen=False).fitted(None)


def test_too_little_for_one_is_refused():
    with pytest.raises(MemoryBudgetError, match="1 workers"):
        prepared(110 * MB, 4).fitted(None)


@pytest.mark.parametrize(("text", "cores"), [("150000 100000\n", 2), ("200000 100000\n", 2), ("10000 100000\n", 1)])
def test_a_share_of_the_processors(tmp_path, text, cores):
    (tmp_path / "cpu.max").write_text(text)
    assert share_of(tmp_path / "cpu.max") == cores


@pytest.mark.parametrize("text", ["max 100000\n", "", "1 0\n"])
def test_no_share_is_no_limit(tmp_path, text):
    (tmp_path / "cpu.max").write_text(text)
    assert share_of(tmp_path / "cpu.max") >= 1024
    assert share_of(tmp_path / "missing") >= 1024


def test_some_processors_are_usable():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
