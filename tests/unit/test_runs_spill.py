"""Rows come back by ranges of their key, all of them, in the order in which they came."""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from imgsieve.runs.spill import Spill

SCHEMA = pa.schema([("number", pa.int64()), ("text", pa.string())])


def _rows(numbers):
    return pa.table([pa.array(numbers), pa.array([f"row {number}" for number in numbers])], schema=SCHEMA)


@pytest.mark.parametrize("bounds", [[], [0], [300, 301, 7000], [50_000]])
def test_rows_are_divided_by_their_keys(tmp_path, bounds):
    rng = np.random.default_rng(len(bounds))
    keys = rng.integers(0, 9000, 40_000)
    with Spill(tmp_path, SCHEMA, np.array(bounds, np.int64)) as spill:
        for begin in range(0, 40_000, 1111):
            numbers = np.arange(begin, min(begin + 1111, 40_000))
            spill.add(_rows(numbers), keys[numbers])
        found = [table["number"].to_pylist() for table in spill.tables()]
    edges = [-1, *bounds, 1 << 40]
    expected = [np.nonzero((keys >= low) & (keys < high))[0].tolist() for low, high in pairwise(edges)]
    assert found == expected


def test_nothing_comes_of_nothing(tmp_path):
    with Spill(tmp_path, SCHEMA, np.array([5])) as spill:
        spill.add(_rows([]), np.empty(0, np.int64))
        assert [len(table) for table in spill.tables()] == [0, 0]


def test_no_file_is_left_even_if_rows_are_not_read(tmp_path):
    with Spill(tmp_path, SCHEMA, np.array([5])) as spill:
        spill.add(_rows(range(20_000)), np.zeros(20_000, np.int64))
        assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are all that is asked for
