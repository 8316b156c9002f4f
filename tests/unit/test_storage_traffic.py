"""Requests are counted, repeated while there is hope, and kept within the user's limits."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from imgsieve.config import NetworkConfig
from imgsieve.errors import Interrupted
from imgsieve.storage import Fault, StoreFault, Traffic
from imgsieve.storage.traffic import Lane

PASSING = (Fault.THROTTLED, Fault.BROKEN, Fault.UNREACHABLE)


def traffic(**options: float) -> Traffic:
    return Traffic(NetworkConfig(**options))


class Attempts:
    """Fails so often, then gives an answer."""

    def __init__(self, *faults: Fault, retry_after: float | None = None) -> None:
        self.faults = list(faults)
        self.retry_after = retry_after
        self.moments: list[float] = []

    def __call__(self) -> str:
        self.moments.append(time.monotonic())
        if self.faults:
            raise StoreFault(self.faults.pop(0), "made up", self.retry_after)
        return "answer"


@pytest.mark.parametrize("kind", PASSING)
def test_what_may_pass_is_tried_again(kind):
    counted = traffic()
    attempts = Attempts(kind, kind, retry_after=0.05)
    assert Lane(counted).request(attempts) == "answer"
    assert len(attempts.moments) == 3
    assert counted.as_dict()[""]["retries"] == 2


@pytest.mark.parametrize("kind", sorted(set(Fault) - set(PASSING)))
def test_what_will_not_pass_is_told_at_once(kind):
    attempts = Attempts(kind)
    with pytest.raises(StoreFault) as caught:
        Lane(traffic()).request(attempts)
    assert caught.value.kind is kind
    assert len(attempts.moments) == 1


def test_pauses_grow():
    attempts = Attempts(*[Fault.BROKEN] * 4)
    lane = Lane(traffic())
    lane.request(Attempts())
    lane.request(attempts)
    gaps = [after - before for before, after in zip(attempts.moments, attempts.moments[1:], strict=False)]
    for gap, longest in zip(gaps, (0.1, 0.2, 0.4, 0.8), strict=True):
        assert longest / 2 <= gap < longest + 0.2


def test_who_never_answered_is_given_up_within_seconds():
    began = time.monotonic()
    attempts = Attempts(*[Fault.UNREACHABLE] * 100)
    with pytest.raises(StoreFault):
        Lane(traffic(retry_seconds=300)).request(attempts)
    assert time.monotonic() - began < 10
    assert len(attempts.moments) > 1


def test_who_answered_once_is_given_the_time_of_the_options():
    lane = Lane(traffic(retry_seconds=1.5))
    assert lane.silent_seconds() == float("inf")
    lane.request(Attempts())
    assert lane.silent_seconds() < 1
    began = time.monotonic()
    with pytest.raises(StoreFault):
        lane.request(Attempts(*[Fault.BROKEN] * 100))
    assert 1.5 < time.monotonic() - began < 6
    assert lane.silent_seconds() > 1.5


def test_being_asked_for_patience_is_an_answer():
    attempts = Attempts(*[Fault.THROTTLED] * 8, retry_after=0.02)
    assert Lane(traffic()).request(attempts) == "answer"


def test_no_wait_of_nothing_is_taken_from_the_store():
    attempts = Attempts(Fault.THROTTLED, Fault.THROTTLED, retry_after=0.0)
    Lane(traffic()).request(attempts)
    assert attempts.moments[1] - attempts.moments[0] > 0.4


@pytest.mark.parametrize("gated", [True, False])
def test_a_pause_is_for_all_requests_of_the_lane(gated):
    """Also for those that were waiting for their place already when it began."""
    counted = traffic(max_concurrency=4)
    lane = Lane(counted)
    throttled: list[float] = []
    went_out: list[float] = []
    lock = threading.Lock()

    def attempt():
        with lock:
            now = time.monotonic()
            went_out.append(now)
            first = len(went_out) == 6
        time.sleep(0.02)
        if first:
            throttled.append(time.monotonic())
            raise StoreFault(Fault.THROTTLED, "made up", 0.5)
        return now

    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(lane.request, attempt, gated=gated) for _ in range(40)]:
            done.result()
    (asked,) = throttled
    assert [moment for moment in went_out if asked + 0.03 < moment < asked + 0.5] == []
    assert max(went_out) >= asked + 0.5
    assert counted.as_dict()[""]["throttled_seconds"] == pytest.approx(0.5, abs=0.05)


def test_pauses_of_other_lanes_do_not_matter():
    counted = traffic()
    slow, quick = Lane(counted), Lane(counted)
    with counted.open(), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(slow.request, Attempts(Fault.THROTTLED, retry_after=0.6))
        time.sleep(0.1)
        began = time.monotonic()
        assert quick.request(Attempts()) == "answer"
        assert time.monotonic() - began < 0.3
        assert waiting.result() == "answer"


def test_requests_a_second_are_kept_over_all_lanes():
    counted = traffic(max_requests_per_second=50)
    lanes = [Lane(counted), Lane(counted)]
    attempts = Attempts()
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(lanes[number % 2].request, attempts) for number in range(31)]:
            done.result()
    assert max(attempts.moments) - min(attempts.moments) > 0.55


def test_bytes_a_second_are_kept():
    lane, began = Lane(traffic(max_bandwidth=1e6)), time.monotonic()
    for _ in range(6):
        lane.request(Attempts(), size=100_000)
    assert 0.45 < time.monotonic() - began < 2


def test_counts_are_by_stage_and_lose_nothing():
    counted = traffic()
    counted.for_stage("one")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counted.count(gets=1, bytes_read=10), range(2000)))
    counted.for_stage("two")
    counted.count(puts=3)
    counts = counted.as_dict()
    assert (counts["one"]["gets"], counts["one"]["bytes_read"], counts["one"]["puts"]) == (2000, 20_000, 0)
    assert (counts["two"]["gets"], counts["two"]["puts"]) == (0, 3)


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({}, [Fault.BROKEN] * 50),
        ({}, [Fault.THROTTLED] * 50),
        ({"max_requests_per_second": 0.001}, []),
    ],
    ids=["repeating", "pausing", "keeping the rate"],
)
def test_who_waits_is_woken_when_the_run_is_over(options, faults):
    counted = traffic(**options)
    lane = Lane(counted)
    counted.admit(0)
    with ThreadPoolExecutor(4) as pool:
        with counted.open():
            waiting = [pool.submit(lane.request, Attempts(*faults, retry_after=60), gated=True) for _ in range(4)]
            time.sleep(0.1)
        began = time.monotonic()
        for one in waiting:
            with pytest.raises(Interrupted):
                one.result()
        assert time.monotonic() - began < 2


def test_nothing_goes_out_after_the_run():
    counted = traffic()
    with counted.open():
        pass
    attempts = Attempts()
    with pytest.raises(Interrupted):
        Lane(counted).request(attempts)
    assert attempts.moments == []
