"""Stage 3: a global descriptor refines the pairs that color left undecided.

Reads ``layout``, ``trimmed`` and, with a model, ``embedding`` of both images of a pair; its table is
`imgsieve.schema.PAIRS_GLOBAL`. The built-in descriptor is the correlation of the pictures' layouts of light; a model of
the user's own is compared by the cosine of its embeddings.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import GlobalConfig
from imgsieve.features.layout import layout_similarity
from imgsieve.features.regions import WHOLE, rectangles
from imgsieve.schema import PAIRS_GLOBAL, Verdict

__all__ = ["match", "match_embeddings"]


def match(
    pairs: pa.Table,
    layouts: tuple[NDArray[np.int8], NDArray[np.int8]],
    trimmed: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    config: GlobalConfig,
) -> pa.Table:
    """Judge pairs by their layouts.

    Parameters
    ----------
    pairs
        Pairs that stage 2 left undecided.
    layouts
        Shape (n, 256), int8, of a and of b.
    trimmed
        Shape (n, 4), uint8, of a and of b.
    """
    similarity = layout_similarity(
        layouts[0],
        layouts[1],
        rectangles(pairs["region_a"].to_numpy(), trimmed[0]),
        rectangles(pairs["region_b"].to_numpy(), trimmed[1]),
        pairs["orientation"].to_numpy().astype(np.int8),
    )
    regional = np.maximum(pairs["region_a"].to_numpy(), pairs["region_b"].to_numpy()) != WHOLE
    return _judged(pairs, similarity, np.where(regional, config.min_region_similarity, config.min_layout_similarity))


def match_embeddings(
    pairs: pa.Table, embeddings: tuple[NDArray[np.float32], NDArray[np.float32]], config: GlobalConfig
) -> pa.Table:
    """Judge pairs by the cosine of their embeddings, each of shape (n, d), float32, of unit length."""
    similarity = np.einsum("nd,nd->n", embeddings[0], embeddings[1]).astype(np.float32)
    return _judged(pairs, similarity, np.full(len(pairs), config.min_embedding_similarity))


def _judged(pairs: pa.Table, similarity: NDArray[np.float32], least: NDArray[np.float64]) -> pa.Table:
    """Reject the pairs whose similarity is below ``least``, pass on the rest."""
    verdict = np.where(similarity < least, Verdict.REJECTED, Verdict.UNDECIDED)
    columns = [pairs[name] for name in ("a", "b", "orientation", "region_a", "region_b")]
    return pa.Table.from_arrays([*columns, pa.array(verdict, pa.string()), pa.array(similarity)], schema=PAIRS_GLOBAL)
