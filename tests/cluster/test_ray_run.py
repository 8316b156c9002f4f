"""A run on a cluster has the result of one on threads, byte for byte."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clusters import TASK_BYTES
from run_checks import config, groups_bytes, run, summary_of, write_pictures

from imgsieve.config import ExecutionConfig


def on_ray(shard_rows=1024, **options):
    execution = ExecutionConfig(executor="ray", memory_bytes=TASK_BYTES, shard_rows=shard_rows, **options)
    return replace(config(), execution=execution)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("ray") / "in", 40)


@pytest.fixture(scope="module")
def local(source):
    run(source, source.parent / "local")
    return source.parent / "local"


@pytest.mark.parametrize("shard_rows", [10, 1000])
def test_same_bytes(cluster, source, local, tmp_path, shard_rows):
    summary = run(source, tmp_path / "out", config=on_ray(shard_rows)).summary
    assert groups_bytes(tmp_path / "out") == groups_bytes(local)
    assert (tmp_path / "out/groups.csv").read_bytes() == (local / "groups.csv").read_bytes()
    mine, theirs = summary["fetches"]["by_stage"], summary_of(local)["fetches"]["by_stage"]
    assert mine["extract"] == theirs["extract"]
    assert mine["local"]["gets"] > 0
    assert summary["executor"] == "ray"
    assert summary["workers"] >= 3, "a cluster of three nodes, and what other tests left"
    assert summary["threads"]["largest_worker_bytes"] < TASK_BYTES


def test_what_came_since_is_added_and_the_rest_is_known(cluster, tmp_path):
    source, out = write_pictures(tmp_path / "in", 9), tmp_path / "out"
    before = run(source, out, config=on_ray(7)).summary["images"]
    write_pictures(source, 4, seed=50, broken=False)
    summary = run(source, out, config=on_ray(7)).summary
    assert summary["images"] > before
    assert summary["reused_features"] + summary["resumed_images"] == before - summary["failed"]
    assert summary["fetches"]["by_stage"]["extract"]["gets"] == summary["images"] - before + summary["failed"]
    run(source, tmp_path / "anew")
    assert groups_bytes(out) == groups_bytes(tmp_path / "anew")
