"""What every executor must do: one suite for all of them."""

from __future__ import annotations

import threading
import time

import pytest

from imgsieve.executors import Executor, MeasuredExecutor, ThreadExecutor

EXECUTORS = {f"threads-{workers}": ThreadExecutor(workers) for workers in (1, 2, 4)}
EXECUTORS["measured"] = MeasuredExecutor(ThreadExecutor(2))

MOST_AHEAD = 4
"""Tasks a worker that an executor may take before their results are asked for."""


@pytest.fixture(params=EXECUTORS.values(), ids=EXECUTORS.keys())
def executor(request) -> Executor:
    return request.param


def double(number):
    return number * 2


def slow_when_early(number):
    time.sleep(0.02 if number % 5 == 0 else 0)
    return number


def fail_at_seven(number):
    if number == 7:
        raise LookupError(number)
    return number


def error_for_odd(number):
    return ValueError(number) if number % 2 else number


def counted(tasks, taken):
    for task in tasks:
        taken.append(task)
        yield task


def test_it_tells_its_workers(executor):
    assert executor.workers >= 1


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100])
def test_all_results(executor, count):
    assert list(executor.map(double, range(count))) == [2 * number for number in range(count)]


def test_results_come_in_the_order_of_the_tasks(executor):
    assert list(executor.map(slow_when_early, range(40))) == list(range(40))


def test_tasks_are_taken_only_as_room_becomes_free(executor):
    taken = []
    results = executor.map(double, counted(range(1000), taken))
    for number in range(20):
        next(results)
        assert len(taken) <= number + 1 + MOST_AHEAD * executor.workers
    results.close()
    assert len(taken) < 100


def test_nothing_is_taken_before_the_first_result_is_asked_for(executor):
    taken = []
    results = executor.map(double, counted(range(10), taken))
    assert taken == []
    results.close()


def test_tasks_without_end(executor):
    def forever():
        number = 0
        while True:
            yield number
            number += 1

    results = executor.map(double, forever())
    assert [next(results) for _ in range(50)] == [2 * number for number in range(50)]
    results.close()


def test_the_first_error_ends_the_map(executor):
    taken, results = [], []
    with pytest.raises(LookupError, match="7"):
        results.extend(executor.map(fail_at_seven, counted(range(1000), taken)))
    assert len(taken) < 100


def test_results_before_the_error_come_first(executor):
    results = executor.map(fail_at_seven, range(20))
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(LookupError):
        next(results)
    with pytest.raises(StopIteration):
        next(results)


def test_an_error_of_the_tasks_ends_the_map(executor):
    def broken():
        yield 1
        raise OSError("no more tasks")

    with pytest.raises(OSError, match="no more tasks"):
        list(executor.map(double, broken()))


def test_errors_as_results_are_results(executor):
    results = list(executor.map(error_for_odd, range(10)))
    assert [isinstance(result, ValueError) for result in results] == [number % 2 == 1 for number in range(10)]


def test_closing_stops_it_and_waits_for_what_has_started(executor):
    running, lock = [0], threading.Lock()

    def work(number):
        with lock:
            running[0] += 1
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return number

    taken = []
    results = executor.map(work, counted(range(1000), taken))
    next(results)
    results.close()
    assert running[0] == 0
    at_close = len(taken)
    time.sleep(0.05)
    assert len(taken) == at_close < 100


def test_no_more_tasks_at_a_time_than_workers(executor):
    inside, most, lock = [0], [0], threading.Lock()

    def work(number):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.003)
        with lock:
            inside[0] -= 1
        return number

    assert list(executor.map(work, range(40))) == list(range(40))
    assert most[0] <= executor.workers


def test_it_can_be_used_again_and_twice_at_once(executor):
    with pytest.raises(LookupError):
        list(executor.map(fail_at_seven, range(20)))
    first, second = executor.map(double, range(10)), executor.map(slow_when_early, range(10))
    assert list(zip(first, second, strict=True)) == [(2 * number, number) for number in range(10)]


def test_no_thread_is_left(executor):
    before = threading.active_count()
    list(executor.map(double, range(10)))
    assert threading.active_count() == before
