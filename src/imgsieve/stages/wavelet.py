"""Stage 1: exact duplicates by digest, and pairs proposed by their wavelet codes.

Its table is `imgsieve.schema.PAIRS_WAVELET`. Codes are searched by `imgsieve.search`; what is found becomes proposals
here.
"""

from __future__ import annotations

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
    "descriptor_proposals",
    "exact_classes",
    "exact_pairs",
    "other_proposals",
    "table_of",
    "trimmed_proposals",
    "voted_proposals",
    "whole_proposals",
]

FLAT_CONTRAST = 1.5
"""Gray levels of deviation below which a picture has nothing to compare; only its bytes and pixels speak for it."""

PROPOSAL = np.dtype(
    [
        ("a", "<i4"),
        ("b", "<i4"),
        ("bits", "<i2"),
        ("votes", "i1"),
        ("orientation", "i1"),
        ("region", "i1"),
        ("stands_out", "?"),
    ]
)
"""A proposed pair while it waits for its equals: 14 bytes. Columns as in `imgsieve.schema.PAIRS_WAVELET`."""

_FAR = HASH_BYTES * 8

_VOTED_BITS = 45
"""Votes tell how pictures lie on each other better than whole codes that are farther apart than this."""

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
    kind = np.where(same_bytes, "bytes", "pixels")
    same = _proposals(first, copies, np.zeros(len(first), np.int16), regions.WHOLE)
    return _table(same, Verdict.ACCEPTED, kind)


def other_proposals(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.void]:
    """Return proposals that another search made; nothing is known of their codes. See `whole_proposals`."""
    return whole_proposals(one, other, np.full(len(one), _FAR, np.int16), np.zeros(len(one), np.int8))


def descriptor_proposals(
    one: NDArray[np.int32], other: NDArray[np.int32], stands_out: NDArray[np.bool_]
) -> NDArray[np.void]:
    """Return proposals of pictures whose descriptors are near; it is not known how they lie on each other.

    Parameters
    ----------
    one, other
        Shape (n,), int32: images.
    stands_out
        Shape (n,): whether all but a few descriptors are far less near.
    """
    out = _proposals(one, other, np.full(len(one), _FAR, np.int16), regions.SOME_PART)
    out["stands_out"] = stands_out
    return out


def voted_proposals(
    a: NDArray[np.int32], b: NDArray[np.int32], turns: NDArray[np.int8], votes: NDArray[np.int8]
) -> NDArray[np.void]:
    """Return proposals of pictures of which some part matches: b, turned by ``turns``, resembles a.

    Parameters
    ----------
    a, b
        Shape (n,), int32: images, a below b.
    turns
        Shape (n,), int8: orientations.
    votes
        Shape (n,), int8: matches that agree.
    """
    out = _proposals(a, b, np.full(len(a), _FAR, np.int16), regions.SOME_PART)
    out["orientation"], out["votes"] = turns, votes
    return out


def trimmed_proposals(one: NDArray[np.int32], other: NDArray[np.int32], bits: NDArray[np.int16]) -> NDArray[np.void]:
    """Return proposals of pictures that met without their margins; see `whole_proposals`."""
    return _proposals(one, other, bits, regions.TRIMMED)


def _proposals(
    one: NDArray[np.int32], other: NDArray[np.int32], bits: NDArray[np.int16], region: int
) -> NDArray[np.void]:
    """Return upright proposals without votes."""
    out = np.zeros(len(one), PROPOSAL)
    out["a"], out["b"], out["bits"] = np.minimum(one, other), np.maximum(one, other), bits
    out["region"] = region
    return out


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
    out = _proposals(one, other, bits, regions.WHOLE)
    # The orientation of a pair turns b into a.
    out["orientation"] = np.where(one < other, _INVERSE[turns], turns)
    return out


def table_of(proposals: NDArray[np.void]) -> pa.Table:
    """Return the closest of the proposals of each pair, with all its votes, as a table ordered by pair."""
    bits = np.where(proposals["region"] == regions.SOME_PART, _VOTED_BITS, proposals["bits"])
    last = (proposals["orientation"], -proposals["votes"].astype(np.int16), proposals["region"], bits)
    ordered = proposals[np.lexsort((*last, proposals["b"], proposals["a"]))]
    fresh = np.ones(len(ordered), bool)
    fresh[1:] = (ordered["a"][1:] != ordered["a"][:-1]) | (ordered["b"][1:] != ordered["b"][:-1])
    best = ordered[fresh]
    if len(best):
        best["votes"] = np.maximum.reduceat(ordered["votes"], np.nonzero(fresh)[0])
        best["stands_out"] = np.logical_or.reduceat(ordered["stands_out"], np.nonzero(fresh)[0])
    return _table(best, Verdict.UNDECIDED, None)


def _table(proposals: NDArray[np.void], verdict: str, exact: NDArray[np.str_] | None) -> pa.Table:
    """Put columns together in the order of the schema."""
    n = len(proposals)
    columns = [
        pa.array(proposals["a"].astype(np.int64)),
        pa.array(proposals["b"].astype(np.int64)),
        *(pa.array(np.ascontiguousarray(proposals[name])) for name in ("orientation", "region", "votes")),
        pa.repeat(verdict, n),
        pa.array(np.ascontiguousarray(proposals["stands_out"])),
        pa.array(np.ascontiguousarray(proposals["bits"])),
        pa.nulls(n, pa.string()) if exact is None else pa.array(exact, pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=PAIRS_WAVELET)
