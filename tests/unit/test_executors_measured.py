"""What the threads of a run are measured by."""

from __future__ import annotations

import threading
import time

import pytest

from imgsieve.executors import MeasuredExecutor, ThreadExecutor, ThreadFigures


def burn(seconds):
    """Use the processor for so long."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_tasks_threads_and_their_processor_time_are_counted():
    executor = MeasuredExecutor(ThreadExecutor(3))
    list(executor.map(burn, [0.002] * 30))
    figures = executor.figures
    assert figures.tasks == 30
    assert 1 <= len(figures.threads) <= 3
    assert figures.cpu_seconds >= 30 * 0.002
    assert figures.waiting_seconds > 0
    assert 0 < figures.utilization <= 1


def test_two_tasks_run_alone_and_few_others():
    running, most = [], []

    def work(number):
        running.append(number)
        most.append((number, len(running)))
        time.sleep(0.002)
        running.remove(number)

    executor = MeasuredExecutor(ThreadExecutor(4))
    list(executor.map(work, range(20)))
    assert most[:2] == [(0, 1), (1, 1)]
    assert executor.figures.sampled_tasks == 2
    # Tasks that sleep wait longer than they work.
    assert executor.figures.wall_per_cpu > 1
    list(executor.map(work, range(20)))
    assert executor.figures.sampled_tasks == 2
    list(executor.map(work, range(88)))
    list(executor.map(work, range(1)))
    assert executor.figures.sampled_tasks == 3


def test_no_task_is_no_figure():
    executor = MeasuredExecutor(ThreadExecutor(2))
    assert list(executor.map(burn, [])) == []
    assert (executor.figures.tasks, executor.figures.utilization) == (0, 0.0)
    assert executor.figures.speedup(1.0) == pytest.approx(1.0, abs=0.1)


def test_what_the_calling_thread_does_meanwhile_is_no_waiting():
    executor, elsewhere = MeasuredExecutor(ThreadExecutor(2)), 0.0
    began = time.perf_counter()
    for _ in executor.map(lambda _: None, range(5)):
        left = time.perf_counter()
        time.sleep(0.02)
        elsewhere += time.perf_counter() - left
    assert elsewhere >= 5 * 0.02
    assert executor.figures.waiting_seconds <= time.perf_counter() - began - elsewhere


def test_speedup_is_what_one_thread_would_take():
    figures = ThreadFigures(2, threads={1, 2}, tasks=10, cpu_seconds=8.0, waiting_seconds=4.0, mapping_seconds=5.0)
    assert figures.single_thread_seconds == 8.0
    assert figures.speedup(6.0) == pytest.approx((2 + 8) / 6)
    assert figures.utilization == pytest.approx(0.8)
    # Tasks that ran alone waited as long as they worked: others do, too.
    figures.sampled_seconds, figures.sampled_cpu_seconds = 0.2, 0.1
    assert figures.single_thread_seconds == pytest.approx(16.0)


def test_one_thread_is_as_quick_as_one_thread():
    figures = ThreadFigures(1, threads={1}, tasks=10, cpu_seconds=3.0, waiting_seconds=4.0)
    assert figures.speedup(6.0) == 1.0


def test_the_time_of_a_task_that_fails_counts():
    def fail(_):
        burn(0.01)
        raise LookupError

    executor = MeasuredExecutor(ThreadExecutor(2))
    with pytest.raises(LookupError):
        list(executor.map(fail, range(3)))
    assert executor.figures.cpu_seconds >= 0.01


def test_threads_of_several_maps_are_one_set():
    executor = MeasuredExecutor(ThreadExecutor(1))
    list(executor.map(lambda _: threading.get_ident(), range(3)))
    (ident,) = set(executor.map(lambda _: threading.get_ident(), range(3)))
    assert executor.figures.threads == {ident}
