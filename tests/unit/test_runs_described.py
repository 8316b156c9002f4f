"""Stage 1 proposes the nearest descriptors, whatever parts, portions of work and workers there are."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imgsieve.config import GlobalConfig, RunConfig
from imgsieve.executors import ThreadExecutor
from imgsieve.features.descriptor import UNIT, least_product
from imgsieve.runs import proposals
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.described import Portions, propose_described
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.schema import DESCRIPTOR_BYTES, FEATURES
from imgsieve.stages.wavelet import FLAT_CONTRAST

COUNT = 240
FAILED, FLAT = 7, 20
CONFIG = GlobalConfig(propose_similarity=0.5, propose_neighbors=3)
SMALL_CELLS = Portions(one_cell=10, cell_rows=30, most_cells=8, probes=3)


@pytest.fixture(scope="module")
def descriptors():
    """Return descriptors of which every four resemble each other."""
    rng = np.random.default_rng(1)
    wide = np.repeat(rng.standard_normal((COUNT // 4, DESCRIPTOR_BYTES)), 4, axis=0)
    wide += 0.6 * rng.standard_normal(wide.shape)
    rows = np.rint(UNIT * wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.int8)
    return rows[rng.permutation(COUNT)]


@pytest.fixture(scope="module")
def table(descriptors):
    rng = np.random.default_rng(2)
    return pa.Table.from_arrays([_column(field, rng, descriptors) for field in FEATURES], schema=FEATURES)


def _column(field, rng, descriptors):
    if field.name == "descriptor":
        values = [row.tobytes() for row in descriptors]
    elif pa.types.is_fixed_size_binary(field.type):
        values = [rng.bytes(field.type.byte_width) for _ in range(COUNT)]
    elif field.name == "contrast":
        values = [0.0 if row == FLAT else FLAT_CONTRAST + 40 for row in range(COUNT)]
    elif field.nullable:
        values = [None] * COUNT
    else:
        values = [0 if pa.types.is_integer(field.type) else f"{field.name}-{row}" for row in range(COUNT)]
    if field.nullable and field.name not in ("error_kind", "error"):
        values[FAILED] = None
    elif field.name == "error_kind":
        values[FAILED] = "malformed"
    return pa.array(values, field.type)


def _features(folder, table, edges):
    names = []
    for number, (low, high) in enumerate(pairwise(edges)):
        names.append(f"features/part-{number:06d}.parquet")
        folder.write_table(names[-1], table.slice(low, high - low), "print")
    return FeatureColumns(folder, tuple(names), np.array(edges), "print")


@dataclass(frozen=True)
class Stored:
    """A value that other processes may not write."""

    data: bytes

    @property
    def value(self):
        array = pickle.loads(self.data)  # noqa: S301 - what the test wrote
        array.flags.writeable = False
        return array


class Apart(ThreadExecutor):
    """An executor whose tasks share no memory with the caller."""

    def __init__(self):
        super().__init__(2)
        self.elsewhere = True
        self.stored = 0

    def share(self, value):
        self.stored += 1
        return Stored(pickle.dumps(value))

    def map(self, function, tasks):
        work = pickle.dumps(function)

        def carried_out(task):
            return pickle.dumps(pickle.loads(work)(pickle.loads(task)))  # noqa: S301 - what the test wrote

        return map(pickle.loads, super().map(carried_out, map(pickle.dumps, tasks)))


def _proposed(root, table, images, *, edges=(0, COUNT), workers=1, portions=None, executor=None):
    folder = RunFolder(root)
    told = []
    with PairSpill(folder, COUNT) as spill:
        more = () if portions is None else (portions,)
        features = _features(folder, table, list(edges))
        propose_described(features, images, CONFIG, executor or ThreadExecutor(workers), spill, told.append, *more)
        # Both of a pair may propose it; whoever reads takes it once.
        found = sorted({(int(p["a"]), int(p["b"])) for _, _, part in spill.read() for p in part})
    assert told == sorted(told)
    assert not told or told[-1] == len(images)
    return found


def _nearest(descriptors, images):
    """Return the pairs that brute force finds."""
    products = descriptors.astype(np.int64) @ descriptors.T.astype(np.int64)
    least, pairs = least_product(CONFIG.propose_similarity), set()
    for one in images.tolist():
        others = [other for other in images.tolist() if other != one]
        near = sorted((-products[one, other], other) for other in others if products[one, other] >= least)
        pairs |= {(min(one, other), max(one, other)) for _, other in near[: CONFIG.propose_neighbors]}
    return sorted(pairs)


def test_few_pictures_are_all_compared_with_all(tmp_path, table, descriptors):
    images = np.setdiff1d(np.arange(COUNT), [FAILED, FLAT]).astype(np.int32)
    expected = _nearest(descriptors, images)
    assert len(expected) > COUNT
    assert _proposed(tmp_path, table, images) == expected


def test_parts_workers_and_portions_of_work_do_not_matter(tmp_path, table):
    images = np.setdiff1d(np.arange(COUNT), [FAILED]).astype(np.int32)
    for number, portions in enumerate((None, SMALL_CELLS)):
        whole = _proposed(tmp_path / f"{number}-whole", table, images, portions=portions)
        root = tmp_path / f"{number}-cut"
        assert _proposed(root, table, images, edges=(0, 8, 8, 33, 200, COUNT), workers=4, portions=portions) == whole
        assert sorted(path.name for path in root.iterdir()) == ["features"]


@pytest.mark.parametrize("piece", [7, 64, 1 << 16])
@pytest.mark.parametrize("portions", [None, SMALL_CELLS], ids=["one", "cells"])
def test_where_tasks_share_no_memory_the_same_is_found(tmp_path, table, portions, piece, monkeypatch):
    monkeypatch.setattr("imgsieve.runs.described._PIECE", piece)
    monkeypatch.setattr("imgsieve.runs.described._OTHERS", 5)
    images = np.setdiff1d(np.arange(COUNT), [FAILED]).astype(np.int32)
    whole, executor = _proposed(tmp_path / "here", table, images, portions=portions), Apart()
    assert _proposed(tmp_path / "apart", table, images, portions=portions, executor=executor) == whole
    assert executor.stored == -(-len(images) // piece)


def test_of_cells_only_the_near_ones_are_asked(tmp_path, table, descriptors):
    images = np.setdiff1d(np.arange(COUNT), [FAILED, FLAT]).astype(np.int32)
    every, products = set(_nearest(descriptors, images)), descriptors.astype(np.int64) @ descriptors.T.astype(np.int64)
    shares = []
    for probes in (1, 3):
        portions = replace(SMALL_CELLS, probes=probes)
        found = _proposed(tmp_path / str(probes), table, images, portions=portions)
        # Where a cell that was not asked holds one of the nearest, the next nearest takes its place, if near enough.
        assert all(products[pair] >= least_product(CONFIG.propose_similarity) for pair in found)
        shares.append(len(set(found) & every) / len(every))
    assert 0.5 < shares[0] < 1
    assert max(0.95, shares[0]) <= shares[1]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_pictures_are_no_harm(tmp_path, table, descriptors, count):
    images = np.arange(count, dtype=np.int32)
    assert _proposed(tmp_path, table, images) == _nearest(descriptors, images)


@pytest.mark.parametrize("trained", [True, False])
def test_a_run_proposes_them_only_where_the_net_is_asked_for(tmp_path, table, descriptors, trained):
    config = RunConfig(refine=GlobalConfig(trained=trained, propose_similarity=0.5, propose_neighbors=3))
    folder = RunFolder(tmp_path)
    features = _features(folder, table, [0, COUNT])
    known = proposals.identities(features)
    proposals.propose(folder, features, known, config, ThreadExecutor(2), lambda _: None)
    rows = pq.read_table(folder.path("pairs/wavelet.parquet")).select(["a", "b", "votes"]).to_pylist()
    images = np.setdiff1d(np.arange(COUNT), [FAILED, FLAT]).astype(np.int32)
    # Nothing else of these pictures resembles anything.
    assert [(row["a"], row["b"]) for row in rows] == (_nearest(descriptors, images) if trained else [])
