import random
import threading
import time
from collections import Counter

import pytest

from imgsieve.errors import FetchError
from imgsieve.executors import ThreadExecutor
from imgsieve.memory import ByteGate
from imgsieve.runs.prefetch import Prefetcher


def images(sizes):
    return [{"image_id": number, "size": size} for number, size in enumerate(sizes)]


def tasks_of(found, rows):
    return [found[first : first + rows] for first in range(0, len(found), rows)]


class Fetches:
    """Counts fetches, and the bytes that are held by them and after them."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.counts = Counter()
        self.under_way = self.most_under_way = 0
        self._lock = threading.Lock()

    def __call__(self, image):
        with self._lock:
            self.counts[image["image_id"]] += 1
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        time.sleep(self.seconds)
        with self._lock:
            self.under_way -= 1
        return bytes(image["size"])


def work_through(prefetcher, tasks, workers, seconds=0.0):
    held = []
    lock = threading.Lock()
    holding = [0]

    def work(task):
        for image in task:
            with prefetcher.take(image) as data:
                assert len(data) == image["size"]
                with lock:
                    holding[0] += len(data)
                    held.append(holding[0])
                time.sleep(seconds)
                with lock:
                    holding[0] -= len(data)
        return len(task)

    done = sum(ThreadExecutor(workers).map(work, prefetcher.ahead(tasks, lambda task: task)))
    prefetcher.close()
    return done, max(held, default=0)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("limit", [100, 350, 10_000])
@pytest.mark.parametrize("rows", [1, 8, 50])
def test_everything_is_fetched_once_within_the_limit_and_nothing_waits_for_ever(workers, limit, rows):
    rng = random.Random(workers * limit * rows)
    found = images(rng.randrange(1, 101) for _ in range(200))
    gate, fetches = ByteGate(limit, "file"), Fetches()
    done, most = work_through(Prefetcher(gate, fetches, 8), tasks_of(found, rows), workers)
    assert done == 200
    assert set(fetches.counts.values()) == {1}
    assert most <= limit
    assert gate.try_enter(limit), "all bytes were given back"


def test_fetches_run_ahead_of_slow_work_and_beside_each_other():
    fetches = Fetches(seconds=0.02)
    work_through(Prefetcher(ByteGate(10_000, "file"), fetches, 8), tasks_of(images([10] * 64), 4), workers=1)
    assert fetches.most_under_way == 8


def test_an_image_that_several_tasks_want_comes_for_each_of_them():
    found = images([10, 10, 10])
    tasks = [[found[0], found[1]], [found[0], found[2]], [found[0], found[0]]]
    fetches = Fetches()
    done, _ = work_through(Prefetcher(ByteGate(1000, "file"), fetches, 4), tasks, workers=2)
    assert done == 6
    assert fetches.counts == {0: 4, 1: 1, 2: 1}


def test_an_image_that_cannot_be_fetched_gives_its_room_back_and_says_why():
    def fetch(image):
        raise FetchError("vanished", "gone")

    gate = ByteGate(100, "file")
    prefetcher = Prefetcher(gate, fetch, 2)
    image = {"image_id": 1, "size": 80}
    for task in prefetcher.ahead([[image]] * 5, lambda task: task):
        with pytest.raises(FetchError, match="gone"), prefetcher.take(task[0]):
            pass
    prefetcher.close()
    assert gate.try_enter(100)


def test_closing_early_leaves_no_thread():
    before = threading.active_count()
    prefetcher = Prefetcher(ByteGate(10_000, "file"), Fetches(seconds=0.01), 4)
    next(iter(prefetcher.ahead(tasks_of(images([10] * 400), 8), lambda task: task)))
    prefetcher.close()
    assert threading.active_count() == before
