"""Stage 1: exact duplicates by digest, and pairs proposed by their wavelet codes.

Reads ``content_digest``, ``pixel_digest``, ``wavelet_codes``, ``region_codes``, ``trimmed`` and ``contrast`` of the
features; its table is `imgsieve.schema.PAIRS_WAVELET`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import WaveletConfig
from imgsieve.features import regions
from imgsieve.features.orientation import COUNT, compose_inverse
from imgsieve.schema import HASH_BYTES, PAIRS_WAVELET, Verdict
from imgsieve.search.hamming import as_words, join

__all__ = [
    "FLAT_CONTRAST",
    "CodeBlock",
    "CodeIndex",
    "exact_classes",
    "exact_pairs",
    "merge",
    "proposals_of",
    "propose",
]

FLAT_CONTRAST = 1.5
"""Gray levels of deviation below which a picture has nothing to compare; only its bytes and pixels speak for it."""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Codes of consecutive images that are compared with all others."""

    ids: NDArray[np.int64]
    """Shape (n,), increasing."""
    codes: NDArray[np.uint8]
    """Shape (n, 8, 32)."""
    region_codes: NDArray[np.uint8]
    """Shape (n, 46, 32)."""


@dataclass(frozen=True, slots=True)
class CodeIndex:
    """What every block is compared with: the upright codes of all images that take part."""

    ids: NDArray[np.int64]
    """Shape (n,), increasing."""
    whole: NDArray[np.uint64]
    """Shape (4, n)."""
    trimmed: NDArray[np.uint64]
    """Shape (4, n)."""


def exact_classes(
    content: NDArray[np.uint64], pixels: NDArray[np.uint64], alive: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Find the images that are equal.

    Parameters
    ----------
    content, pixels
        Shape (n, 2), uint64: digests of bytes and of upright pixels; zeros where there is none.
    alive
        Shape (n,), bool: images that could be described.

    Returns
    -------
    Shape (n,), int64: the first image that each is equal to, in bytes or in pixels; itself when there is none.
    """
    first = np.arange(len(content), dtype=np.int64)
    for digests in (content, pixels):
        speak = np.nonzero(alive & digests.any(axis=1))[0]
        # Equal bytes have equal pixels, so going on from the first of each class joins whole classes.
        leader = first[speak[_first_equal(digests[speak])]]
        np.minimum.at(first, first[speak], leader)
        first = first[first]
    return first


def _first_equal(digests: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return, for each row of shape (n, 2), the first row that is equal to it."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    ordered = digests[order]
    opens = np.ones(len(order), bool)
    opens[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    out = np.empty(len(order), np.int64)
    # lexsort is stable, so the first of a run is the first of the rows.
    out[order] = order[opens][np.cumsum(opens) - 1]
    return out


def exact_pairs(first: NDArray[np.int64], content: NDArray[np.uint64]) -> pa.Table:
    """Return the accepted pairs of equal images, each with the first of its class."""
    b = np.nonzero(first != np.arange(len(first)))[0].astype(np.int64)
    a = first[b]
    kind = np.where((content[a] == content[b]).all(axis=1), "bytes", "pixels")
    none = np.full(len(a), regions.WHOLE)
    return _table(a, b, 0, none, none, np.zeros(len(a)), Verdict.ACCEPTED, kind)


def proposals_of(one: NDArray[np.int64], other: NDArray[np.int64]) -> pa.Table:
    """Return proposals that another search made; nothing is known of their codes."""
    none = np.full(len(one), regions.WHOLE)
    far = np.full(len(one), HASH_BYTES * 8)
    return _table(np.minimum(one, other), np.maximum(one, other), 0, none, none, far, Verdict.UNDECIDED, None)


def propose(block: CodeBlock, index: CodeIndex, config: WaveletConfig) -> pa.Table:
    """Propose pairs of the images of a block with all images: whole pictures and, if wished, regions."""
    found = [_whole(block, index, turn, config.max_distance_bits) for turn in range(COUNT)]
    if config.regions:
        radius = config.max_region_distance_bits
        found += [_region(block, index, region, radius) for region in range(regions.COUNT)]
        found.append(_trimmed(block, index, radius))
    return merge(pa.concat_tables(found))


def merge(pairs: pa.Table) -> pa.Table:
    """Keep the closest proposal of each pair, ordered by pair."""
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    region = np.maximum(pairs["region_a"].to_numpy(), pairs["region_b"].to_numpy())
    order = np.lexsort((pairs["orientation"].to_numpy(), region, pairs["distance_bits"].to_numpy(), b, a))
    a, b = a[order], b[order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return pairs.take(pa.array(order[fresh]))


def _whole(block: CodeBlock, index: CodeIndex, turn: int, radius: int) -> pa.Table:
    """Compare whole pictures, those of the block turned, with all later ones."""
    later = np.searchsorted(index.ids, block.ids, side="right")
    rows, columns, bits = join(as_words(block.codes[:, turn]), index.whole, radius, later)
    none = np.full(len(rows), regions.WHOLE)
    return _table(block.ids[rows], index.ids[columns], compose_inverse(turn), none, none, bits, Verdict.UNDECIDED, None)


def _region(block: CodeBlock, index: CodeIndex, region: int, radius: int) -> pa.Table:
    """Compare one region of the pictures of the block with all whole pictures."""
    rows, columns, bits = join(as_words(block.region_codes[:, region]), index.whole, radius)
    return _regional(block.ids[rows], index.ids[columns], region, regions.WHOLE, bits)


def _trimmed(block: CodeBlock, index: CodeIndex, radius: int) -> pa.Table:
    """Compare the trimmed pictures of the block with all trimmed pictures."""
    rows, columns, bits = join(as_words(block.region_codes[:, regions.TRIMMED]), index.trimmed, radius)
    return _regional(block.ids[rows], index.ids[columns], regions.TRIMMED, regions.TRIMMED, bits)


def _regional(
    one: NDArray[np.int64], other: NDArray[np.int64], region_one: int, region_other: int, bits: NDArray[np.int16]
) -> pa.Table:
    """Return proposals of regions, the lower number first, a picture with itself left out."""
    differ = one != other
    one, other, bits = one[differ], other[differ], bits[differ]
    swap = one > other
    return _table(
        np.where(swap, other, one),
        np.where(swap, one, other),
        0,
        np.where(swap, region_other, region_one),
        np.where(swap, region_one, region_other),
        bits,
        Verdict.UNDECIDED,
        None,
    )


def _table(
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    orientation: int,
    region_a: NDArray[np.int64],
    region_b: NDArray[np.int64],
    bits: NDArray[Any],
    verdict: str,
    exact: NDArray[np.str_] | None,
) -> pa.Table:
    """Put columns together in the order of the schema."""
    n = len(a)
    columns = [
        pa.array(a, pa.int64()),
        pa.array(b, pa.int64()),
        pa.array(np.full(n, orientation, np.int8)),
        pa.array(region_a.astype(np.int8)),
        pa.array(region_b.astype(np.int8)),
        pa.array([verdict] * n, pa.string()),
        pa.array(bits.astype(np.int16)),
        pa.nulls(n, pa.string()) if exact is None else pa.array(exact, pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=PAIRS_WAVELET)
