"""Stage 1 proposes the pairs whose embeddings are near, from parts of any number of rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imgsieve.config import GlobalConfig, RunConfig
from imgsieve.executors import ThreadExecutor
from imgsieve.runs import proposals
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.schema import FEATURES
from imgsieve.search.vectors import near_pairs

COUNT, DIMENSIONS = 60, 8
FAILED, FLAT = 7, 20


def column(field, rng, vectors):
    if field.name == "embedding":
        values = [row.tobytes() for row in vectors]
    elif pa.types.is_fixed_size_binary(field.type):
        values = [rng.bytes(field.type.byte_width) for _ in range(COUNT)]
    elif field.name == "contrast":
        values = [0.0 if row == FLAT else 40.0 for row in range(COUNT)]
    elif field.nullable:
        values = [None] * COUNT
    else:
        values = [0 if pa.types.is_integer(field.type) else f"{field.name}-{row}" for row in range(COUNT)]
    if field.nullable and field.name not in ("error_kind", "error"):
        values[FAILED] = None
    elif field.name == "error_kind":
        values[FAILED] = "malformed"
    return pa.array(values, field.type)


@pytest.fixture
def vectors():
    rng = np.random.default_rng(1)
    centers = np.repeat(rng.standard_normal((COUNT // 3, DIMENSIONS)), 3, axis=0)
    wide = centers + 0.3 * rng.standard_normal((COUNT, DIMENSIONS))
    return (wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture
def table(vectors):
    rng = np.random.default_rng(2)
    return pa.Table.from_arrays([column(field, rng, vectors) for field in FEATURES], schema=FEATURES)


def proposed(folder, table, edges):
    names = []
    for number, (low, high) in enumerate(pairwise(edges)):
        names.append(f"features/part-{number:06d}.parquet")
        folder.write_table(names[-1], table.slice(low, high - low), "print")
    model = folder.root / "model.onnx"
    model.write_bytes(b"not read here")
    model.with_suffix(".toml").write_text("")
    config = RunConfig(refine=GlobalConfig(descriptor=str(model), propose_embedding_similarity=0.8))
    features = FeatureColumns(folder, tuple(names), np.array(edges), "print")
    known = proposals.identities(features)
    proposals.propose(folder, features, known, config, ThreadExecutor(2), lambda _: None)
    pairs = pq.read_table(folder.path("pairs/wavelet.parquet"))
    return list(zip(pairs["a"].to_pylist(), pairs["b"].to_pylist(), strict=True))


def test_near_embeddings_are_proposed_and_those_that_take_no_part_are_not(tmp_path, table, vectors):
    part = np.array([row for row in range(COUNT) if row not in {FAILED, FLAT}])
    a, b = near_pairs(vectors[part], RunConfig().refine.neighbors, 0.8)
    expected = list(zip(part[a].tolist(), part[b].tolist(), strict=True))
    assert len(expected) > 20
    assert proposed(RunFolder(tmp_path), table, [0, COUNT]) == expected


def test_parts_do_not_matter_and_no_file_is_left(tmp_path, table):
    whole, cut = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "cut")
    assert proposed(whole, table, [0, COUNT]) == proposed(cut, table, [0, 8, 8, 33, COUNT])
    assert sorted(path.name for path in cut.root.iterdir()) == ["features", "model.onnx", "model.toml", "pairs"]
