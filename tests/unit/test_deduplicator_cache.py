"""The cache of features: within its bounds, least recently used first, whole on the disk, safe for threads."""

from __future__ import annotations

import pickle
import random
import threading
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.deduplicator.cache import BoundedFeatureCache
from imgsieve.deduplicator.feature_files import MIN_BYTES, DamagedFeaturesError, FeatureFiles, packed, unpacked
from imgsieve.deduplicator.feature_values import frozen_copy, size_of
from imgsieve.errors import ConfigError


def features_of(number: int, size: int = 8) -> dict[str, Any]:
    """Features that tell whose they are."""
    return {"codes": np.full((size, 4), number % 256, np.uint8), "scale": np.float32([number]), "raw": b"%d" % number}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, bytes):
        return one == other
    return list(one) == list(other) and all(same(one[name], other[name]) for name in one)


class Model:
    """The same, written as plainly as possible."""

    def __init__(self, capacity: int, max_bytes: int) -> None:
        self.capacity, self.max_bytes = capacity, max_bytes
        self.held: list[tuple[str, bytes]] = []
        self.hits = self.misses = self.evictions = self.oversized = 0

    def size(self) -> int:
        return sum(size_of(value) + len(key) for key, value in self.held)

    def get(self, key: str) -> bytes | None:
        found = [entry for entry in self.held if entry[0] == key]
        self.hits, self.misses = self.hits + len(found), self.misses + (not found)
        self.held = [entry for entry in self.held if entry[0] != key] + found
        return found[0][1] if found else None

    def put(self, key: str, value: bytes) -> None:
        self.held = [entry for entry in self.held if entry[0] != key]
        if size_of(value) + len(key) > self.max_bytes:
            self.oversized += 1
            return
        self.held.append((key, value))
        while len(self.held) > self.capacity or self.size() > self.max_bytes:
            self.held.pop(0)
            self.evictions += 1


STEPS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.none() | st.binary(max_size=400)), max_size=60)


@given(steps=STEPS, capacity=st.integers(1, 6), max_bytes=st.integers(1, 1500))
@settings(max_examples=150, deadline=None)
def test_it_does_what_the_plain_model_does(
    steps: list[tuple[str, bytes | None]], capacity: int, max_bytes: int
) -> None:
    cache, model = BoundedFeatureCache(capacity, max_bytes=max_bytes), Model(capacity, max_bytes)
    for key, value in steps:
        if value is None:
            assert cache.get_features(key) == model.get(key)
        else:
            cache.put_features(key, value)
            model.put(key, value)
        stats = cache.stats()
        assert stats.entries == len(cache) == len(model.held) <= capacity
        assert stats.bytes == model.size() <= max_bytes
        assert all(name in cache for name, _ in model.held)
        told = (stats.hits, stats.misses, stats.evictions, stats.oversized)
        assert told == (model.hits, model.misses, model.evictions, model.oversized)


NUMBERS = st.sampled_from(["<u1", "<i8", "<f4", "<f2", "<f8", "?", "<u8", ">i2", "<c8"])
ARRAYS = st.builds(
    lambda dtype, shape, seed: np.random.default_rng(seed).integers(0, 2, shape).astype(np.dtype(dtype)),
    NUMBERS, st.lists(st.integers(0, 5), max_size=3).map(tuple), st.integers(0, 99),
)  # fmt: skip
FEATURES = st.recursive(
    ARRAYS | st.binary(max_size=40), lambda inner: st.dictionaries(st.text(max_size=4), inner), max_leaves=8
)


@given(features=FEATURES, key=st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_files_hold_what_was_written(features: Any, key: str) -> None:
    data = packed(key, frozen_copy(features))
    assert same(unpacked(key, data), features)
    with pytest.raises(DamagedFeaturesError):
        unpacked(key + "?", data)


@given(features=FEATURES, at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
@settings(max_examples=100, deadline=None)
def test_no_damage_goes_unnoticed(features: Any, at: float, bit: int, cut: bool) -> None:
    data = bytearray(packed("key", frozen_copy(features)))
    place = int(at * len(data))
    if cut:
        del data[place:]
    else:
        data[place] ^= 1 << bit
    with pytest.raises(DamagedFeaturesError):
        unpacked("key", bytes(data))


def test_what_is_kept_cannot_be_changed() -> None:
    cache, array = BoundedFeatureCache(), np.arange(5)
    cache.put_features("a", {"x": array})
    array[0] = 99
    kept: Any = cache.get_features("a")
    assert kept["x"].tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="read-only"):
        kept["x"][0] = 1
    with pytest.raises(TypeError):
        kept["y"] = array


@pytest.mark.parametrize("shape", [(480, 640, 3), (64, 64, 4), (32, 32, 1), (2, 100, 100, 3)])
def test_pixels_are_refused(shape: tuple[int, ...]) -> None:
    cache = BoundedFeatureCache()
    with pytest.raises(ValueError, match="is a picture"):
        cache.put_features("a", {"inside": {"pixels": np.zeros(shape, np.uint8)}})
    assert len(cache) == 0


@pytest.mark.parametrize("value", [None, "text", [1, 2], np.array(["a"]), np.array([object()]), {1: b""}, 3.0])
def test_what_is_no_feature_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        BoundedFeatureCache().put_features("a", value)


def test_a_thumbnail_in_lab_is_a_feature() -> None:
    cache = BoundedFeatureCache()
    cache.put_features("a", np.zeros((8, 8, 3), np.float32))
    assert "a" in cache


def test_bounds_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for options in (
        {"capacity": 0},
        {"max_bytes": 0},
        {"max_backing_bytes": MIN_BYTES - 1},
        {"backing": tmp_path / "file"},
    ):
        with pytest.raises(ConfigError):
            BoundedFeatureCache(**options)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="same backing"):
        pickle.dumps(BoundedFeatureCache())


