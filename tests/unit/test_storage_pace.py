"""Rates are kept over any stretch of time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imgsieve.storage.pace import Pace

UNITS = st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 5)), min_size=1, max_size=50)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(st.floats(0.1, 1e6), UNITS)
def test_no_stretch_has_more_than_its_share(rate, taken):
    clock = Clock()
    pace = Pace(rate, clock)
    used = []
    for units, passed in taken:
        clock.now += passed
        wait = pace.take(units)
        assert wait >= 0
        used.append((clock.now + wait, units))
    for first in range(len(used)):
        done = 0.0
        for when, units in used[first:]:
            assert done <= (when - used[first][0]) * rate * (1 + 1e-9) + 1e-3
            done += units


@given(st.floats(0.1, 1e6), st.floats(0.001, 1e4))
def test_who_comes_late_enough_does_not_wait(rate, units):
    clock = Clock()
    pace = Pace(rate, clock)
    assert pace.take(units) == 0
    clock.now += units / rate * (1 + 1e-6) + 1e-6
    assert pace.take(units) == 0


@given(UNITS)
def test_without_a_rate_nobody_waits(taken):
    pace = Pace(0, Clock())
    assert {pace.take(units) for units, _ in taken} == {0.0}


def test_idle_time_is_not_saved_up():
    clock = Clock()
    pace = Pace(10, clock)
    clock.now += 1000
    assert [round(pace.take(1), 6) for _ in range(4)] == [0.0, 0.1, 0.2, 0.3]
