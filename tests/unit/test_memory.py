"""The plan of memory tells its numbers; the gate never lets more bytes in than its limit."""

from __future__ import annotations

import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.errors import DecodeError, MemoryBudgetError
from imgsieve.memory import ByteGate, MemoryPlan, plan_memory, resident_bytes, return_freed_memory

MB = 10**6


def test_the_plan_spends_the_budget_and_no_more():
    plan = plan_memory(2000 * MB, base_bytes=300 * MB, images=1_000_000, workers=4)
    assert plan.projected_bytes == plan.budget_bytes == 2000 * MB
    assert plan.decode_bytes > plan.fetch_bytes > 0


@settings(deadline=None)
@given(
    budget=st.integers(1, 10**11),
    base=st.integers(0, 10**10),
    images=st.integers(0, 10**8),
    workers=st.integers(1, 128),
)
def test_any_plan_fits_or_is_refused(budget, base, images, workers):
    try:
        plan = plan_memory(budget, base_bytes=base, images=images, workers=workers)
    except MemoryBudgetError:
        return
    assert isinstance(plan, MemoryPlan)
    assert plan.projected_bytes <= budget
    assert min(plan.fetch_bytes, plan.decode_bytes) > 0


def test_more_images_and_more_workers_leave_less_room():
    plans = [
        plan_memory(4000 * MB, base_bytes=300 * MB, images=images, workers=workers)
        for images, workers in ((10**3, 1), (10**6, 1), (10**6, 8), (5 * 10**6, 8))
    ]
    rooms = [plan.decode_bytes for plan in plans]
    assert rooms == sorted(rooms, reverse=True)


def test_a_budget_that_cannot_be_kept_is_refused_with_the_numbers():
    with pytest.raises(MemoryBudgetError) as caught:
        plan_memory(500 * MB, base_bytes=321 * MB, images=3_000_000, workers=7)
    said = str(caught.value)
    for number in ("--memory 500 MB", "3,000,000 images", "7 workers", "the process itself 321 MB"):
        assert number in said
    needed = int(re.search(r"need ([\d,]+) MB", said)[1].replace(",", ""))
    assert plan_memory((needed + 1) * MB, base_bytes=321 * MB, images=3_000_000, workers=7)
    with pytest.raises(MemoryBudgetError):
        plan_memory((needed - 1) * MB, base_bytes=321 * MB, images=3_000_000, workers=7)


def test_it_is_a_memory_error_too():
    with pytest.raises(MemoryError):
        plan_memory(0, base_bytes=0, images=0, workers=1)


def test_the_gate_never_exceeds_its_limit_under_sixteen_threads():
    gate, limit = ByteGate(1000, "pixels"), 1000
    inside, most, lock = 0, 0, threading.Lock()

    def work(size):
        nonlocal inside, most
        with gate.admit(size):
            with lock:
                inside += size
                most = max(most, inside)
                assert inside <= limit
            time.sleep(0.0002)
            with lock:
                inside -= size

    rng = random.Random(5)
    sizes = [rng.choice([0, 1, 50, 400, 999, 1000, rng.randint(0, 1000)]) for _ in range(600)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, sizes))
    assert inside == 0
    assert limit // 2 < most <= limit


def test_the_gate_lets_small_ones_in_together():
    gate, barrier = ByteGate(100, "file"), threading.Barrier(4, timeout=10)

    def work(_):
        with gate.admit(25):
            barrier.wait()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def test_what_never_fits_is_refused_at_once():
    gate = ByteGate(10 * MB, "pixels")
    with pytest.raises(DecodeError) as caught, gate.admit(50 * MB):
        pass
    assert caught.value.kind == "too-large-for-memory"
    for words in ("50 MB", "10 MB", "pixels", "--memory"):
        assert words in caught.value.message


def test_an_error_inside_frees_its_bytes():
    gate = ByteGate(10, "file")
    for _ in range(3):
        with pytest.raises(KeyError), gate.admit(10):
            raise KeyError
    with gate.admit(10):
        pass


def test_resident_memory_grows_with_what_is_held():
    before = resident_bytes()
    held = bytearray(b"\1") * (64 * MB)
    assert resident_bytes() > before + 48 * MB
    del held
    return_freed_memory()
    assert resident_bytes() < before + 48 * MB
