"""Codes of all images in blocks, which are brought to where tasks need them, and what is learned of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgsieve.executors import Executor, Shared, Titled
from imgsieve.runs.block_spill import BlockSpill
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.meeting import blocks_of
from imgsieve.schema import HASH_BYTES
from imgsieve.search.crowds import LEAST_CROWD, is_large
from imgsieve.search.equality import first_equal, mixed
from imgsieve.search.partition import Partition, partition_of, sample_rows
from imgsieve.search.tallies import crowded_rows, tally_keys

__all__ = ["CodeBlock", "CodeBlocks", "Crowds", "first_equal_images"]

_CODE_OF_ROW = np.dtype([("code", "<u8", 4), ("row", "<i4")])
_BUCKET_CODES = 1 << 18
"""Codes that are put in order at a time, about."""


@dataclass(frozen=True)
class CodeBlock:
    """Codes that are searched."""

    codes: Shared[NDArray[np.uint8]]
    """Shape (n, 32)."""
    images: NDArray[np.int32]
    """Shape (n,), increasing."""


@dataclass(frozen=True)
class Crowds:
    """What all codes of a column together tell."""

    partition: Partition | None
    """Substrings for joins of them; None where there are so few codes that each block may choose its own."""
    rows: NDArray[np.int32]
    """Shape (n,), increasing: those that are in crowds,"""
    codes: NDArray[np.uint8]
    """and their codes, shape (n, 32)."""


class CodeBlocks:
    """The first codes of a column, block by block.

    Parameters
    ----------
    features
        Where they are.
    executor
        Carries out what is done with them.
    size
        Images of a block.
    """

    def __init__(self, features: FeatureColumns, executor: Executor, size: int) -> None:
        self._features = features
        self._executor = executor
        self._size = size

    def of(self, column: str, images: NDArray[np.int32]) -> Iterator[CodeBlock]:
        """Yield the first codes of a column, block by block, as parts of tasks."""
        for some, block in blocks_of(self._features, images, column, 1, self._size):
            yield CodeBlock(self._executor.share(block[0].copy()), some)

    def crowds(self, column: str, images: NDArray[np.int32], radius: int) -> Crowds:
        """Return which of some images are in crowds, as rows of these."""
        nobody = np.empty(0, np.int32), np.empty((0, HASH_BYTES), np.uint8)
        if len(images) <= LEAST_CROWD:
            return Crowds(None, *nobody)
        sample = self._sampled(column, images)
        partition = partition_of(sample, len(images), radius)
        blocks = [block.codes for block in self.of(column, images)]
        counted = Titled("wavelet: keys of block", _Tally(partition))
        counts = np.zeros((len(partition.positions), 1 << partition.bits), np.int64)
        for found in self._executor.map(counted, blocks):
            counts += found
        large = is_large(counts, len(images), partition.bits)
        if not large.any():
            return Crowds(partition, *nobody)
        picked = Titled("wavelet: crowds of block", _Pick(partition, large))
        starts = range(0, len(images), self._size)
        found_rows, found_codes = [], []
        for start, (rows, codes) in zip(starts, self._executor.map(picked, blocks), strict=True):
            found_rows.append(rows + np.int32(start))
            found_codes.append(codes)
        return Crowds(partition, np.concatenate(found_rows), np.concatenate(found_codes))

    def _sampled(self, column: str, images: NDArray[np.int32]) -> NDArray[np.uint8]:
        """Return the codes from which it is learned which bits go together."""
        chosen = images[sample_rows(len(images))]
        blocks = blocks_of(self._features, chosen, column, 1, len(chosen))
        return np.concatenate([block[0].copy() for _, block in blocks])


def first_equal_images(features: FeatureColumns, column: str, images: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return for each image the first one, as a row of these, whose code is equal: by ranges of the codes."""
    first = np.arange(len(images), dtype=np.int32)
    buckets, row = len(images) // _BUCKET_CODES + 1, 0
    with BlockSpill(features.folder, _CODE_OF_ROW, buckets) as spill:
        for some, block in blocks_of(features, images, column, 1, _BUCKET_CODES):
            records = np.empty(len(some), _CODE_OF_ROW)
            records["code"] = block[0].view(np.uint64)
            records["row"] = np.arange(row, row + len(some))
            spill.add(records, (mixed(records["code"].copy()) % np.uint64(buckets)).astype(np.int64))
            row += len(some)
        spill.finish()
        for bucket in range(buckets):
            records = spill.read(bucket)
            rows = records["row"].copy()
            first[rows] = rows[first_equal(records["code"].copy())]
    return first


@dataclass(frozen=True)
class _Tally:
    """Counts the keys of a block."""

    partition: Partition

    def __call__(self, codes: Shared[NDArray[np.uint8]]) -> NDArray[np.int64]:
        return tally_keys(codes.value, self.partition)


@dataclass(frozen=True)
class _Pick:
    """Picks the crowded codes of a block."""

    partition: Partition
    large: NDArray[np.bool_]

    def __call__(self, codes: Shared[NDArray[np.uint8]]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        rows = crowded_rows(codes.value, self.partition, self.large)
        return rows, codes.value[rows]
