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
from imgsieve.memory import (
    ByteGate,
    MemoryPlan,
    expected_pixel_bytes,
    least_budget_bytes,
    peak_resident_bytes,
    plan_memory,
    reserve_for_pairs,
    resident_bytes,
    return_freed_memory,
)
from imgsieve.memory.stages import search_bytes

MB = 10**6


def test_the_plan_gives_the_gates_all_that_is_left():
    plan = plan_memory(2000 * MB, base_bytes=300 * MB, images=1_000_000, workers=4)
    held = max(plan.held_by_stage[name] for name in ("extraction", "grouping"))
    assert plan.base_bytes + held + plan.fetch_bytes + plan.decode_bytes == plan.budget_bytes
    assert plan.decode_bytes > plan.fetch_bytes > 0


def test_the_forecast_counts_what_pictures_are_expected_to_take_and_never_more_than_their_room():
    plans = [
        plan_memory(500 * MB, base_bytes=150 * MB, images=1000, workers=2, pictures_bytes=size)
        for size in (0, 40 * MB, 90 * MB, 10**12)
    ]
    extraction = [plan.projected_by_stage["extraction"] for plan in plans]
    assert extraction[1] - extraction[0] == 40 * MB
    assert extraction[2] - extraction[0] == 90 * MB
    assert plans[3].projected_bytes == 500 * MB


def test_each_part_of_a_run_has_its_forecast_and_the_largest_is_that_of_the_run():
    plan = plan_memory(4000 * MB, base_bytes=150 * MB, images=3_000_000, workers=2)
    assert plan.projected_bytes == max(plan.projected_by_stage.values())
    assert set(plan.projected_by_stage) == {"extraction", "search", "grouping"}


def test_the_search_takes_more_with_more_workers_and_little_with_few_pictures():
    assert search_bytes(10**6, 1) <= search_bytes(10**6, 8) < search_bytes(10**6, 32)
    assert search_bytes(300, 16) - search_bytes(300, 1) < 80 * MB
    # Codes are searched before corners vote, so what is larger decides.
    assert search_bytes(3 * 10**6, 1) == search_bytes(3 * 10**6, 4)


def test_extraction_grows_by_a_few_bytes_an_image():
    small, large = (
        plan_memory(4000 * MB, base_bytes=150 * MB, images=images, workers=2).projected_by_stage["extraction"]
        for images in (2000, 1_002_000)
    )
    assert 0 < large - small < 10 * 1_000_000


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


@given(base=st.integers(0, 10**10), images=st.integers(0, 10**8), workers=st.integers(1, 128), more=st.integers(0, 64))
def test_the_least_budget_is_accepted_and_one_byte_less_is_not(base, images, workers, more):
    asked = {"base_bytes": base, "images": images, "workers": workers, "connections": more}
    least = least_budget_bytes(**asked)
    assert plan_memory(least, **asked).projected_bytes <= least
    with pytest.raises(MemoryBudgetError):
        plan_memory(least - 1, **asked)


def test_pairs_that_fit_leave_less_room_for_pictures():
    plan = plan_memory(600 * MB, base_bytes=150 * MB, images=100_000, workers=2, pictures_bytes=10**12)
    few, many = reserve_for_pairs(plan, 1000, 10), reserve_for_pairs(plan, 3_000_000, 1_000_000)
    assert plan.decode_bytes >= few.decode_bytes > many.decode_bytes > 0
    assert max(few.projected_bytes, many.projected_bytes) <= 600 * MB


def test_pairs_that_do_not_fit_end_the_run_with_the_numbers():
    plan = plan_memory(600 * MB, base_bytes=150 * MB, images=100_000, workers=2)
    with pytest.raises(MemoryBudgetError) as caught:
        reserve_for_pairs(plan, 40_000_000, 4_000_000)
    said = str(caught.value)
    for words in ("--memory 600 MB", "40,000,000 pairs", "100,000 images", "is kept", "larger --memory"):
        assert words in said
    needed = int(re.search(r"needs ([\d,]+) MB", said)[1].replace(",", ""))
    larger = plan_memory((needed + 1) * MB, base_bytes=150 * MB, images=100_000, workers=2)
    assert reserve_for_pairs(larger, 40_000_000, 4_000_000).decode_bytes > 0


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


def test_what_a_narrowed_gate_no_longer_lets_in_ends_the_run_and_is_no_bad_picture():
    gate = ByteGate(50 * MB, "pixels")
    gate.narrow(20 * MB)
    with gate.admit(20 * MB):
        pass
    with pytest.raises(MemoryBudgetError) as caught, gate.admit(30 * MB):
        pass
    for words in ("30 MB", "20 MB", "is kept", "larger --memory"):
        assert words in str(caught.value)
    with pytest.raises(DecodeError), gate.admit(60 * MB):
        pass


def test_a_gate_is_never_widened():
    gate = ByteGate(10, "file")
    gate.narrow(20)
    assert gate.limit == 10


def test_an_error_inside_frees_its_bytes():
    gate = ByteGate(10, "file")
    for _ in range(3):
        with pytest.raises(KeyError), gate.admit(10):
            raise KeyError
    with gate.admit(10):
        pass


def test_larger_files_are_expected_to_become_more_pixels():
    assert 0 < expected_pixel_bytes([100]) < expected_pixel_bytes([100, 100]) < expected_pixel_bytes([100, 10 * MB])


def test_the_peak_stays_when_memory_goes():
    held = bytearray(b"\1") * (64 * MB)
    highest = resident_bytes()
    del held
    return_freed_memory()
    # The system counts in lots of pages.
    assert peak_resident_bytes() > highest - MB > resident_bytes()


def test_resident_memory_grows_with_what_is_held():
    before = resident_bytes()
    held = bytearray(b"\1") * (64 * MB)
    assert resident_bytes() > before + 48 * MB
    del held
    return_freed_memory()
    assert resident_bytes() < before + 48 * MB
