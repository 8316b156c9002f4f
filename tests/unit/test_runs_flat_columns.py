"""Rows of a flat copy are those of the features, whatever is asked for and in whatever order."""

from __future__ import annotations

import os
import tracemalloc
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.flat_columns import FlatColumns, flat_columns
from imgsieve.runs.folder import RunFolder

WIDTHS = {"color_signature": 288, "trimmed": 4, "layout": 1024}
ROWS = (700, 1, 0, 1299)


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(5)
    return {name: rng.integers(0, 256, (sum(ROWS), width), dtype=np.uint8) for name, width in WIDTHS.items()}


@pytest.fixture(scope="module")
def features(truth, tmp_path_factory):
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    starts = np.cumsum([0, *ROWS])
    names = []
    for number, (low, high) in enumerate(pairwise(starts)):
        names.append(f"features/part-{number:06d}.parquet")
        columns = {name: pa.array([row.tobytes() for row in truth[name][low:high]], pa.binary(width))
                   for name, width in WIDTHS.items()}  # fmt: skip
        folder.write_table(names[-1], pa.table(columns), "print")
    return FeatureColumns(folder, tuple(names), starts, "print")


@pytest.fixture(scope="module")
def flat(features):
    with flat_columns(features, WIDTHS) as copied:
        yield copied


@settings(deadline=None)
@given(
    st.lists(st.integers(0, sum(ROWS) - 1), max_size=60),
    st.lists(st.sampled_from(list(WIDTHS)), min_size=1, max_size=3, unique=True),
)
def test_rows_are_those_of_the_features(flat, truth, images, columns):
    found = flat.take(np.array(images, np.int64), columns)
    assert list(found) == columns
    for name in columns:
        np.testing.assert_array_equal(found[name], truth[name][images])


def test_all_rows_at_once_and_each_alone(flat, truth):
    everything = flat.take(np.arange(sum(ROWS), dtype=np.int32), list(WIDTHS))
    for name in WIDTHS:
        np.testing.assert_array_equal(everything[name], truth[name])
        for image in (0, 699, 700, 701, 1999):
            np.testing.assert_array_equal(flat.take(np.array([image]), [name])[name][0], truth[name][image])


def test_nulls_are_zeros(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_table("part.parquet", pa.table({"trimmed": pa.array([b"abcd", None], pa.binary(4))}), "print")
    with flat_columns(FeatureColumns(folder, ("part.parquet",), np.array([0, 2]), "print"), {"trimmed": 4}) as flat:
        assert flat.take(np.array([1, 0, 1]), ["trimmed"])["trimmed"].tolist() == [[0] * 4, list(b"abcd"), [0] * 4]


@pytest.mark.parametrize("image", [-1, sum(ROWS)])
def test_images_that_are_not_there_are_refused(flat, image):
    with pytest.raises(IndexError, match=str(sum(ROWS))):
        flat.take(np.array([0, image]), ["trimmed"])


def test_no_file_is_left(features):
    before = sorted(os.walk(features.folder.root))
    with flat_columns(features, WIDTHS):
        assert sorted(os.walk(features.folder.root)) == before


def test_memory_follows_the_rows_that_are_asked_for_and_not_the_file(tmp_path):
    """A file of 200 MB, sparse on disk: 4,096 rows from anywhere hold a few times their own 1.2 MB."""
    with (tmp_path / "flat").open("w+b") as file:
        file.truncate(548 * 400_000)
        flat = FlatColumns(400_000, 548, {"color_signature": (0, 288), "trimmed": (288, 292)}, file.fileno())
        images = np.random.default_rng(1).integers(0, 400_000, 4096)
        tracemalloc.start()
        flat.take(images, ["color_signature", "trimmed"])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 5 * 4096 * 292
