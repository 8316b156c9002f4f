"""Corners of one picture against those of many: what the compiled loop finds is what comparing all with all finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.search.asking import near_corners


def plainly(first: np.ndarray, second: np.ndarray, asked: np.ndarray, limits: np.ndarray) -> list[tuple[int, ...]]:
    """The same, one by one."""
    return [
        (i, k, j, bits)
        for i in range(len(first))
        for k in range(len(asked))
        for j in range(first.shape[1])
        for bits in [int(a) for a in [np.bitwise_count(asked[k] ^ np.array([first[i, j], second[i, j]])).sum()]]
        if bits <= limits[k]
    ]


@given(seed=st.integers(0, 2**32 - 1), images=st.integers(0, 6), asking=st.integers(0, 5), likeness=st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_it_finds_what_comparing_all_with_all_finds(seed: int, images: int, asking: int, likeness: int) -> None:
    chance = np.random.default_rng(seed)
    base = chance.integers(0, 2**64, 2, dtype=np.uint64)

    def codes(*shape: int) -> np.ndarray:
        flips = np.zeros((*shape, 2), np.uint64)
        for _ in range(likeness):
            flips ^= np.uint64(1) << chance.integers(0, 64, (*shape, 2)).astype(np.uint64)
        return base ^ flips

    theirs, asked = codes(images, 7), codes(asking)
    first, second = np.ascontiguousarray(theirs[:, :, 0]), np.ascontiguousarray(theirs[:, :, 1])
    limits = chance.integers(-1, 60, asking)
    found = near_corners(first, second, asked, limits)
    assert [tuple(row) for row in found.tolist()] == plainly(first, second, asked, limits)


def test_there_is_room_for_any_number() -> None:
    same = np.zeros((40, 80), np.uint64)
    found = near_corners(same, same, np.zeros((80, 2), np.uint64), np.zeros(80, np.int64))
    assert len(found) == 40 * 80 * 80
    assert (found[:, 3] == 0).all()
