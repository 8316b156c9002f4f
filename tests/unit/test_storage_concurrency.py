"""How many requests run at one time, against stores with made-up limits and a clock that is set by hand."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.storage.concurrency import AdaptiveGate

SECONDS = 0.04
"""What one request takes."""


class Store:
    """A store that serves so many requests at a time at full speed; time passes as it is told to."""

    def __init__(self, most: int, serves: int) -> None:
        self.now = 0.0
        self.gate = AdaptiveGate(most, clock=lambda: self.now)
        self.serves = serves

    def run(self, seconds: float, *, waiting: bool = True) -> list[int]:
        """Keep the gate busy for a while and return the limits that it had."""
        limits, until = [], self.now + seconds
        while self.now < until:
            inside = self.gate.limit
            self._fill(inside, waiting=waiting)
            seconds = SECONDS * max(1.0, inside / self.serves)
            for _ in range(inside):
                self.now += seconds / inside
                self.gate.succeeded(10_000)
            limits.append(self.gate.limit)
        return limits

    def _fill(self, inside: int, *, waiting: bool) -> None:
        """Let as many in as may come, and one more who has to wait."""
        with ExitStack() as slots:
            for _ in range(inside):
                slots.enter_context(self.gate.slot())
            thread = threading.Thread(target=self._enter)
            if waiting:
                thread.start()
                while not self.gate._full:
                    time.sleep(0.0001)
        if waiting:
            thread.join()

    def _enter(self) -> None:
        with self.gate.slot():
            pass


def test_it_rises_to_what_the_store_serves_and_not_far_beyond():
    limits = Store(most=256, serves=40).run(20)
    assert max(limits) >= 40
    late = sorted(limits[len(limits) // 2 :])
    assert 30 <= late[len(late) // 2] <= 80


def test_a_patient_store_is_used_to_the_limit():
    assert Store(most=100, serves=10_000).run(10)[-1] == 100


def test_it_does_not_rise_where_it_brings_nothing():
    store = Store(most=256, serves=8)
    start = store.gate.limit
    limits = store.run(20)
    assert sorted(limits)[len(limits) // 2] == start
    assert max(limits) <= 2 * start


def test_it_does_not_rise_where_nobody_waits():
    store = Store(most=256, serves=1000)
    start = store.gate.limit
    assert set(store.run(5, waiting=False)) == {start}


def test_it_rises_again_when_the_store_can_serve_more():
    store = Store(most=256, serves=8)
    before = max(store.run(10)[-20:])
    store.serves = 200
    assert max(store.run(60)) > 4 * before


def test_throttling_halves_it_once_for_all_that_ran_together():
    store = Store(most=64, serves=1000)
    store.run(5)
    high = store.gate.limit
    with ExitStack() as slots:
        eras = [slots.enter_context(store.gate.slot()) for _ in range(high)]
        for era in eras:
            store.gate.throttled(era)
            store.gate.succeeded(10_000)
    assert store.gate.limit == high // 2
    with store.gate.slot() as era:
        store.gate.throttled(era)
    assert store.gate.limit == high // 4
    assert store.gate.highest == high


def test_after_throttling_it_waits_and_rises_again():
    store = Store(most=64, serves=1000)
    store.run(5)
    with store.gate.slot() as era:
        store.gate.throttled(era)
    halved = store.gate.limit
    assert set(store.run(2)) == {halved}
    assert store.run(60)[-1] == 64


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 100), st.lists(st.tuples(st.booleans(), st.integers(0, 10**6), st.floats(0, 2)), max_size=200))
def test_it_stays_within_its_bounds_whatever_happens(most, events):
    now = [0.0]
    gate = AdaptiveGate(most, clock=lambda: now[0])
    for good, size, passed in events:
        now[0] += passed
        with gate.slot() as era:
            if good:
                gate.succeeded(size)
            else:
                gate.throttled(era)
        assert 1 <= gate.limit <= gate.highest <= most


@pytest.mark.parametrize("most", [1, 3, 8])
def test_no_more_are_inside_than_the_limit(most):
    gate = AdaptiveGate(most)
    inside, highest, lock = [0], [0], threading.Lock()
    drawn = random.Random(1)

    def work(_number):
        with gate.slot() as era:
            with lock:
                inside[0] += 1
                highest[0] = max(highest[0], inside[0])
                slow = drawn.random() < 0.05
            time.sleep(0.001)
            with lock:
                inside[0] -= 1
            if slow:
                gate.throttled(era)
            else:
                gate.succeeded(1000)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(300)))
    assert 1 <= highest[0] <= most
    assert inside == [0]


def test_an_error_inside_gives_the_place_back():
    gate = AdaptiveGate(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate.slot():
            raise ZeroDivisionError
    with gate.slot():
        pass
