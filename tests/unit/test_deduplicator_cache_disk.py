"""The bound of a cache on the disk: kept at every moment, least recently used first, whoever writes or is killed."""

from __future__ import annotations

import os
import random
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.deduplicator.cache import BoundedFeatureCache
from imgsieve.deduplicator.feature_files import MIN_BYTES, FeatureFiles
from imgsieve.deduplicator.file_share import BLOCK_BYTES, FileShare, FileTooLargeError, disk_bytes

SUFFIX = ".features"


def taken(folder: Path) -> int:
    """What all files of features in a folder take, those half written as well."""
    found = [path for path in folder.rglob("*") if path.suffix == SUFFIX or path.name == "partial"]
    return sum(disk_bytes(path.stat().st_size) for path in found)


def names(folder: Path) -> set[str]:
    return {path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")}


class Model:
    """What a share is to do, written as plainly as possible: names and blocks, those used last at the end."""

    def __init__(self, blocks: int) -> None:
        self.blocks, self.held = blocks, dict[str, int]()

    def use(self, name: str) -> None:
        if name in self.held:
            self.held[name] = self.held.pop(name)

    def write(self, name: str, blocks: int) -> int:
        """Room is made before what was there of the same name is replaced; return how many went for it."""
        before = len(self.held)
        if sum(self.held.values()) + blocks > self.blocks:
            while self.held and sum(self.held.values()) + blocks > 0.9 * self.blocks:
                self.held.pop(next(iter(self.held)))
        removed = before - len(self.held)
        self.held.pop(name, None)
        self.held[name] = blocks
        return removed


STEPS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["read", "mark", 1, 2, 5])), max_size=50)


@given(steps=STEPS, blocks=st.integers(5, 16), anew=st.sets(st.integers(0, 49)))
@settings(max_examples=60, deadline=None)
def test_it_does_what_the_plain_model_does(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]], blocks: int, anew: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("share")
    share, model = FileShare(folder, SUFFIX, blocks * BLOCK_BYTES), Model(blocks)
    for step, (name, what) in enumerate(steps):
        if step in anew:  # as another process would
            share = FileShare(folder, SUFFIX, blocks * BLOCK_BYTES)
        if what == "read":
            assert (share.read(name) is not None) == (name in model.held)
            model.use(name)
        elif what == "mark":
            share.mark(name)
            model.use(name)
        else:
            assert share.write(name, bytes(what * BLOCK_BYTES - 7)) == model.write(name, what)
        assert names(folder) == set(model.held)
        assert taken(folder) == sum(model.held.values()) * BLOCK_BYTES <= blocks * BLOCK_BYTES


def test_a_file_written_again_and_again_drives_no_other_out(tmp_path: Path) -> None:
    share = FileShare(tmp_path, SUFFIX, 4 * BLOCK_BYTES)
    share.write("a", b"a")
    share.write("b", b"b")
    assert [share.write("c", bytes([number])) for number in range(20)] == [0] * 20
    assert names(tmp_path) == {"a", "b", "c"}
    assert share.read("c") == b"\x13"


def test_what_is_too_large_is_refused_and_leaves_nothing_older_behind(tmp_path: Path) -> None:
    share = FileShare(tmp_path, SUFFIX, 2 * BLOCK_BYTES)
    share.write("a", bytes(2 * BLOCK_BYTES))
    with pytest.raises(FileTooLargeError):
        share.write("a", bytes(2 * BLOCK_BYTES + 1))
    assert share.read("a") is None
    assert share.write("b", bytes(2 * BLOCK_BYTES)) == 0


def remove_the_count(folder: Path) -> None:
    (folder / "bytes").unlink()


def cut_the_count(folder: Path) -> None:
    (folder / "bytes").write_bytes(b"\x01\x02")


def count_too_few(folder: Path) -> None:
    (folder / "bytes").write_bytes(struct.pack("<Q", 0))


def count_too_many(folder: Path) -> None:
    (folder / "bytes").write_bytes(struct.pack("<Q", 2**60))


def leave_a_partial_file(folder: Path) -> None:
    (folder / "partial").write_bytes(bytes(50 * BLOCK_BYTES))


def add_by_hand(folder: Path) -> None:
    for number in range(30):
        (folder / f"hand {number}{SUFFIX}").write_bytes(bytes(BLOCK_BYTES))


