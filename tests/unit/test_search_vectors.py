"""Near pairs of vectors are those of brute force, whatever the blocks and threads, in memory that is projected."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from imgsieve.search.vectors import near_blocks, near_pairs, projected_bytes


def clustered(count, dimensions, seed=0, spread=0.5):
    """Return unit vectors of which every five are like each other, in float16."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((-(-count // 5), dimensions))
    vectors = np.repeat(centers, 5, axis=0)[:count] + spread * rng.standard_normal((count, dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)[rng.permutation(count)]


def brute_force(vectors, neighbors, least):
    """Return the pairs by all products at once; equal vectors are told by their bytes."""
    _, first, inverse = np.unique(vectors.view(np.uint16), axis=0, return_index=True, return_inverse=True)
    first = first[inverse.ravel()]
    pairs = {(int(f), i) for i, f in enumerate(first) if f != i}
    distinct = np.unique(first)
    wide = vectors[distinct].astype(np.float64)
    products = wide @ wide.T
    np.fill_diagonal(products, -2)
    for i, line in enumerate(products):
        for j in np.argsort(-line, kind="stable")[:neighbors]:
            if line[j] >= least:
                pairs.add(tuple(sorted((int(distinct[i]), int(distinct[j])))))
    return sorted(pairs)


def as_list(blocks):
    return sorted({(int(a), int(b)) for one, other in blocks for a, b in zip(one, other, strict=True)})


@pytest.mark.parametrize("neighbors", [1, 3, 40])
@pytest.mark.parametrize("least", [-1.0, 0.6, 0.9])
def test_pairs_are_those_of_brute_force(neighbors, least):
    vectors = clustered(700, 24)
    a, b = near_pairs(vectors, neighbors, least)
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == brute_force(vectors, neighbors, least)


def test_blocks_and_threads_do_not_matter():
    vectors = clustered(5000, 16)
    expected = as_list(near_blocks(vectors, 4, 0.7))
    assert len(expected) > 1000
    for block_rows, threads in ((5000, 2), (997, 1), (64, 2)):
        assert as_list(near_blocks(vectors, 4, 0.7, block_rows=block_rows, threads=threads)) == expected


def test_equal_vectors_are_paired_with_the_first_and_hide_nothing():
    vectors = clustered(300, 16)
    many = np.concatenate([vectors[:7], np.repeat(vectors[7:8], 500, axis=0), vectors[7:]])
    a, b = near_pairs(many, 3, 0.6)
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == brute_force(many, 3, 0.6)
    assert {(7, i) for i in range(8, 508)} <= set(zip(a.tolist(), b.tolist(), strict=True))


def test_vectors_that_single_precision_cannot_tell_apart_are_told_apart():
    """Sixty neighbors nearer to each other than rounding: the first in double precision are chosen."""
    rng = np.random.default_rng(3)
    base = rng.standard_normal(512)
    near = base + 3e-6 * rng.standard_normal((120, 512))
    vectors = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)
    a, b = near_pairs(vectors, 2, 0.5)
    wide = vectors.astype(np.float64)
    expected = set()
    for i in range(len(wide)):
        products = np.array([np.add.accumulate(wide[i] * other)[-1] for other in wide])
        # The query itself takes a place among those that are looked at, wherever it stands.
        nearest = sorted(range(len(wide)), key=lambda j: (-products[j], j))[:3]
        expected |= {(min(i, j), max(i, j)) for j in nearest if j != i}
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == expected


def test_a_memory_map_gives_the_same(tmp_path):
    vectors = clustered(2000, 32)
    path = tmp_path / "vectors"
    vectors.tofile(path)
    mapped = np.memmap(path, np.float16, "r", shape=vectors.shape)
    assert as_list(near_blocks(mapped, 4, 0.6)) == as_list(near_blocks(vectors, 4, 0.6))


def test_nothing_and_one_vector_have_no_pairs():
    for count in (0, 1):
        assert [len(part) for part in near_pairs(np.ones((count, 4), np.float16) / 2, 3, 0.5)] == [0, 0]


def test_cells_find_nearly_all_and_invent_nothing():
    vectors = clustered(20_000, 32)
    exact = set(as_list(near_blocks(vectors, 4, 0.7)))
    cells = set(as_list(near_blocks(vectors, 4, 0.7, exact_rows=1000)))
    assert len(cells & exact) >= 0.98 * len(exact)
    wide = vectors.astype(np.float64)
    assert all(wide[a] @ wide[b] >= 0.7 for a, b in cells)


def test_cells_do_not_depend_on_blocks_or_threads():
    vectors = clustered(6000, 16)
    one = as_list(near_blocks(vectors, 4, 0.7, exact_rows=1000))
    other = as_list(near_blocks(vectors, 4, 0.7, exact_rows=1000, block_rows=333, threads=2))
    assert one == other


_MEASURE = """
import json, sys
import numpy as np
from imgsieve.memory import resident_bytes
from imgsieve.search.vectors import near_blocks, near_pairs
near_pairs(np.eye(64, 32, dtype=np.float16), 2, 0.5)
peak = base = resident_bytes()
mapped = np.memmap(sys.argv[1], np.float16, "r").reshape(-1, 2048)
pairs = 0
for a, _ in near_blocks(mapped, 8, 0.8, threads=2, block_rows=1024):
    pairs += len(a)
status = open("/proc/self/status").read()
peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
print(json.dumps([pairs, base, peak]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_memory_stays_below_the_projection(tmp_path):
    """10,000 vectors of 2,048 dimensions are 82 MB in single precision; held are blocks of 1,024."""
    path = tmp_path / "vectors"
    rows = 10_000
    clustered(rows, 2048, spread=0.3).tofile(path)
    said = subprocess.run([sys.executable, "-c", _MEASURE, str(path)], stdout=subprocess.PIPE, check=True)
    pairs, base, peak = json.loads(said.stdout)
    assert pairs > rows
    assert peak - base <= projected_bytes(rows, 2048, 8, block_rows=1024)
