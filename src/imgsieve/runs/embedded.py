"""Pairs that the embeddings of a model propose."""

from __future__ import annotations

import tempfile

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import GlobalConfig
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.search.vectors import near_blocks
from imgsieve.stages import wavelet

__all__ = ["propose_embedded", "vectors_of"]


def propose_embedded(
    features: FeatureColumns, ids: NDArray[np.int32], config: GlobalConfig, threads: int, spill: PairSpill
) -> None:
    """Spill the pairs of images whose embeddings are near, a bounded number at a time.

    The embeddings are copied to a flat file without a name in the run folder, of which blocks are in memory.

    Parameters
    ----------
    ids
        Shape (n,), int32, increasing: the images to compare.
    """
    with tempfile.TemporaryFile(dir=features.folder.root) as file:
        for start, part in features.read(["embedding"]):
            low, high = np.searchsorted(ids, (start, start + len(part)))
            file.write(vectors_of(part["embedding"].take(pa.array(ids[low:high] - start))).tobytes())
        file.flush()
        if not file.tell():
            return
        vectors = np.memmap(file, np.float16, "r").reshape(len(ids), -1)
        for a, b in near_blocks(vectors, config.neighbors, config.propose_embedding_similarity, threads=threads):
            spill.add(wavelet.other_proposals(ids[a], ids[b]))


def vectors_of(column: pa.ChunkedArray) -> NDArray[np.float16]:
    """Return a column of embeddings as shape (n, d), float16."""
    rows = [np.frombuffer(value.as_buffer(), np.float16) for value in column]
    return np.stack(rows) if rows else np.empty((0, 1), np.float16)
