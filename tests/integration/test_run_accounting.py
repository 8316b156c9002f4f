"""Every image is told of exactly once, and a duplicate was itself verified against its keeper."""

from __future__ import annotations

import csv

import numpy as np
import pyarrow.parquet as pq
import pytest
from run_checks import FAILURES, check_accounts, picture, put, recoded, rows_of, run, saved, summary_of, write_pictures

from imgsieve import demo, runs
from imgsieve.demo import encode


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run over the demonstration pictures: truth by file, rows by file, and the run folder."""
    folder = tmp_path_factory.mktemp("demo")
    demo.write_demo(folder, photos=12, edits_per_photo=5, seed=5)
    run(folder / "images", folder / "out")
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as stream:
        truth = {row["file"]: row for row in csv.DictReader(stream)}
    return truth, rows_of(folder / "out"), folder / "out"


def test_every_file_is_told_of(finished):
    truth, rows, out = finished
    assert set(rows) == {*truth, demo.BROKEN_FILE}
    assert check_accounts(out)


def test_the_broken_file_is_kept_with_a_reason(finished):
    _, rows, _ = finished
    broken = rows[demo.BROKEN_FILE]
    assert (broken["status"], broken["error_kind"], broken["keep"]) == ("failed", "truncated", 1)


def test_no_photograph_is_lost(finished):
    truth, rows, _ = finished
    kept = {truth[file]["source"] for file, row in rows.items() if file in truth and row["keep"]}
    assert kept == {row["source"] for row in truth.values()}


def test_duplicates_are_of_their_keepers_photograph(finished):
    truth, rows, _ = finished
    for file, row in rows.items():
        if row["status"] == "duplicate":
            assert truth[file]["source"] == truth[row["keeper"]]["source"]


def test_most_edits_are_found(finished):
    truth, rows, _ = finished
    edits = [file for file, row in truth.items() if row["transform"] not in ("original", "distractor")]
    original = {row["source"]: rows[file]["group"] for file, row in truth.items() if row["transform"] == "original"}
    found = [
        rows[file]["group"] is not None and rows[file]["group"] == original[truth[file]["source"]] for file in edits
    ]
    assert np.mean(found) > 0.9


def test_each_image_is_fetched_once_for_its_features(finished):
    truth, _, out = finished
    gets = summary_of(out)["fetches"]["by_stage"]
    assert gets["extract"]["gets"] == len(truth) + 1


def test_the_images_themselves_are_left_alone(tmp_path):
    source = write_pictures(tmp_path / "in", 6)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in source.rglob("*") if path.is_file()}
    run(source, tmp_path / "out")
    assert before == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in source.rglob("*") if path.is_file()
    }


def test_failures_have_known_kinds_and_summary_counts_them(tmp_path):
    source = write_pictures(tmp_path / "in", 4)
    summary = run(source, tmp_path / "out").summary
    assert summary["failed_by_kind"] == {"empty": 1, "not-an-image": 1, "truncated": 1}
    assert set(summary["failed_by_kind"]) <= FAILURES


def test_one_image_alone(tmp_path):
    put(tmp_path, "in/only.png", saved(picture(1), "PNG"))
    run(tmp_path / "in", tmp_path / "out")
    (row,) = rows_of(tmp_path / "out").values()
    assert (row["status"], row["group"], row["keep"]) == ("kept", None, 1)


def test_only_broken_files(tmp_path):
    for number in range(3):
        put(tmp_path, f"in/{number}.jpg", b"\xff\xd8\xff" + bytes(number))
    assert run(tmp_path / "in", tmp_path / "out").summary["failed"] == 3


def test_several_sources_and_one_inside_another(tmp_path):
    pixels = picture(3)
    put(tmp_path, "one/deep/a.jpg", encode(pixels, "jpg"))
    put(tmp_path, "two/a.jpg", recoded(pixels, 50))
    out = tmp_path / "out"
    sources = [str(tmp_path / "two"), str(tmp_path / "one"), str(tmp_path / "one/deep"), str(tmp_path / "one") + "/"]
    runs.run(sources, out)
    rows = check_accounts(out)
    assert [row["file"] for row in rows] == ["deep/a.jpg", "a.jpg"]
    assert [row["status"] for row in rows] == ["kept", "duplicate"]


def test_tables_of_pairs_are_in_order_and_name_images_once(finished):
    for stage in ("wavelet", "color", "global", "local"):
        pairs = pq.read_table(finished[2] / f"pairs/{stage}.parquet").to_pylist()
        keys = [(pair["a"], pair["b"]) for pair in pairs]
        assert keys == sorted(set(keys))
        assert all(a < b for a, b in keys)
