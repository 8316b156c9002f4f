"""What every executor must do: one suite for all of them. What runs elsewhere is pickled, so tasks tell by results."""

from __future__ import annotations

import time
import uuid
from functools import partial

import pytest

from imgsieve.executors import gathered_map

MOST_AHEAD = 4
"""Tasks a worker that an executor may take before their results are asked for."""


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


def with_marks(folder, number):
    """Leave a file at the begin and one at the end."""
    name = uuid.uuid4().hex
    (folder / f"{name}.begun").touch()
    try:
        time.sleep(0.05)
    finally:
        (folder / f"{name}.over").touch()
    return number


def interval(number):
    """Return when a task began and when it ended."""
    began = time.time()
    time.sleep(0.003)
    return number, began, time.time()


def doubled_sum(numbers):
    return 2 * sum(numbers)


class ExecutorSuite:
    """To be inherited by a class of tests with a fixture ``executor``."""

    def test_it_tells_its_workers(self, executor):
        assert executor.workers >= 1

    @pytest.mark.parametrize("count", [0, 1, 2, 3, 100])
    def test_all_results(self, executor, count):
        assert list(executor.map(double, range(count))) == [2 * number for number in range(count)]

    def test_results_come_in_the_order_of_the_tasks(self, executor):
        assert list(executor.map(slow_when_early, range(40))) == list(range(40))

    def test_tasks_are_taken_only_as_room_becomes_free(self, executor):
        taken = []
        results = executor.map(double, counted(range(1000), taken))
        for number in range(20):
            next(results)
            assert len(taken) <= number + 1 + MOST_AHEAD * executor.workers
        results.close()
        assert len(taken) < 100

    def test_nothing_is_taken_before_the_first_result_is_asked_for(self, executor):
        taken = []
        results = executor.map(double, counted(range(10), taken))
        assert taken == []
        results.close()

    def test_tasks_without_end(self, executor):
        def forever():
            number = 0
            while True:
                yield number
                number += 1

        results = executor.map(double, forever())
        assert [next(results) for _ in range(50)] == [2 * number for number in range(50)]
        results.close()

    def test_the_first_error_ends_the_map(self, executor):
        taken, results = [], []
        with pytest.raises(LookupError, match="7"):
            results.extend(executor.map(fail_at_seven, counted(range(1000), taken)))
        assert len(taken) < 100

    def test_results_before_the_error_come_first(self, executor):
        results = executor.map(fail_at_seven, range(20))
        assert [next(results) for _ in range(7)] == list(range(7))
        with pytest.raises(LookupError):
            next(results)
        with pytest.raises(StopIteration):
            next(results)

    def test_an_error_of_the_tasks_ends_the_map(self, executor):
        def broken():
            yield 1
            raise OSError("no more tasks")

        with pytest.raises(OSError, match="no more tasks"):
            list(executor.map(double, broken()))

    def test_errors_as_results_are_results(self, executor):
        results = list(executor.map(error_for_odd, range(10)))
        assert [isinstance(result, ValueError) for result in results] == [number % 2 == 1 for number in range(10)]

    def test_closing_stops_it_and_waits_for_what_has_started(self, executor, tmp_path):
        taken = []
        results = executor.map(partial(with_marks, tmp_path), counted(range(1000), taken))
        next(results)
        results.close()
        begun, over = (len(list(tmp_path.glob(f"*.{mark}"))) for mark in ("begun", "over"))
        assert begun == over <= len(taken) < 100
        time.sleep(0.1)
        assert len(list(tmp_path.glob("*.begun"))) == begun

    def test_no_more_tasks_at_a_time_than_workers(self, executor):
        found = list(executor.map(interval, range(40)))
        assert [number for number, _, _ in found] == list(range(40))
        moments = sorted([(began, 1) for _, began, _ in found] + [(ended, -1) for _, _, ended in found])
        inside, most = 0, 0
        for _, change in moments:
            inside += change
            most = max(most, inside)
        assert most <= executor.workers

    def test_it_can_be_used_again_and_twice_at_once(self, executor):
        with pytest.raises(LookupError):
            list(executor.map(fail_at_seven, range(20)))
        first, second = executor.map(double, range(10)), executor.map(slow_when_early, range(10))
        assert list(zip(first, second, strict=True)) == [(2 * number, number) for number in range(10)]

    def test_what_tasks_need_is_gathered_as_room_becomes_free(self, executor):
        gathered = []

        def gather(number):
            gathered.append(number)
            return [number, 1]

        results = gathered_map(executor, gather, doubled_sum, range(1000))
        assert [next(results) for _ in range(5)] == [2 * (number + 1) for number in range(5)]
        assert len(gathered) <= 6 + MOST_AHEAD * executor.workers
        results.close()

    def test_an_executor_of_threads_is_nearby(self, executor):
        changed = []
        assert list(executor.nearby.map(changed.append, range(5))) == [None] * 5
        assert sorted(changed) == list(range(5))
