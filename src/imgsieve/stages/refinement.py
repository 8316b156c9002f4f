"""Stage 3: a global descriptor refines the pairs that color left undecided.

The built-in descriptor lays one picture of 32 x 32 cells over the other, as the corners that both share have it or as
their frames do, and counts the blocks that look alike; see `imgsieve.stages.laying`. A model of the user's own is
compared by the cosine of its embeddings. Its table is `imgsieve.schema.PAIRS_GLOBAL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import GlobalConfig
from imgsieve.features.descriptor import similarities
from imgsieve.features.orientation import ANY_ORIENTATION, COUNT
from imgsieve.features.regions import SOME_PART, rectangles
from imgsieve.schema import (
    DESCRIPTOR_BYTES,
    LAYOUT_BYTES,
    LOCAL_CODE_BYTES,
    LOCAL_CODES,
    LOCAL_PLACE_BYTES,
    PAIRS_GLOBAL,
    TRIMMED_BYTES,
    TRUE_SIZE_BYTES,
    Verdict,
)
from imgsieve.stages.laying import alike_blocks, frame_maps
from imgsieve.stages.matching import Corners, matches

__all__ = ["DESCRIPTOR_COLUMNS", "SKETCH_COLUMNS", "Sketches", "agreement", "match", "match_embeddings"]

SKETCH_COLUMNS: Mapping[str, int] = {
    "layout": LAYOUT_BYTES,
    "true_size": TRUE_SIZE_BYTES,
    "trimmed": TRIMMED_BYTES,
    "local_codes": LOCAL_CODES * LOCAL_CODE_BYTES,
    "local_places": LOCAL_CODES * LOCAL_PLACE_BYTES,
}
"""The features that are read here, and their bytes; with the built-in net also"""

DESCRIPTOR_COLUMNS: Mapping[str, int] = {"descriptor": DESCRIPTOR_BYTES}

_LEAST_CORNERS = 12
"""With fewer corners a picture may share none with its copy."""

_CORNERS_COUNT = 0.4
"""The weight of the share of corners against that of blocks. A logistic fit to copies and strangers gives
0.3; at 0.4 fewer strangers pass for as many copies."""

_FEWEST_VISIBLE = 6
"""Corners that lie alike are told as a share of so many at least,"""

_MOST_SHARE = 1.2
"""and of so much at most: the map may bring together corners that lie just outside of what counts as visible."""


@dataclass(frozen=True)
class Sketches:
    """What this stage reads of n pictures."""

    corners: Corners
    layouts: NDArray[np.uint8]
    """Shape (n, 1024)."""
    sizes: NDArray[np.uint8]
    """Shape (n, 2)."""
    trimmed: NDArray[np.uint8]
    """Shape (n, 4)."""
    descriptors: NDArray[np.int8] | None = None
    """Shape (n, 128); None without the built-in net."""

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[np.uint8]]) -> Sketches:
        """Take the columns of the features, as `SKETCH_COLUMNS` names them."""
        return cls(
            Corners.of(columns["local_codes"], columns["local_places"]),
            columns["layout"],
            columns["true_size"],
            columns["trimmed"],
            columns["descriptor"].view(np.int8) if "descriptor" in columns else None,
        )

    def take(self, rows: NDArray[np.intp]) -> Sketches:
        """Return those of some pictures."""
        corners = Corners(self.corners.codes[rows], self.corners.places[rows])
        descriptors = None if self.descriptors is None else self.descriptors[rows]
        return Sketches(corners, self.layouts[rows], self.sizes[rows], self.trimmed[rows], descriptors)


def agreement(
    similarity: NDArray[np.float32], found: NDArray[np.int16], visible: NDArray[np.int16]
) -> NDArray[np.float32]:
    """Return the share of blocks that look alike, and that of corners that lie alike for the less that it tells.

    Parameters
    ----------
    similarity
        Shape (n,), from 0 to 1.
    found, visible
        Shape (n,); see `imgsieve.stages.fitting.count_fitting`.
    """
    share = np.minimum(found / np.maximum(visible, _FEWEST_VISIBLE), _MOST_SHARE)
    return (similarity + _CORNERS_COUNT * share).astype(np.float32)


def match(pairs: pa.Table, one: Sketches, other: Sketches, config: GlobalConfig) -> pa.Table:
    """Judge pairs by their corners and by what looks alike where these, or the frames of both, lay them.

    Parameters
    ----------
    pairs
        Pairs that stage 2 left undecided.
    one, other
        Of a and of b, n pictures each.
    """
    orientations = pairs["orientation"].to_numpy().astype(np.int8)
    regions = pairs["region"].to_numpy()
    cosines = _cosines(one, other)
    vouched_for = _vouched_for(pairs, cosines, config)
    # A few corners vote for some orientation of strangers, too, and so of copies that lie otherwise.
    unknown = np.nonzero((regions == SOME_PART) & ((pairs["votes"].to_numpy() == 0) | vouched_for))[0]
    if len(unknown):
        orientations[unknown] = _turns(one.take(unknown), other.take(unknown), config)
    found, visible, maps = matches(one.corners, other.corners, orientations, config.max_match_distance_bits)
    similarity, _ = _laid(one, other, maps, orientations)
    agree = found >= np.maximum(config.min_matches, config.min_match_share * visible)
    agree &= agreement(similarity, found, visible) >= config.min_agreement
    # Heavy wear leaves few corners of a picture, but its layout; what is nearly flat has neither.
    rows = np.nonzero(~agree & (regions != SOME_PART))[0]
    if len(rows):
        framed = one.take(rows), other.take(rows)
        by_frames, seen = _by_frames(*framed, regions[rows], orientations[rows])
        few = np.minimum(*(sketches.corners.counts() for sketches in framed)) < _LEAST_CORNERS
        least = np.where(few, config.min_plain_similarity, config.min_frame_similarity)
        agree[rows] = (by_frames >= least) | (seen == 0)
        similarity[rows] = np.maximum(similarity[rows], by_frames)
    # Where only descriptors speak, keypoints have to find out how the pictures lie on each other.
    orientations[unknown[~agree[unknown]]] = ANY_ORIENTATION
    agree |= vouched_for
    turned = pairs.set_column(pairs.column_names.index("orientation"), "orientation", pa.array(orientations))
    return _judged(turned, similarity, ~agree, found, visible, cosines=cosines)


def _turns(one: Sketches, other: Sketches, config: GlobalConfig) -> NDArray[np.int8]:
    """Return the orientations in which pictures have most corners in common: shape (n,); the first of equals."""
    found = [
        matches(one.corners, other.corners, np.full(len(one.sizes), turn, np.int8), config.max_match_distance_bits)[0]
        for turn in range(COUNT)
    ]
    return np.asarray(np.argmax(found, axis=0), np.int8)


def _vouched_for(pairs: pa.Table, cosines: NDArray[np.float32] | None, config: GlobalConfig) -> NDArray[np.bool_]:
    """Return which pairs pass by their descriptors alone: shape (n,)."""
    if cosines is None:
        return np.zeros(len(pairs), bool)
    return np.asarray((cosines >= config.sure_similarity) | pairs["stands_out"].to_numpy())


def _cosines(one: Sketches, other: Sketches) -> NDArray[np.float32] | None:
    """Return the cosines of the descriptors: shape (n,); None without them."""
    if one.descriptors is None or other.descriptors is None:
        return None
    return similarities(one.descriptors, other.descriptors)


def _by_frames(
    one: Sketches, other: Sketches, regions: NDArray[np.int8], orientations: NDArray[np.int8]
) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """Return how alike pictures are where their frames, or what lies inside these, are laid over each other."""
    places = rectangles(regions, one.trimmed), rectangles(regions, other.trimmed)
    return _laid(one, other, frame_maps(*places, orientations, (one.sizes, other.sizes)), orientations)


def _laid(
    one: Sketches, other: Sketches, maps: NDArray[np.float64], orientations: NDArray[np.int8]
) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """Return the share of blocks that look alike, drawn toward a third where there are few, and how many there are."""
    alike, seen = alike_blocks(one.layouts, other.layouts, (one.sizes, other.sizes), maps, orientations)
    return ((alike + 1) / (seen + 3)).astype(np.float32), seen


def match_embeddings(
    pairs: pa.Table, embeddings: tuple[NDArray[np.float32], NDArray[np.float32]], config: GlobalConfig
) -> pa.Table:
    """Judge pairs by the cosine of their embeddings, each of shape (n, d), float32, of unit length."""
    similarity = np.einsum("nd,nd->n", embeddings[0], embeddings[1]).astype(np.float32)
    return _judged(pairs, similarity, similarity < config.min_embedding_similarity)


def _judged(
    pairs: pa.Table,
    similarity: NDArray[np.float32],
    rejected: NDArray[np.bool_],
    *corners: NDArray[np.int16],
    cosines: NDArray[np.float32] | None = None,
) -> pa.Table:
    """Put the verdicts of pairs together."""
    verdict = np.where(rejected, Verdict.REJECTED, Verdict.UNDECIDED)
    columns = [
        *(pairs[name] for name in ("a", "b", "orientation", "region", "votes")),
        pa.array(verdict, pa.string()),
        pairs["stands_out"],
        pa.array(similarity),
        *(pa.array(counts) for counts in corners),
    ]
    columns += [pa.nulls(len(pairs), pa.int16())] * (len(PAIRS_GLOBAL) - 1 - len(columns))
    columns.append(pa.nulls(len(pairs), pa.float32()) if cosines is None else pa.array(cosines))
    return pa.Table.from_arrays(columns, schema=PAIRS_GLOBAL)
