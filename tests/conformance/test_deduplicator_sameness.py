"""What every deduplicator must find: the same groups and scores, whatever the class, the threads and the pieces."""

from __future__ import annotations

import csv
import random

import pytest

import imgsieve
from imgsieve.cli.main import main
from imgsieve.deduplicator.cache import BoundedFeatureCache
from named_pictures import write_named


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return write_named(tmp_path_factory.mktemp("named") / "in")


@pytest.fixture(scope="module")
def reference(paths):
    found = imgsieve.HierarchicalDeduplicator().deduplicate(paths)
    assert sum(len(group) > 1 for group in found[0]) == 8
    return found


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
@pytest.mark.parametrize("chunk_size", [1, 5, 100])
def test_workers_and_chunks(paths, reference, workers, chunk_size):
    quick = imgsieve.MultiThreadedDeduplicator(max_workers=workers, chunk_size=chunk_size)
    assert quick.deduplicate_multithreaded(paths) == reference


@pytest.mark.parametrize("size", [2, 3, 7, 10_000])
def test_sizes_of_pieces(paths, reference, size):
    sparing = imgsieve.MemoryEfficientDeduplicator(
        max_group_size_color=size, max_group_size_global=size, max_group_size_local=size, gc_frequency=size
    )
    assert sparing.deduplicate_memory_efficient(paths) == reference


@pytest.mark.parametrize("capacity", [1, 5, 1000])
def test_capacities_of_the_cache(paths, reference, capacity):
    cache = BoundedFeatureCache(capacity)
    for _ in range(2):
        sparing = imgsieve.create_memory_efficient_deduplicator(cache)
        assert sparing.deduplicate_memory_efficient(paths) == reference
    assert cache.stats().hits > 0 or capacity < len(paths)


@pytest.mark.parametrize("profile", ["memory", "balanced", "speed"])
@pytest.mark.parametrize("name", ["Hierarchical", "MemoryEfficient", "MultiThreaded"])
def test_classes_and_profiles(paths, reference, name, profile):
    made = getattr(imgsieve, f"{name}Deduplicator")(profile=profile)
    methods = {
        "Hierarchical": "deduplicate",
        "MemoryEfficient": "deduplicate_memory_efficient",
        "MultiThreaded": "deduplicate_multithreaded",
    }
    assert getattr(made, methods[name])(paths) == reference


def test_the_order_of_the_names(paths, reference):
    shuffled = paths.copy()
    random.Random(3).shuffle(shuffled)
    assert imgsieve.MultiThreadedDeduplicator().deduplicate_multithreaded(shuffled) == reference


@pytest.mark.parametrize("options", [["--workers", "1"], ["--workers", "4", "--profile", "speed"]])
def test_the_command_line(paths, reference, options, tmp_path, capsys):
    source = paths[0].rpartition("in/")[0] + "in"
    code = main(["run", source, "--out", str(tmp_path / "out"), "--quiet", "--no-report", *options])
    assert (code, capsys.readouterr().err) == (0, "")
    assert _groups_of(tmp_path / "out/groups.csv", source) == reference[0]


def test_the_tables_of_the_command_line_are_the_same(paths, tmp_path):
    source = paths[0].rpartition("in/")[0] + "in"
    main(["run", source, "--out", str(tmp_path / "cli"), "--quiet", "--no-report"])
    imgsieve.MultiThreadedDeduplicator().deduplicate_multithreaded(paths, tmp_path / "classes")
    for name in ("groups.parquet", "groups.csv"):
        assert (tmp_path / "cli" / name).read_bytes() == (tmp_path / "classes" / name).read_bytes()


def _groups_of(table, source):
    """Return the groups that a table for people tells, as the classes tell them."""
    alone, members = [], {}
    with table.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            path = f"{source}/{row['file']}"
            if not row["group"]:
                alone.append([path])
            else:
                members.setdefault(row["group"], []).append((row["keep"] != "1", path))
    return sorted([*alone, *([path for _, path in sorted(group)] for group in members.values())])
