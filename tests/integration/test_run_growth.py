"""A changed folder: what is unchanged is taken over, and the result is that of a fresh run."""

from __future__ import annotations

import os

import pytest
from run_checks import config, groups_bytes, least_memory_mb, picture, put, recoded, rows_of, run, write_pictures

from imgsieve import runs
from imgsieve.config import LocalConfig
from imgsieve.demo import encode


@pytest.fixture
def source(tmp_path):
    return write_pictures(tmp_path / "in", 20)


def same_as_fresh(source, tmp_path):
    """Run in the known folder and in a new one; return the summary of the known one."""
    summary = run(source, tmp_path / "out").summary
    run(source, tmp_path / "fresh")
    assert groups_bytes(tmp_path / "out") == groups_bytes(tmp_path / "fresh")
    return summary


def files_of(source):
    return sorted(path for path in source.rglob("*") if path.is_file())


def test_added(source, tmp_path):
    before = run(source, tmp_path / "out").summary
    write_pictures(source, 5, seed=50, broken=False)
    put(source, "again.jpg", recoded(picture(3), 70))
    summary = same_as_fresh(source, tmp_path)
    assert summary["images"] > before["images"]
    assert summary["reused_features"] == before["images"] - before["failed"]
    added = summary["images"] - before["images"]
    assert summary["fetches"]["by_stage"]["extract"]["gets"] == added + before["failed"]


def test_one_more_copy_costs_its_own_comparisons_only(source, tmp_path):
    before = run(source, tmp_path / "out").summary
    put(source, "aaa/again.jpg", recoded(picture(3), 70))
    summary = same_as_fresh(source, tmp_path)
    assert summary["near_duplicates"] == before["near_duplicates"] + 1
    assert summary["reused_verdicts"] >= 0.8 * before["pairs"]["local"]["accepted"] > 10
    assert summary["fetches"]["by_stage"]["local"]["gets"] <= 6
    assert run(source, tmp_path / "out").summary["fetches"]["by_stage"]["local"]["gets"] == 0


def test_verdicts_under_other_options_are_not_taken_over(source, tmp_path):
    run(source, tmp_path / "out")
    verdicts = tmp_path / "out/pairs/local.parquet"
    strict = config(local=LocalConfig(min_block_share=0.99))
    run(source, tmp_path / "other", config=strict)
    put(source, "aaa/again.jpg", recoded(picture(3), 70))
    (tmp_path / "other/pairs/local.parquet").write_bytes(verdicts.read_bytes())
    assert run(source, tmp_path / "other", config=strict).summary["reused_verdicts"] == 0


def test_removed(source, tmp_path):
    before = run(source, tmp_path / "out").summary
    for path in files_of(source)[::4]:
        path.unlink()
    summary = same_as_fresh(source, tmp_path)
    assert summary["images"] < before["images"]
    assert summary["fetches"]["by_stage"]["extract"]["gets"] == summary["failed"]


def test_modified(source, tmp_path):
    before = run(source, tmp_path / "out").summary
    (source / "camera/0001.jpg").write_bytes(encode(picture(77), "jpg"))
    summary = same_as_fresh(source, tmp_path)
    assert summary["reused_features"] == before["images"] - before["failed"] - 1


def test_same_size_and_later_time_is_a_change(source, tmp_path):
    run(source, tmp_path / "out")
    path = source / "camera/0000.jpg"
    path.write_bytes(bytes(len(path.read_bytes())))
    os.utime(path, ns=(0, 10**18))
    same_as_fresh(source, tmp_path)
    assert rows_of(tmp_path / "out")["camera/0000.jpg"]["status"] == "failed"


def test_renamed(source, tmp_path):
    run(source, tmp_path / "out")
    (source / "camera").rename(source / "photos")
    same_as_fresh(source, tmp_path)


def test_mended_after_it_had_failed(source, tmp_path):
    run(source, tmp_path / "out")
    (source / "broken/cut.jpg").write_bytes(encode(picture(999), "jpg"))
    same_as_fresh(source, tmp_path)
    assert rows_of(tmp_path / "out")["broken/cut.jpg"]["status"] == "kept"


def test_grown_twice_and_shrunk_again(source, tmp_path):
    first = run(source, tmp_path / "out")
    original = groups_bytes(tmp_path / "out")
    write_pictures(tmp_path / "in/more", 4, seed=70, broken=False)
    run(source, tmp_path / "out")
    for path in files_of(source / "more"):
        path.unlink()
    assert run(source, tmp_path / "out").summary["images"] == first.summary["images"]
    assert groups_bytes(tmp_path / "out") == original


def test_too_large_for_memory_is_tried_again_with_more(tmp_path):
    source = write_pictures(tmp_path / "in", 4)
    put(source, "large.png", encode(picture(5, 4000, 3000), "png"))
    run(source, tmp_path / "out", workers=1, memory_mb=least_memory_mb(1))
    large = rows_of(tmp_path / "out")["large.png"]
    assert (large["status"], large["error_kind"], large["keep"]) == ("failed", "too-large-for-memory", 1)
    assert "--memory" in large["error"]
    summary = run(source, tmp_path / "out", memory_mb=4000).summary
    assert summary["fetches"]["by_stage"]["extract"]["gets"] == summary["failed"] + 1
    run(source, tmp_path / "fresh", memory_mb=4000)
    assert rows_of(tmp_path / "out")["large.png"]["status"] == "kept"
    assert groups_bytes(tmp_path / "out") == groups_bytes(tmp_path / "fresh")


def test_thumbnails_may_be_wished_later(source, tmp_path):
    run(source, tmp_path / "out", thumbnails=False)
    before = groups_bytes(tmp_path / "out")
    run(source, tmp_path / "out")
    assert list((tmp_path / "out/thumbs").glob("part-*.parquet"))
    assert groups_bytes(tmp_path / "out") == before


def test_other_workers_are_the_same_run(source, tmp_path):
    runs.run([str(source)], tmp_path / "out", config(workers=1))
    assert runs.run([str(source)], tmp_path / "out", config(workers=3)).summary["fetches"]["gets"] == 0
