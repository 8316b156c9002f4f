"""Stage 1: exact duplicates by digest, and pairs proposed by their wavelet codes.

Its table is `imgsieve.schema.PAIRS_WAVELET`. Codes are searched by `imgsieve.search`; what is found becomes proposals
here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.features import regions
from imgsieve.features.orientation import COUNT, compose_inverse
from imgsieve.schema import HASH_BYTES, PAIRS_WAVELET, Verdict
from imgsieve.search.equality import first_equal

__all__ = [
    "FLAT_CONTRAST",
    "PROPOSAL",
    "exact_classes",
    "exact_pairs",
    "other_proposals",
    "regional_proposals",
    "table_of",
    "whole_proposals",
]

FLAT_CONTRAST = 1.5
"""Gray levels of deviation below which a picture has nothing to compare; only its bytes and pixels speak for it."""

PROPOSAL = np.dtype(
    [("a", "<i4"), ("b", "<i4"), ("bits", "<i2"), ("orientation", "i1"), ("region_a", "i1"), ("region_b", "i1")]
)
"""A proposed pair while it waits for its equals: 13 bytes. Columns as in `imgsieve.schema.PAIRS_WAVELET`."""

_INVERSE = np.array([compose_inverse(turn) for turn in range(COUNT)], np.int8)


def exact_classes(first: NDArray[np.int32], digests: NDArray[np.uint64], alive: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Join the classes of equal images by one more kind of digest.

    Parameters
    ----------
    first
        Shape (n,), int32: the first image of the class of each so far. Images of a class must have equal digests,
        as equal bytes have equal pixels, or none.
    digests
        Shape (n, 2), uint64; zeros where there is none.
    alive
        Shape (n,), bool: images that could be described.

    Returns
    -------
    Shape (n,), int32: the first image that each is equal to; itself when there is none.
    """
    joined = first.copy()
    speak = np.nonzero(alive & digests.any(axis=1))[0].astype(np.int32)
    # Going on from the first of each class joins whole classes.
    np.minimum.at(joined, first[speak], first[speak[first_equal(digests[speak])]])
    return joined[joined]


def exact_pairs(first: NDArray[np.int32], copies: NDArray[np.int32], same_bytes: NDArray[np.bool_]) -> pa.Table:
    """Return the accepted pairs of equal images, each with the first of its class: all of shape (n,)."""
    none = np.full(len(first), regions.WHOLE)
    kind = np.where(same_bytes, "bytes", "pixels")
    zeros = np.zeros(len(first), np.int8)
    return _table(first, copies, zeros, none, none, zeros, Verdict.ACCEPTED, kind)


def other_proposals(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.void]:
    """Return proposals that another search made; nothing is known of their codes. See `whole_proposals`."""
    far = np.full(len(one), HASH_BYTES * 8, np.int16)
    return whole_proposals(one, other, far, np.zeros(len(one), np.int8))


def whole_proposals(
    one: NDArray[np.int32], other: NDArray[np.int32], bits: NDArray[np.int16], turns: NDArray[np.int8]
) -> NDArray[np.void]:
    """Return proposals of whole pictures: ``one``, turned by ``turns``, resembles ``other``.

    Parameters
    ----------
    one, other
        Shape (n,), int32: images.
    bits
        Shape (n,), int16: distances of their codes.
    turns
        Shape (n,), int8: orientations.

    Returns
    -------
    Shape (n,), `PROPOSAL`.
    """
    out = np.empty(len(one), PROPOSAL)
    out["a"], out["b"], out["bits"] = np.minimum(one, other), np.maximum(one, other), bits
    # The orientation of a pair turns b into a.
    out["orientation"] = np.where(one < other, _INVERSE[turns], turns)
    out["region_a"] = out["region_b"] = regions.WHOLE
    return out


def regional_proposals(
    one: NDArray[np.int32],
    other: NDArray[np.int32],
    bits: NDArray[np.int16],
    region_one: NDArray[np.int8],
    region_other: int,
) -> NDArray[np.void]:
    """Return proposals of which a region of ``one`` met the whole or a region of ``other``; see `whole_proposals`."""
    out = np.empty(len(one), PROPOSAL)
    swap = one > other
    out["a"], out["b"], out["bits"] = np.where(swap, other, one), np.where(swap, one, other), bits
    out["orientation"] = 0
    out["region_a"] = np.where(swap, region_other, region_one)
    out["region_b"] = np.where(swap, region_one, region_other)
    return out


def table_of(proposals: NDArray[np.void]) -> pa.Table:
    """Return the closest of the proposals of each pair as a table, ordered by pair."""
    region = np.maximum(proposals["region_a"], proposals["region_b"])
    last = (proposals["region_a"], proposals["orientation"], region, proposals["bits"])
    ordered = proposals[np.lexsort((*last, proposals["b"], proposals["a"]))]
    fresh = np.ones(len(ordered), bool)
    fresh[1:] = (ordered["a"][1:] != ordered["a"][:-1]) | (ordered["b"][1:] != ordered["b"][:-1])
    best = ordered[fresh]
    columns = (best[name] for name in ("a", "b", "orientation", "region_a", "region_b", "bits"))
    a, b, orientation, region_a, region_b, bits = columns
    return _table(a, b, orientation, region_a, region_b, bits, Verdict.UNDECIDED, None)


def _table(
    a: NDArray[Any],
    b: NDArray[Any],
    orientation: NDArray[np.int8],
    region_a: NDArray[Any],
    region_b: NDArray[Any],
    bits: NDArray[Any],
    verdict: str,
    exact: NDArray[np.str_] | None,
) -> pa.Table:
    """Put columns together in the order of the schema."""
    n = len(a)
    columns = [
        pa.array(a.astype(np.int64)),
        pa.array(b.astype(np.int64)),
        pa.array(np.ascontiguousarray(orientation)),
        pa.array(region_a.astype(np.int8)),
        pa.array(region_b.astype(np.int8)),
        pa.repeat(verdict, n),
        pa.array(bits.astype(np.int16)),
        pa.nulls(n, pa.string()) if exact is None else pa.array(exact, pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=PAIRS_WAVELET)