def test_what_memory_lets_go_of_stays_on_the_disk(tmp_path: Path) -> None:
    cache = BoundedFeatureCache(capacity=1, backing=tmp_path)
    for number in range(4):
        cache.put_features(f"image {number}", features_of(number))
    assert same(cache.get_features("image 0"), features_of(0))
    assert BoundedFeatureCache(backing=tmp_path).get_features("image 3") is not None
    stats = cache.stats()
    assert (stats.hits, stats.disk_hits, stats.misses, stats.evictions, stats.entries) == (1, 1, 0, 4, 1)
    assert stats.hit_rate == stats.as_dict()["hit_rate"] == 1.0


def test_a_damaged_file_is_a_miss_and_is_mended_by_the_next_put(tmp_path: Path) -> None:
    cache = BoundedFeatureCache(backing=tmp_path)
    cache.put_features("a", features_of(1))
    path = FeatureFiles(tmp_path, MIN_BYTES).path_of("a")
    path.write_bytes(path.read_bytes()[:-1])
    cache.clear()
    assert cache.get_features("a") is None
    assert (cache.stats().misses, cache.stats().damaged) == (1, 1)
    cache.put_features("a", features_of(2))
    cache.clear()
    assert same(cache.get_features("a"), features_of(2))


def test_a_disk_that_fails_is_counted_and_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = BoundedFeatureCache(backing=tmp_path)
    (tmp_path / FeatureFiles(tmp_path, MIN_BYTES).path_of("a").parent.name).write_text("in the way")
    cache.put_features("a", features_of(1))
    cache.put_features("a", features_of(1))
    assert cache.get_features("a") is not None
    assert cache.stats().disk_errors == 2
    assert len(caplog.records) == 1
    assert list(tmp_path.rglob("*.partial")) == []


def test_sixteen_threads_hammer_it(tmp_path: Path) -> None:
    cache = BoundedFeatureCache(capacity=20, max_bytes=12_000, backing=tmp_path / "files")
    questions, wrong, start = 250, [], threading.Barrier(16)

    def hammer(seed: int) -> None:
        chance = random.Random(seed)
        start.wait()
        for _ in range(questions):
            number = chance.randrange(60)
            found = cache.get_features(f"image {number}")
            if found is None:
                cache.put_features(f"image {number}", features_of(number))
            elif not same(found, features_of(number)):
                wrong.append(number)
            stats = cache.stats()
            if stats.entries > 20 or stats.bytes > 12_000:
                wrong.append(-1)

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = cache.stats()
    assert wrong == []
    assert stats.hits + stats.misses == 16 * questions
    assert stats.evictions > 0
    assert (stats.damaged, stats.disk_errors, stats.oversized) == (0, 0, 0)
    # Nothing was counted twice or lost on the way: what is held says how much it takes.
    held = {f"image {n}": features_of(n) for n in range(60) if f"image {n}" in cache}
    assert stats.entries == len(held)
    assert stats.bytes == sum(size_of(frozen_copy(value)) + len(key) for key, value in held.items())


def _fill(folder: Path, first: int) -> int:
    cache = BoundedFeatureCache(capacity=4, backing=folder)
    for number in range(40):
        name = (first + number) % 40
        if cache.get_features(f"image {name}") is None:
            cache.put_features(f"image {name}", features_of(name))
    return cache.stats().damaged


def test_processes_share_the_files(tmp_path: Path) -> None:
    with get_context("spawn").Pool(2) as pool:
        damaged = pool.starmap(_fill, [(tmp_path, first) for first in (0, 0, 5, 20)])
    assert damaged == [0, 0, 0, 0]
    cache = BoundedFeatureCache(backing=tmp_path)
    assert all(same(cache.get_features(f"image {number}"), features_of(number)) for number in range(40))
