"""Features are counted from when they come into memory until they are gone."""

from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa
import pytest

from imgsieve.errors import MemoryBudgetError
from imgsieve.memory import plan_memory
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.handing_back import HandingBack
from imgsieve.runs.held_columns import HeldColumns, admit_held
from imgsieve.runs.ledger import FeatureLedger
from imgsieve.schema import FEATURES


def test_what_is_gone_is_freed():
    ledger = FeatureLedger()
    one, other = np.zeros(100, np.uint8), pa.table({"a": [1, 2, 3]})
    ledger.follow(one, 5, one.nbytes)
    ledger.follow(other, 3, other.nbytes)
    assert (ledger.loaded, ledger.freed, ledger.peak_bytes) == (8, 0, 124)
    del one
    assert (ledger.loaded, ledger.freed) == (8, 5)
    del other
    assert (ledger.loaded, ledger.freed, ledger.peak_bytes) == (8, 8, 124)


def test_what_is_gone_does_not_count_for_the_peak():
    ledger = FeatureLedger()
    for _ in range(10):
        held = np.zeros(50, np.uint8)
        ledger.follow(held, 1, held.nbytes)
        del held
    assert (ledger.loaded, ledger.freed, ledger.peak_bytes) == (10, 10, 50)


def test_many_threads():
    ledger = FeatureLedger()

    def work():
        for _ in range(500):
            ledger.follow(np.zeros(8, np.uint8), 2, 8)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.loaded == ledger.freed == 8 * 500 * 2


@pytest.fixture
def features(tmp_path):
    folder = RunFolder(tmp_path)
    for part in range(2):
        rows = [{"image_id": n, "uri": f"u{n}", "file": "f", "size": n, "etag": "e"} for n in (2 * part, 2 * part + 1)]
        folder.write_table(f"part-{part}.parquet", pa.Table.from_pylist(rows, FEATURES), "print")
    return FeatureColumns(folder, ("part-0.parquet", "part-1.parquet"), np.array([0, 2, 4]), "print", FeatureLedger())


def test_reading_is_counted(features):
    assert [len(part) for _, part in features.read(["size"])] == [2, 2]
    assert features.take(np.array([3, 0, 3]), ["uri"])["uri"].to_pylist() == ["u3", "u0", "u3"]
    ledger = features.ledger
    assert ledger.loaded == ledger.freed == 2 + 2 + 2 + 2 + 3


def test_features_that_are_held_are_read_once_and_freed_together(features):
    held = HeldColumns.of(features)
    ledger = features.ledger
    assert (ledger.loaded, ledger.freed) == (4, 0)
    for _ in range(3):
        assert [part["size"].to_pylist() for _, part in held.read(["size"])] == [[0, 1], [2, 3]]
    assert (ledger.loaded, ledger.freed) == (4, 0)
    assert held.take(np.array([2, 1]), ["uri"]).equals(features.take(np.array([2, 1]), ["uri"]))
    del held
    assert ledger.loaded == ledger.freed


def test_holding_more_than_the_budget_is_refused():
    mb = 10**6
    plan = plan_memory(500 * mb, base_bytes=100 * mb, images=1000, workers=1)
    admit_held(plan)
    with pytest.raises(MemoryBudgetError, match="100,000 images"):
        admit_held(plan_memory(500 * mb, base_bytes=100 * mb, images=100_000, workers=1))


def test_memory_is_handed_back_after_so_many_groups():
    often, never = HandingBack(3), HandingBack(0)
    assert [often.after(groups) for groups in (1, 1, 1, 2, 5, 0)] == [False, False, True, False, True, False]
    assert not any(never.after(100) for _ in range(5))