@pytest.mark.parametrize(
    "harm",
    [remove_the_count, cut_the_count, count_too_few, count_too_many, leave_a_partial_file, add_by_hand],
)
def test_what_a_crash_or_a_hand_left_is_put_right_by_the_next_process(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    before = FileShare(tmp_path, SUFFIX, 20 * BLOCK_BYTES)
    for number in range(20):
        before.write(str(number), b"x")
    harm(tmp_path)
    after = FileShare(tmp_path, SUFFIX, 20 * BLOCK_BYTES)
    after.write("new", b"x")
    # Room is made to nine tenths where there is too little; else everything stays.
    assert len(names(tmp_path)) == 18
    assert "new" in names(tmp_path)
    assert taken(tmp_path) == 18 * BLOCK_BYTES
    assert after.write("newer", b"x") == 0


def test_a_count_that_is_too_high_costs_no_file(tmp_path: Path) -> None:
    share = FileShare(tmp_path, SUFFIX, 20 * BLOCK_BYTES)
    for number in range(10):
        share.write(str(number), b"x")
    count_too_many(tmp_path)
    assert share.write("new", b"x") == 0
    assert len(names(tmp_path)) == 11


def test_a_lower_bound_removes_what_a_higher_one_let_in(tmp_path: Path) -> None:
    wide, narrow = FileShare(tmp_path, SUFFIX, 100 * BLOCK_BYTES), FileShare(tmp_path, SUFFIX, 10 * BLOCK_BYTES)
    for number in range(60):
        wide.write(str(number), b"x")
    assert narrow.write("new", b"x") == 52
    assert names(tmp_path) == {*map(str, range(52, 60)), "new"}


def test_what_is_used_from_memory_stays_on_the_disk(tmp_path: Path) -> None:
    # Keys whose files lie in one part of the folder, which has room for ten.
    keys: list[str] = []
    files = FeatureFiles(tmp_path, 10 * MIN_BYTES)
    part = files.path_of("image 0").parent
    keys = [key for number in range(8000) if files.path_of(key := f"image {number}").parent == part][:20]
    cache = BoundedFeatureCache(capacity=5, backing=tmp_path, max_backing_bytes=10 * MIN_BYTES)
    for key in keys:
        cache.put_features(key, b"features")
        assert cache.get_features(keys[0]) == b"features"
    stats = cache.stats()
    assert (stats.disk_hits, stats.disk_errors) == (0, 0)
    assert stats.disk_evictions == 20 - len(names(part)) > 0
    assert BoundedFeatureCache(backing=tmp_path).get_features(keys[0]) == b"features"
    assert BoundedFeatureCache(backing=tmp_path).get_features(keys[1]) is None


def test_features_too_large_for_the_disk_are_held_in_memory_alone(tmp_path: Path) -> None:
    cache = BoundedFeatureCache(backing=tmp_path, max_backing_bytes=MIN_BYTES)
    cache.put_features("a", bytes(10))
    large = np.random.default_rng(0).integers(0, 256, 2 * BLOCK_BYTES, np.uint8)
    cache.put_features("a", large)
    kept: Any = cache.get_features("a")
    assert kept.tobytes() == large.tobytes()
    assert (cache.stats().disk_oversized, cache.stats().disk_errors) == (1, 0)
    assert BoundedFeatureCache(backing=tmp_path).get_features("a") is None


def test_threads_that_write_together_keep_the_bound(tmp_path: Path) -> None:
    share, wrong, start = FileShare(tmp_path, SUFFIX, 16 * BLOCK_BYTES), list[int](), threading.Barrier(8)

    def hammer(seed: int) -> None:
        chance = random.Random(seed)
        start.wait()
        for _ in range(150):
            name = str(chance.randrange(40))
            if share.read(name) not in (None, name.encode()):
                wrong.append(seed)
            share.write(name, name.encode())

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    # Room for one more is made to nine tenths, also where that one takes the place of another.
    assert 13 * BLOCK_BYTES <= taken(tmp_path) <= 16 * BLOCK_BYTES
    (held,) = struct.unpack("<Q", (tmp_path / "bytes").read_bytes())
    assert held == taken(tmp_path), "nothing was counted twice or lost on the way"


def _fill(folder: Path, seed: int) -> tuple[int, int]:
    """Write two thousand files in an order of one's own; return what went wrong, and what had to go."""
    cache = BoundedFeatureCache(capacity=4, backing=folder, max_backing_bytes=4 * MIN_BYTES)
    for number in random.Random(seed).sample(range(2000), 2000):
        if cache.get_features(f"image {number}") is None:
            cache.put_features(f"image {number}", b"%d" % number)
    stats = cache.stats()
    return stats.damaged + stats.disk_errors, stats.disk_evictions


def test_processes_that_write_together_keep_the_bound(tmp_path: Path) -> None:
    with get_context("spawn").Pool(2) as pool:
        results = pool.starmap(_fill, [(tmp_path, seed) for seed in range(3)])
    assert [wrong for wrong, _ in results] == [0, 0, 0]
    assert all(evicted > 0 for _, evicted in results)
    for part in tmp_path.iterdir():
        assert taken(part) <= 4 * BLOCK_BYTES
        assert (part / "bytes").read_bytes() == struct.pack("<Q", taken(part))


WRITER = """
import itertools, sys
from pathlib import Path
from imgsieve.deduplicator.file_share import FileShare
share = FileShare(Path(sys.argv[1]), ".features", 50 * 4096)
print("go", flush=True)
for number in itertools.count():
    share.write(str(number % 97), b"%d" % (number % 97) * 2000)
"""


def test_a_killed_process_leaves_whole_files_a_free_lock_and_no_more_than_the_bound(tmp_path: Path) -> None:
    for delay in (0.001, 0.02, 0.05):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "go\n"
        threading.Event().wait(delay)
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        assert taken(tmp_path) <= 50 * BLOCK_BYTES
        share = FileShare(tmp_path, SUFFIX, 50 * BLOCK_BYTES)
        for name in names(tmp_path):
            assert share.read(name) == name.encode() * 2000
        share.write("new", b"x")
        assert taken(tmp_path) <= 50 * BLOCK_BYTES
        (tmp_path / f"new{SUFFIX}").unlink()
