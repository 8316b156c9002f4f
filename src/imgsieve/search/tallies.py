"""Crowds of codes that are not in one memory: keys are counted block by block, then crowded codes are picked.

What `imgsieve.search.crowds.leaders` does with all codes at hand is done here in two passes over blocks of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from imgsieve.search.buckets import write_keys
from imgsieve.search.crowds import is_crowded
from imgsieve.search.partition import Partition

__all__ = ["crowded_rows", "tally_keys"]


def tally_keys(codes: NDArray[np.uint8], partition: Partition) -> NDArray[np.int64]:
    """Return how many codes of shape (n, 32) have each key of each substring: shape (substrings, keys)."""
    return np.stack([counts for _, counts in _keyed(codes, partition)]).astype(np.int64)


def crowded_rows(codes: NDArray[np.uint8], partition: Partition, large: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the rows of codes of which most keys are crowded.

    Parameters
    ----------
    codes
        Shape (n, 32), uint8.
    large
        Shape (substrings, keys): the crowded keys, by all codes.
    """
    crowded = np.zeros(len(codes), np.uint8)
    for part, (keys, _) in enumerate(_keyed(codes, partition)):
        crowded += large[part][keys]
    return np.nonzero(is_crowded(crowded, len(large)))[0].astype(np.int32)


def _keyed(codes: NDArray[np.uint8], partition: Partition) -> Iterator[tuple[NDArray[np.uint16], NDArray[np.int32]]]:
    """Yield the key of each code, and how many codes each key has, substring by substring."""
    keys = np.empty(len(codes), np.uint16)
    for part in range(len(partition.positions)):
        counts = np.zeros(1 << partition.bits, np.int32)
        used = np.unique(partition.positions[part] // 8)
        write_keys(codes, partition.table(part), used, keys, counts)
        yield keys, counts
