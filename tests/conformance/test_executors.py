"""Threads of this process, held to what every executor must do."""

from __future__ import annotations

import threading

import pytest

from executor_suite import ExecutorSuite, double
from imgsieve.executors import Executor, MeasuredExecutor, ThreadExecutor

EXECUTORS = {f"threads-{workers}": ThreadExecutor(workers) for workers in (1, 2, 4)}
EXECUTORS["measured"] = MeasuredExecutor(ThreadExecutor(2))


@pytest.fixture(params=EXECUTORS.values(), ids=EXECUTORS.keys())
def executor(request) -> Executor:
    return request.param


class TestThreads(ExecutorSuite):
    """All of the suite."""


def test_no_thread_is_left(executor):
    before = threading.active_count()
    list(executor.map(double, range(10)))
    assert threading.active_count() == before


def test_threads_share_memory(executor):
    assert not executor.elsewhere
