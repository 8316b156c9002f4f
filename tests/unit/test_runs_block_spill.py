"""Records on the disk by buckets: what goes in comes out, of each bucket in its order."""

from __future__ import annotations

import numpy as np
import pytest

from imgsieve.runs.block_spill import BlockSpill
from imgsieve.runs.folder import RunFolder

RECORD = np.dtype([("number", "<i8"), ("byte", "u1")])


def _records(count):
    records = np.zeros(count, RECORD)
    records["number"], records["byte"] = np.arange(count), np.arange(count) % 251
    return records


@pytest.mark.parametrize("parts", [1, 3, 40])
@pytest.mark.parametrize(("count", "buckets", "block"), [(0, 3, 10), (1, 1, 10), (999, 7, 100), (5000, 200, 512)])
def test_what_goes_in_comes_out_by_bucket_in_its_order(tmp_path, count, buckets, block, parts):
    rng = np.random.default_rng(count)
    records, numbers = _records(count), rng.integers(0, buckets, count)
    with BlockSpill(RunFolder(tmp_path / "run"), RECORD, buckets, block) as spill:
        for some, where in zip(np.array_split(records, parts), np.array_split(numbers, parts), strict=True):
            spill.add(some, where)
        spill.finish()
        for bucket in rng.permutation(buckets).tolist():
            expected = records[numbers == bucket]
            assert spill.size(bucket) == len(expected)
            np.testing.assert_array_equal(spill.read(bucket), expected)
            np.testing.assert_array_equal(spill.read(bucket, 3), expected[:3])


@pytest.mark.parametrize("most", [1, 7, 100, 10_000])
def test_pieces_have_the_asked_size_and_the_order_of_the_whole(tmp_path, most):
    rng = np.random.default_rng(5)
    records, numbers = _records(900), rng.integers(0, 3, 900)
    with BlockSpill(RunFolder(tmp_path / "run"), RECORD, 3, 64) as spill:
        spill.add(records, numbers)
        spill.finish()
        pieces = list(spill.pieces(1, most))
    assert [len(piece) for piece in pieces[:-1]] == [most] * (len(pieces) - 1)
    assert 0 < len(pieces[-1]) <= most
    np.testing.assert_array_equal(np.concatenate(pieces), records[numbers == 1])


def test_two_buckets_can_be_read_by_turns(tmp_path):
    records, numbers = _records(600), np.arange(600) % 150
    with BlockSpill(RunFolder(tmp_path / "run"), RECORD, 150, 50) as spill:
        spill.add(records, numbers)
        spill.finish()
        pairs = list(zip(spill.pieces(2, 1), spill.pieces(149, 1), strict=True))
    assert [(int(one["number"][0]), int(other["number"][0])) for one, other in pairs] == [
        (2, 149),
        (152, 299),
        (302, 449),
        (452, 599),
    ]


def test_nothing_is_left_in_the_folder(tmp_path):
    with BlockSpill(RunFolder(tmp_path / "run"), RECORD, 2, 8) as spill:
        spill.add(_records(100), np.zeros(100, np.int64))
        spill.finish()
        assert list((tmp_path / "run").iterdir()) == []
