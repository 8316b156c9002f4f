"""What deduplicators keep and tell of their runs: caches of features, figures, reports."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import imgsieve
from imgsieve.config import DecodeConfig, RunConfig
from imgsieve.deduplicator.cache import BoundedFeatureCache
from imgsieve.deduplicator.file_share import BLOCK_BYTES
from imgsieve.demo import encode, render_scene
from imgsieve.errors import ConfigError, RunFolderError
from named_pictures import encoded, put, sieve, write_named


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return write_named(tmp_path_factory.mktemp("named") / "in", 6)


@pytest.fixture(scope="module")
def reference(paths):
    return imgsieve.HierarchicalDeduplicator().deduplicate(paths)


def test_a_cache_spares_the_reading(paths, reference, tmp_path):
    cache = BoundedFeatureCache(1000)
    assert sieve(paths, tmp_path / "one", feature_cache=cache) == reference
    assert sieve(paths, tmp_path / "other", feature_cache=cache) == reference
    fetches = json.loads((tmp_path / "other/summary.json").read_text("utf-8"))["fetches"]
    assert fetches["by_stage"]["extract"]["gets"] == 2  # those that failed
    assert not list((tmp_path / "other").glob("thumbs/*"))


def test_the_features_of_a_picture_take_one_block_of_the_disk(tmp_path):
    """Of which the default bound holds four million; a scene has as many corners as there may be."""
    pixels = render_scene(np.random.default_rng(3), 900, 700, kind="town")
    picture = put(tmp_path, f"{np.random.default_rng(1).bytes(60).hex()}.jpg", encode(pixels, "jpg"))
    sieve([picture], feature_cache=BoundedFeatureCache(backing=tmp_path / "cache"))
    (file,) = (tmp_path / "cache").rglob("*.features")
    assert 3000 < file.stat().st_size <= BLOCK_BYTES


def test_a_cache_forgets_what_changed(tmp_path):
    cache = BoundedFeatureCache(10)
    a, b = put(tmp_path, "a.jpg", encoded(1)), put(tmp_path, "b.jpg", encoded(1, 50))
    assert len(sieve([a, b], feature_cache=cache)[0]) == 1
    put(tmp_path, "b.jpg", encoded(2))
    assert len(sieve([a, b], feature_cache=cache)[0]) == 2


def test_a_cache_knows_its_options(tmp_path):
    cache = BoundedFeatureCache(10)
    a = put(tmp_path, "a.jpg", encoded(1))
    sieve([a], feature_cache=cache)
    sieve([a], feature_cache=cache, config=RunConfig(decode=DecodeConfig(min_side=100)))
    assert (cache.stats().hits, len(cache)) == (0, 2)


def test_a_cache_by_its_number_of_entries(paths, reference):
    made = imgsieve.create_memory_efficient_deduplicator(feature_cache=4, gc_frequency=1)
    assert made.deduplicate_memory_efficient(paths) == reference
    assert len(made.feature_cache) == 4


@pytest.mark.parametrize(
    ("made", "method"),
    [
        (imgsieve.HierarchicalDeduplicator, "deduplicate"),
        (imgsieve.MemoryEfficientDeduplicator, "deduplicate_memory_efficient"),
        (imgsieve.MultiThreadedDeduplicator, "deduplicate_multithreaded"),
    ],
)
def test_figures(paths, made, method):
    one = made()
    assert one.memory_stats["features_loaded"] == one.threading_stats["total_threads_used"] == 0
    getattr(one, method)(paths)
    memory, threads = one.memory_stats, one.threading_stats
    assert memory["features_freed"] == memory["features_loaded"] > len(paths)
    assert memory["peak_memory_mb"] >= max(memory["stages_memory"].values()) > 20
    assert set(memory["stages_memory"]) == set(threads["stage_timings"]) >= {"extract", "wavelet", "local"}
    assert all(seconds >= 0 for seconds in threads["stage_timings"].values())
    assert threads["total_threads_used"] >= 1
    assert threads["parallel_speedup"] > 0
    assert 0 < threads["avg_thread_utilization"] <= 1
    used = threads["total_threads_used"]
    assert threads["thread_efficiency"] == pytest.approx(threads["parallel_speedup"] / used, abs=1e-3)


def test_threads_that_worked_are_counted(paths):
    one = imgsieve.MultiThreadedDeduplicator(max_workers=1, chunk_size=1)
    one.deduplicate_multithreaded(paths)
    assert one.threading_stats["total_threads_used"] == 1
    assert one.threading_stats["parallel_speedup"] == pytest.approx(1, abs=0.05)


def test_the_report_of_a_run(paths, tmp_path):
    one = imgsieve.MultiThreadedDeduplicator()
    groups, scores = one.deduplicate_multithreaded(paths, tmp_path / "out")
    page = one.create_report(groups, scores, tmp_path / "out")
    assert page == str(tmp_path / "out/report/index.html")
    assert "camera" in "".join(found.read_text("utf-8") for found in (tmp_path / "out/report").rglob("*.html"))
    # Another object, and another order, are the same result.
    other = imgsieve.HierarchicalDeduplicator()
    assert other.create_report(list(reversed(groups)), {}, str(tmp_path / "out")) == page


def test_the_report_of_a_run_without_a_folder(paths, tmp_path):
    one = imgsieve.HierarchicalDeduplicator()
    groups, scores = one.deduplicate(paths)
    for _ in range(2):
        assert Path(one.create_report(groups, scores, tmp_path / "new")).is_file()
    assert (tmp_path / "new/groups.csv").is_file()


def test_reports_of_other_results_are_refused(paths, reference, tmp_path):
    groups, scores = reference
    made = imgsieve.MemoryEfficientDeduplicator()
    with pytest.raises(RunFolderError, match="no run"):
        made.create_report(groups, scores, tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    made.deduplicate_memory_efficient(paths, tmp_path / "out")
    alone = [[name] for name in paths]
    for wrong in (groups[1:], alone, []):
        with pytest.raises(ConfigError):
            made.create_report(wrong, {}, tmp_path / "out")
    with pytest.raises(ConfigError, match=r"other\.jpg"):
        made.create_report(groups, {("other.jpg", paths[0]): 1.0}, tmp_path / "out")
