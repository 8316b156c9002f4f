"""Stage 1 for one picture: its digests, codes and corners are held against those of all images, block by block.

Every image is compared with the picture; a run, in which all images ask, looks at a choice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import RunConfig, WaveletConfig
from imgsieve.executors import Executor
from imgsieve.features.orientation import COUNT as TURNS
from imgsieve.finished.corners import Ballot
from imgsieve.finished.index import NOT_DESCRIBED, SearchIndex
from imgsieve.finished.query import QUERY, Query
from imgsieve.schema import HASH_BYTES
from imgsieve.search.words import distances
from imgsieve.stages import wavelet

__all__ = ["Closest", "Scan", "scan"]

_BLOCK_IMAGES = 4096
"""Images that are read at a time: 7 MB."""

_FAR = 8 * HASH_BYTES

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Closest:
    """The image whose whole code is the nearest."""

    image: int
    bits: int


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What stage 1 finds."""

    images: int
    """Images that could be described."""
    exact: dict[int, str]
    """``bytes`` or ``pixels``, by image."""
    proposed: pa.Table
    """`imgsieve.schema.PAIRS_WAVELET`: of the picture, `imgsieve.finished.query.QUERY`, and each image that came near
    and is not equal."""
    closest: Closest | None
    """Of all that are not equal; None where nothing can be compared."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What one block holds."""

    images: int
    exact: dict[int, str]
    proposals: NDArray[np.void]
    closest: Closest | None


def scan(index: SearchIndex, query: Query, config: RunConfig, executor: Executor) -> Scan:
    """Hold a picture against all images of a run."""
    ballot = Ballot(query, config.voting)
    block = _block_scan(index, query, config, ballot)
    spans = [(start, min(start + _BLOCK_IMAGES, index.count)) for start in range(0, index.count, _BLOCK_IMAGES)]
    found = list(executor.map(block, spans))
    exact = {image: kind for one in found for image, kind in one.exact.items()}
    proposals = np.concatenate([*(one.proposals for one in found), *ballot.proposals()])
    near = [one.closest for one in found if one.closest is not None]
    return Scan(
        images=sum(one.images for one in found),
        exact=exact,
        proposed=wavelet.table_of(proposals),
        closest=min(near, key=lambda one: one.bits, default=None),
    )


def _block_scan(
    index: SearchIndex, query: Query, config: RunConfig, ballot: Ballot
) -> Callable[[tuple[int, int]], _Found]:
    """Return what scans one block of images."""
    flat = query.row["contrast"] < wavelet.FLAT_CONTRAST

    def run(span: tuple[int, int]) -> _Found:
        contrast = index.read("contrast", *span).view(np.float32)[:, 0]
        exact = _equal(index, query, span, contrast != NOT_DESCRIBED)
        # Of equal images the first stands for all, as in a run.
        first = index.read("first", *span).view(np.int32)[:, 0]
        chosen = (contrast >= wavelet.FLAT_CONTRAST) & (first == np.arange(*span))
        chosen[[image - span[0] for image in exact]] = False
        images = np.nonzero(chosen)[0].astype(np.int32)
        described = int((contrast != NOT_DESCRIBED).sum())
        if flat or not len(images):
            return _Found(images=described, exact=exact, proposals=np.empty(0, wavelet.PROPOSAL), closest=None)
        whole, closest = _whole(index.read("wavelet_codes", *span)[images], images + span[0], query, config.wavelet)
        inside = _trimmed(index.read("trimmed_code", *span)[images], images + span[0], query, config.wavelet)
        ballot.ask(index, span, chosen)
        return _Found(images=described, exact=exact, proposals=np.concatenate([*whole, inside]), closest=closest)

    return run


def _equal(index: SearchIndex, query: Query, span: tuple[int, int], described: NDArray[np.bool_]) -> dict[int, str]:
    """Return the images that are equal, and how."""
    found: dict[int, str] = {}
    for column, kind in (("pixel_digest", "pixels"), ("content_digest", "bytes")):
        if query.row[column] is not None:
            same = described & (index.read(column, *span) == query.bytes_of(column)).all(axis=1)
            found |= dict.fromkeys((np.nonzero(same)[0] + span[0]).tolist(), kind)
    return found


def _ids(images: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the number of the picture for each image."""
    return np.full(len(images), QUERY, np.int32)


def _whole(
    codes: Bytes, images: NDArray[np.int32], query: Query, config: WaveletConfig
) -> tuple[list[NDArray[np.void]], Closest]:
    """Return proposals of whole pictures, each of both turned in all ways, and the closest."""
    own = query.bytes_of("wavelet_codes").reshape(TURNS, HASH_BYTES)
    codes = codes.reshape(-1, TURNS, HASH_BYTES)
    radius = max(config.max_distance_bits, config.exact_distance_bits)
    found, least = [], Closest(image=-1, bits=_FAR + 1)
    for turn in range(TURNS):
        asking = distances(np.ascontiguousarray(codes[:, 0]), own[turn])
        asked = distances(np.ascontiguousarray(codes[:, turn]), own[0])
        for bits, swapped in ((asking, False), (asked, True)):
            at = int(bits.argmin())
            least = min(least, Closest(image=int(images[at]), bits=int(bits[at])), key=lambda one: one.bits)
            near = bits <= radius
            some, turns = images[near], np.full(int(near.sum()), turn, np.int8)
            one, other = (some, _ids(some)) if swapped else (_ids(some), some)
            found.append(wavelet.whole_proposals(one, other, bits[near], turns))
    return found, least


def _trimmed(codes: Bytes, images: NDArray[np.int32], query: Query, config: WaveletConfig) -> NDArray[np.void]:
    """Return proposals of pictures without their margins."""
    bits = distances(codes, query.bytes_of("trimmed_code")[0])
    near = bits <= config.max_trimmed_distance_bits
    return wavelet.trimmed_proposals(_ids(images[near]), images[near], bits[near])
