"""Stages 2 and 3 for one picture: the images that came near are judged by color and by the global descriptor."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.config import RunConfig
from imgsieve.finished.index import SearchIndex
from imgsieve.finished.query import QUERY, Query
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.embedded import vectors_of
from imgsieve.schema import PAIRS_COLOR, PAIRS_GLOBAL, PAIRS_WAVELET, Verdict
from imgsieve.stages import color, refinement, wavelet
from imgsieve.stages.neighbors import Neighbors

__all__ = ["Sifted", "propose_described", "propose_embedded", "sift"]

_BATCH_PAIRS = 1024
_BLOCK_IMAGES = 65_536
_FIRST = np.zeros(1, np.int64)

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Sifted:
    """What the stages say of the pairs of the picture and the images that came near."""

    color: pa.Table
    """`imgsieve.schema.PAIRS_COLOR`, of all proposed pairs."""
    refined: pa.Table
    """`imgsieve.schema.PAIRS_GLOBAL`, of those that color left."""


def sift(proposed: pa.Table, query: Query, index: SearchIndex, features: FeatureColumns, config: RunConfig) -> Sifted:
    """Judge proposed pairs, a bounded number at a time."""
    by_color, refined = [PAIRS_COLOR.empty_table()], [PAIRS_GLOBAL.empty_table()]
    for start in range(0, len(proposed), _BATCH_PAIRS):
        judged = _by_color(proposed.slice(start, _BATCH_PAIRS), query, index, config)
        left = judged.filter(pc.equal(judged["verdict"], Verdict.UNDECIDED))
        by_color.append(judged)
        if not len(left):
            continue
        if config.refine.descriptor is None:
            refined.append(_by_sketch(left, query, index, config))
        else:
            refined.append(_by_model(left, query, features, config))
    return Sifted(color=pa.concat_tables(by_color), refined=pa.concat_tables(refined))


def _by_color(pairs: pa.Table, query: Query, index: SearchIndex, config: RunConfig) -> pa.Table:
    """Judge pairs by color."""
    images = pairs["b"].to_numpy()
    signatures, trimmed = (
        (_each(query.bytes_of(name), len(images)), index.take(name, images)) for name in ("color_signature", "trimmed")
    )
    return color.match(pairs, signatures, trimmed, config.color)


def _by_sketch(pairs: pa.Table, query: Query, index: SearchIndex, config: RunConfig) -> pa.Table:
    """Judge pairs by corners and blocks."""
    images = pairs["b"].to_numpy()
    columns = {**refinement.SKETCH_COLUMNS, **(refinement.DESCRIPTOR_COLUMNS if config.refine.uses_net else {})}
    own = {name: _each(query.bytes_of(name), len(images)) for name in columns}
    theirs = {name: index.take(name, images) for name in columns if name != "local_codes"}
    theirs["local_codes"] = index.local_codes(images)
    return refinement.match(pairs, refinement.Sketches.of(own), refinement.Sketches.of(theirs), config.refine)


def _by_model(pairs: pa.Table, query: Query, features: FeatureColumns, config: RunConfig) -> pa.Table:
    """Judge pairs by the embeddings of the user's model."""
    theirs = vectors_of(features.take(pairs["b"].to_numpy(), ["embedding"])["embedding"]).astype(np.float32)
    own = np.broadcast_to(_embedding(query), theirs.shape)
    return refinement.match_embeddings(pairs, (own, theirs), config.refine)


def propose_embedded(
    query: Query, index: SearchIndex, features: FeatureColumns, config: RunConfig, known: pa.Table, equal: Iterable[int]
) -> pa.Table:
    """Return proposals with those of the user's model beside them; embeddings are read part by part.

    Parameters
    ----------
    known
        The proposals of codes and corners, which stay as they are.
    equal
        Images that are equal to the picture: these are not proposed.
    """
    if query.row["contrast"] < wavelet.FLAT_CONTRAST:
        return known
    own = _embedding(query)
    images, cosines = np.empty(0, np.int64), np.empty(0, np.float32)
    for start, part in features.read(["embedding"]):
        rows = np.nonzero(_takes_part(index, start, start + len(part)))[0]
        if len(rows):
            vectors = vectors_of(part["embedding"].take(pa.array(rows))).astype(np.float32)
            images, cosines = np.append(images, rows + start), np.append(cosines, vectors @ own)
    near = np.nonzero((cosines > config.refine.propose_embedding_similarity) & ~np.isin(images, list(equal)))[0]
    near = near[np.argsort(-cosines[near], kind="stable")][: config.refine.neighbors]
    fresh = np.setdiff1d(images[near], known["b"].to_numpy()).astype(np.int32)
    return _beside(known, wavelet.other_proposals(np.full(len(fresh), QUERY, np.int32), fresh))


def propose_described(
    query: Query, index: SearchIndex, config: RunConfig, known: pa.Table, equal: Collection[int]
) -> pa.Table:
    """Return proposals with those of the built-in net beside them; see `propose_embedded`."""
    if query.row["contrast"] < wavelet.FLAT_CONTRAST:
        return known
    own = query.bytes_of("descriptor").view(np.int8).reshape(1, -1)
    # Equal images are none of the neighbors; they take a place each while these are looked for.
    neighbors = Neighbors(own, np.array([QUERY], np.int32), config.refine, spare=len(equal))
    for start in range(0, index.count, _BLOCK_IMAGES):
        stop = min(start + _BLOCK_IMAGES, index.count)
        rows = np.nonzero(_takes_part(index, start, stop))[0]
        vectors = index.read("descriptor", start, stop).view(np.int8)[rows]
        neighbors.meet(_FIRST, vectors, (rows + start).astype(np.int32))
    found = wavelet.descriptor_proposals(*neighbors.proposed(without=equal))
    stands_out = pc.is_in(known["b"], pa.array(found["b"][found["stands_out"]], pa.int64()))
    field = PAIRS_WAVELET.field("stands_out")
    known = known.set_column(known.column_names.index(field.name), field, stands_out)
    return _beside(known, found[~np.isin(found["b"], known["b"].to_numpy())])


def _beside(known: pa.Table, others: NDArray[np.void]) -> pa.Table:
    """Return proposals with others beside them, in the order of their images."""
    both = pa.concat_tables([known, wavelet.table_of(others)])
    return both.take(pc.sort_indices(both, [("b", "ascending")]))


def _takes_part(index: SearchIndex, start: int, stop: int) -> NDArray[np.bool_]:
    """Return which of some images take part: those that are not flat, of equal ones the first."""
    contrast = index.read("contrast", start, stop).view(np.float32)[:, 0]
    first = index.read("first", start, stop).view(np.int32)[:, 0]
    return np.asarray((contrast >= wavelet.FLAT_CONTRAST) & (first == np.arange(start, stop)))


def _embedding(query: Query) -> NDArray[np.float32]:
    """Return the embedding of the picture."""
    return np.frombuffer(query.row["embedding"], np.float16).astype(np.float32)


def _each(row: Bytes, count: int) -> Bytes:
    """Repeat a row: compiled loops want rows without gaps."""
    return np.repeat(row, count, axis=0)
