"""Workers die, nodes leave, the driver is killed: the result is the same."""

from __future__ import annotations

import json
import os
import signal

import pytest
from cli_process import start
from clusters import NODE, TASK_BYTES, executor_on_ray
from run_checks import groups_bytes, run, write_pictures
from test_ray_run import on_ray


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("faults") / "in", 40)


@pytest.fixture(scope="module")
def local(source):
    run(source, source.parent / "local")
    return source.parent / "local"


class Felling:
    """Work that takes down one node, when it is there."""

    def __init__(self, folder, node):
        self.folder = folder
        self.node = node

    def __call__(self, task):
        import ray  # noqa: PLC0415 - where Ray is installed

        if ray.get_runtime_context().get_node_id() == self.node:
            try:
                (self.folder / "felled").mkdir()
            except FileExistsError:
                return task
            for process in (os.getppid(), os.getpid()):
                os.kill(process, signal.SIGKILL)
        return task


def test_a_node_is_lost_with_its_task(cluster, tmp_path, capsys, caplog):
    """The task is done by another node, and of what Ray says of it nothing is in the way of results."""
    caplog.set_level("INFO", "imgsieve")
    node = cluster.add_node(**NODE)
    executor = executor_on_ray()
    work = Felling(tmp_path, node.node_id)
    assert list(executor.map(work, range(40))) == list(range(40))
    assert (tmp_path / "felled").exists()
    cluster.remove_node(node, allow_graceful=False)
    executor.close()
    assert capsys.readouterr().out == ""
    assert "Ray: " in caplog.text


def test_nodes_leave_while_pictures_are_read_and_while_they_are_compared(cluster, source, local, tmp_path):
    extra = {stage: cluster.add_node(**NODE) for stage in ("extract", "local")}

    def leave(event):
        if event.stage in extra and event.done:
            cluster.remove_node(extra.pop(event.stage), allow_graceful=False)

    result = run(source, tmp_path / "out", config=on_ray(shard_rows=8), listener=leave)
    assert not extra
    assert result.summary["workers"] >= 5
    assert groups_bytes(tmp_path / "out") == groups_bytes(local)


def test_the_driver_is_killed_and_the_same_command_goes_on(cluster, source, local, tmp_path):
    (tmp_path / "small.toml").write_text("[execution]\nshard_rows = 8\n")
    out = tmp_path / "out"
    command = ["run", source, "--out", out, "--config", tmp_path / "small.toml", "--memory", f"{TASK_BYTES}"]
    command += ["--ray-address", cluster.address, "--no-report", "--log-json"]
    for stage in ("extract", "local"):
        with start(*command) as driver:
            for line in driver.stderr:
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("stage") == stage and event.get("done", 0) >= 8:
                    driver.kill()
                    break
            assert driver.wait() == -signal.SIGKILL
    with start(*command, "--json") as driver:
        told, _ = driver.communicate()
    summary = json.loads(told)
    assert summary["resumed_images"] == summary["images"]
    assert groups_bytes(out) == groups_bytes(local)
