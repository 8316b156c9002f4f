"""Pairs of different pictures whose codes are nearest: the strangers that are hardest to tell from copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["least_distances", "nearest_strangers"]

_WHOLE = -1
_BLOCK = 32


def nearest_strangers(
    codes: Mapping[int, NDArray[np.uint64]], is_copy: Callable[[tuple[int, int]], bool], count: int
) -> list[dict[str, Any]]:
    """Return pairs of whole pictures as a table of pairs has them, each once, in the order of the pairs.

    Parameters
    ----------
    codes
        By image, shape (8, 4): the code in every orientation.
    is_copy
        Whether two images are made from one picture; those are left out.
    count
        How many of the nearest of each image are looked at.
    """
    images = np.array(sorted(codes))
    stacked = np.stack([codes[image] for image in images.tolist()])
    near: dict[tuple[int, int], dict[str, Any]] = {}
    for start in range(0, len(images), _BLOCK):
        distances = _distances(stacked[start : start + _BLOCK, 0], stacked)
        turns, least = distances.argmin(axis=2), distances.min(axis=2)
        chosen = np.argsort(least, axis=1, kind="stable")[:, : count + 1]
        for row, others in enumerate(chosen.tolist()):
            a = int(images[start + row])
            for other in others:
                b, turn = int(images[other]), int(turns[row, other])
                # An image that was met from the other side has the same pair, turned back.
                if a < b and not is_copy((a, b)):
                    near[a, b] = {"a": a, "b": b, "orientation": turn, "region": _WHOLE, "votes": 0,
                                  "stands_out": False, "distance_bits": int(least[row, other])}  # fmt: skip
    return [near[pair] for pair in sorted(near)]


def least_distances(pairs: Sequence[tuple[int, int]], codes: Mapping[int, NDArray[np.uint64]]) -> NDArray[np.float64]:
    """Return, for each pair, the least distance of the upright code of one from the eight codes of the other."""
    found = []
    for start in range(0, len(pairs), 20_000):
        some = pairs[start : start + 20_000]
        upright, turned = np.stack([codes[a][0] for a, _ in some]), np.stack([codes[b] for _, b in some])
        bits = np.bitwise_count(upright[:, None] ^ turned).sum(axis=2, dtype=np.int64)
        found.append(bits.min(axis=1).astype(np.float64))
    return np.concatenate(found) if found else np.empty(0)


def _distances(some: NDArray[np.uint64], stacked: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return shape (len(some), n, 8): the distances of some upright codes from all codes."""
    return np.asarray(np.bitwise_count(some[:, None, None] ^ stacked[None]).sum(axis=3), np.int64)
