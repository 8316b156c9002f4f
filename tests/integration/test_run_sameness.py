"""Same input, same result, byte for byte: whatever the workers, the memory, and the interruptions."""

from __future__ import annotations

import random
import shutil

import pytest
from run_checks import child, config, groups_bytes, kill_at, least_memory_mb, rows_of, run, summary_of, write_pictures

from imgsieve import runs
from imgsieve.errors import Interrupted
from imgsieve.runs.extraction import SHARD_ROWS


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("sameness") / "in", 30)


@pytest.fixture(scope="module")
def undisturbed(source):
    run(source, source.parent / "undisturbed")
    return source.parent / "undisturbed"


@pytest.mark.parametrize("workers", [1, 4])
def test_workers(source, undisturbed, tmp_path, workers):
    run(source, tmp_path / "out", workers=workers)
    assert groups_bytes(tmp_path / "out") == groups_bytes(undisturbed)


@pytest.mark.parametrize("workers", [1, 3])
def test_small_memory(source, undisturbed, tmp_path, workers):
    run(source, tmp_path / "out", workers=workers, memory_mb=least_memory_mb(workers))
    assert groups_bytes(tmp_path / "out") == groups_bytes(undisturbed)


def test_large_memory(source, undisturbed, tmp_path):
    run(source, tmp_path / "out", memory_mb=64_000)
    assert groups_bytes(tmp_path / "out") == groups_bytes(undisturbed)


def test_no_thumbnails(source, undisturbed, tmp_path):
    run(source, tmp_path / "out", thumbnails=False)
    assert groups_bytes(tmp_path / "out") == groups_bytes(undisturbed)
    assert not list((tmp_path / "out" / "thumbs").glob("*"))


def test_the_table_for_people_is_the_same_too(source, undisturbed, tmp_path):
    run(source, tmp_path / "out", workers=1)
    assert (tmp_path / "out/groups.csv").read_bytes() == (undisturbed / "groups.csv").read_bytes()


def test_a_second_run_reads_no_picture(source, undisturbed):
    before = groups_bytes(undisturbed)
    summary = run(source, undisturbed).summary
    assert summary["fetches"]["gets"] == 0
    assert summary["resumed_images"] == summary["images"]
    assert groups_bytes(undisturbed) == before


def test_stopped_ever_later(source, undisturbed, tmp_path):
    """Stop at the third event, then go on and stop at the eighth, and so on until the run comes to its end."""

    def stop_at(last):
        count = 0

        def listener(_):
            nonlocal count
            count += 1
            if count == last:
                raise KeyboardInterrupt

        return listener

    for attempt in range(40):
        try:
            run(source, tmp_path / "out", listener=stop_at(3 + 5 * attempt))
            break
        except Interrupted as stopped:
            assert str(tmp_path / "out") in str(stopped)
    assert 3 < attempt < 39
    assert groups_bytes(tmp_path / "out") == groups_bytes(undisturbed)


@pytest.fixture(scope="module")
def two_shards(tmp_path_factory):
    """More small pictures than a shard has rows."""
    folder = tmp_path_factory.mktemp("killed")
    source = write_pictures(folder / "in", 30)
    for number in range(SHARD_ROWS):
        shutil.copy(source / f"camera/{number % 30:04d}.jpg", source / f"copy-{number:05d}.jpg")
    run(source, folder / "undisturbed")
    return source


def test_killed_and_resumed(two_shards, tmp_path):
    """Six kills, each at a random moment of one stage, every run going on where the last one was killed."""
    rng = random.Random(11)
    moments = [("list", 2), ("extract", 60), ("extract", 128), ("wavelet", 3), ("local", 3), ("quality", 1)]
    for stage, events in moments:
        assert kill_at(child(two_shards, tmp_path / "out"), stage, rng.randrange(events))
    summary = run(two_shards, tmp_path / "out").summary
    assert groups_bytes(tmp_path / "out") == groups_bytes(two_shards.parent / "undisturbed")
    assert summary["resumed_images"] == summary["images"]


def test_a_shard_that_was_written_is_not_read_again(two_shards, tmp_path):
    assert kill_at(child(two_shards, tmp_path / "out"), "extract", SHARD_ROWS // 8 + 2)
    summary = run(two_shards, tmp_path / "out").summary
    assert summary["resumed_images"] == SHARD_ROWS
    assert summary["fetches"]["by_stage"]["extract"]["gets"] == summary["images"] - SHARD_ROWS
    assert groups_bytes(tmp_path / "out") == groups_bytes(two_shards.parent / "undisturbed")


def test_damaged_parts_are_made_again(source, undisturbed, tmp_path):
    out = tmp_path / "out"
    run(source, out)
    for part in [*out.glob("features/*"), *out.glob("pairs/*.parquet"), *out.glob("manifest/*")]:
        part.write_bytes(part.read_bytes()[:-20])
    run(source, out)
    assert groups_bytes(out) == groups_bytes(undisturbed)


def test_a_lost_manifest_of_an_unfinished_run_is_listed_again(source, undisturbed, tmp_path):
    out = tmp_path / "out"

    def stop(event):
        if event.stage == "color":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        runs.run([str(source)], out, config(), listener=stop)
    for part in out.glob("manifest/*"):
        part.write_bytes(b"PAR1")
    run(source, out)
    assert groups_bytes(out) == groups_bytes(undisturbed)


def test_an_unfinished_run_keeps_to_its_listing(tmp_path):
    source = write_pictures(tmp_path / "in", 6)

    def stop(event):
        if event.stage == "wavelet":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        runs.run([str(source)], tmp_path / "out", config(), listener=stop)
    before = len(list(source.rglob("*.*")))
    write_pictures(source, 2, seed=100)
    assert run(source, tmp_path / "out").summary["images"] == before
    assert run(source, tmp_path / "out").summary["images"] > before


def test_summary_tells_what_was_measured(undisturbed):
    summary = summary_of(undisturbed)
    assert summary["memory"]["measured_peak_bytes"] <= summary["memory"]["budget_bytes"]
    assert [stage["name"] for stage in summary["stages"]][1:3] == ["list", "extract"]
    assert summary["bytes"] == sum(row["size"] for row in rows_of(undisturbed).values())
