"""Tasks on a cluster, held to what every executor must do, and what is Ray's own."""

from __future__ import annotations

import os
import signal

import pytest
from clusters import TASK_BYTES, executor_on_ray

from executor_suite import ExecutorSuite
from imgsieve.errors import ExecutorError, ImageError, MemoryBudgetError


@pytest.fixture(scope="module", params=[0, 1], ids=["all", "one"])
def executor(request, cluster):
    return executor_on_ray(workers=request.param)


class TestRay(ExecutorSuite):
    """All of the suite."""


class Shard:
    """Work that names its tasks."""

    def __init__(self, folder=None):
        self.folder = folder

    def title_of(self, task):
        return f"shard {task}"

    def __call__(self, task):
        if self.folder is not None and not (self.folder / "tried").exists():
            (self.folder / "tried").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return task


class Deadly(Shard):
    """Work of which no process survives one task."""

    def __call__(self, task):
        if task == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return task


class Broken(Shard):
    """Work of which one task fails."""

    def __call__(self, task):
        if task == 3:
            raise ImageError("truncated", "cut off")
        return task


def test_a_task_whose_worker_died_is_done_again(cluster, tmp_path):
    assert list(executor_on_ray().map(Shard(tmp_path), range(6))) == list(range(6))
    assert (tmp_path / "tried").exists()


def test_a_task_that_no_worker_survives_is_named(cluster):
    results = executor_on_ray().map(Deadly(), range(6))
    with pytest.raises(ExecutorError, match=r"shard 3: .* after 6 attempts"):
        list(results)


def test_an_error_of_a_task_names_it_and_keeps_its_type(cluster, caplog):
    with pytest.raises(ImageError, match="cut off") as caught:
        list(executor_on_ray().map(Broken(), range(6)))
    assert type(caught.value) is ImageError
    assert caught.value.kind == "truncated"
    assert any("shard 3" in note for note in caught.value.__notes__)
    assert "shard 3 failed: cut off" in caplog.text


def test_tasks_are_measured_where_they_run(cluster):
    executor = executor_on_ray()
    list(executor.map(Shard(), range(20)))
    figures = executor.figures.as_dict(1.0)
    assert figures["tasks"] == 20
    assert 1 <= figures["threads_used"] <= 20
    assert figures["largest_worker_bytes"] > 10**7


def test_a_task_larger_than_every_node_is_refused(cluster):
    with pytest.raises(MemoryBudgetError, match=r"largest node of the Ray cluster offers 1,200 MB"):
        executor_on_ray(task_bytes=3 * TASK_BYTES)
