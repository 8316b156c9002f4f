"""Stage 3: a global descriptor refines the pairs that color left undecided.

Reads ``layout``, ``trimmed``, ``local_codes``, ``local_places`` or, with a model, ``embedding`` of both images of a
pair; its table is `imgsieve.schema.PAIRS_GLOBAL`. The built-in descriptor is the correlation of the pictures' layouts
of light, together with the number of corners that lie alike; a model of the user's own is compared by the cosine of
its embeddings.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import GlobalConfig
from imgsieve.features.layout import layout_similarity
from imgsieve.features.regions import WHOLE, rectangles
from imgsieve.schema import PAIRS_GLOBAL, Verdict
from imgsieve.stages.matching import Corners, matches

__all__ = ["match", "match_embeddings"]

_ALIKE = 0.9
"""Correlation of layouts from which whole pictures need no corners in common."""

_LEAST_CORNERS = 12
"""With fewer corners a picture may share none with its copy."""


def match(
    pairs: pa.Table,
    layouts: tuple[NDArray[np.int8], NDArray[np.int8]],
    trimmed: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    corners: tuple[Corners, Corners],
    config: GlobalConfig,
) -> pa.Table:
    """Judge pairs by their layouts and their corners.

    Parameters
    ----------
    pairs
        Pairs that stage 2 left undecided.
    layouts
        Shape (n, 256), int8, of a and of b.
    trimmed
        Shape (n, 4), uint8, of a and of b.
    corners
        Of a and of b, n pictures each.
    """
    orientations = pairs["orientation"].to_numpy().astype(np.int8)
    similarity = layout_similarity(
        layouts[0],
        layouts[1],
        rectangles(pairs["region"].to_numpy(), trimmed[0]),
        rectangles(pairs["region"].to_numpy(), trimmed[1]),
        orientations,
    )
    whole = pairs["region"].to_numpy() == WHOLE
    rejected = similarity < np.where(whole, config.min_layout_similarity, config.min_trimmed_similarity)
    # Where some part of both met, the wholes may be laid out as they like.
    rejected &= pairs["votes"].to_numpy() == 0
    found, visible = matches(*corners, orientations, config.max_match_distance_bits)
    enough = found >= np.maximum(config.min_matches, config.min_match_share * visible)
    telling = np.minimum(corners[0].counts(), corners[1].counts()) >= _LEAST_CORNERS
    # Heavy wear leaves few corners of a picture, but its layout.
    worn = whole & (pairs["votes"].to_numpy() == 0) & (similarity >= _ALIKE)
    return _judged(pairs, similarity, rejected | (telling & ~enough & ~worn), found, visible)


def match_embeddings(
    pairs: pa.Table, embeddings: tuple[NDArray[np.float32], NDArray[np.float32]], config: GlobalConfig
) -> pa.Table:
    """Judge pairs by the cosine of their embeddings, each of shape (n, d), float32, of unit length."""
    similarity = np.einsum("nd,nd->n", embeddings[0], embeddings[1]).astype(np.float32)
    return _judged(pairs, similarity, similarity < config.min_embedding_similarity)


def _judged(
    pairs: pa.Table, similarity: NDArray[np.float32], rejected: NDArray[np.bool_], *corners: NDArray[np.int16]
) -> pa.Table:
    """Put the verdicts of pairs together."""
    verdict = np.where(rejected, Verdict.REJECTED, Verdict.UNDECIDED)
    columns = [
        *(pairs[name] for name in ("a", "b", "orientation", "region", "votes")),
        pa.array(verdict, pa.string()),
        pa.array(similarity),
        *(pa.array(counts) for counts in corners),
    ]
    columns += [pa.nulls(len(pairs), pa.int16())] * (len(PAIRS_GLOBAL) - len(columns))
    return pa.Table.from_arrays(columns, schema=PAIRS_GLOBAL)
