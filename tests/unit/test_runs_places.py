"""A run folder and its shards as other processes have them: by name, part by part, in any division."""

from __future__ import annotations

import uuid

import pyarrow as pa
import pytest

from imgsieve.config import NetworkConfig, RunConfig
from imgsieve.errors import ConfigError, RunFolderError
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.mirror import open_run_folder
from imgsieve.runs.places import RunFolderPlace
from imgsieve.runs.shards import DescribeShard, Shard, failures_of_all
from imgsieve.storage import Traffic

TABLE = pa.table({"n": [1, 2]})


def test_a_folder_that_another_node_does_not_have_is_refused(tmp_path):
    place = RunFolderPlace(place=str(tmp_path / "run"), network=NetworkConfig())
    with pytest.raises(RunFolderError, match=r"is not there on .*; name a store"):
        place.opened()
    assert not (tmp_path / "run").exists()


def test_a_part_is_written_into_the_folder_that_all_share(tmp_path):
    RunFolder(tmp_path / "run").write_json("run.json", {})
    place = RunFolderPlace(place=str(tmp_path / "run"), network=NetworkConfig())
    place.opened().write_table("features/one.parquet", TABLE, "print")
    assert RunFolder(tmp_path / "run").holds("features/one.parquet", "print")
    assert place.opened() is place.opened()


def test_a_part_in_a_store_is_seen_by_the_process_that_holds_the_lock(tmp_path, monkeypatch):
    monkeypatch.setenv("IMGSIEVE_SCRATCH", str(tmp_path / "scratch"))
    where, traffic = f"memory://{uuid.uuid4().hex}/run", Traffic(NetworkConfig())
    folder = open_run_folder(where, traffic)
    with folder.locked():
        folder.write_json("run.json", {})
        assert not folder.exists("features/one.parquet")
        workers = RunFolderPlace(place=where, network=NetworkConfig()).opened()
        workers.write_table("features/one.parquet", TABLE, "print")
        assert not list(workers.root.rglob("*.parquet*")), "a worker keeps what it wrote"
        assert not folder.exists("features/one.parquet")
        folder.written_elsewhere(["features/one.parquet"])
        assert folder.holds("features/one.parquet", "print")


def test_two_writers_of_one_part_are_not_in_each_others_way(tmp_path):
    folder = RunFolder(tmp_path)
    with folder.table_writer("part.parquet", TABLE.schema, "print") as slow:
        slow.write(TABLE)
        folder.write_table("part.parquet", TABLE, "print")
        assert folder.holds("part.parquet", "print")
    assert folder.holds("part.parquet", "print")
    assert not list(tmp_path.glob("*.partial"))


def test_failures_do_not_tell_how_images_are_divided():
    numbers = [f"{7**k:x}" for k in range(40)]
    whole = failures_of_all(numbers)
    for step in (1, 3, 40):
        parts = [failures_of_all(numbers[k : k + step]) for k in range(0, 40, step)]
        assert failures_of_all(parts) == whole
    assert failures_of_all([]) == failures_of_all(["0"]) != whole
    assert failures_of_all(numbers[:-1]) != whole


def test_another_model_than_that_of_the_run_is_refused(tmp_path):
    work = DescribeShard(RunConfig(), "of another model", RunFolderPlace(place=str(tmp_path), network=NetworkConfig()))
    with pytest.raises(ConfigError, match="is another one on"):
        work.do(Shard(0, [], "print"), None)
    assert work.title_of(Shard(7, [], "print")) == "extract: shard 7"
