"""The join of codes: equal to comparing all with all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.search import hamming
from imgsieve.search.hamming import as_words, join

_patiently = settings(deadline=None)
"""The first call compiles."""


def _codes(rng, count, *, likely=0.5, kinds=None):
    """Random codes whose bits are set with a probability; of fewer kinds, with a few bits changed, when asked."""
    bits = rng.random((count, 256)) < likely
    if kinds:
        bits = bits[:kinds][rng.integers(0, kinds, count)] ^ (rng.random((count, 256)) < 0.03)
    return np.packbits(bits, axis=1)


def _brute(queries, codes, radius, first=None):
    distances = np.unpackbits(queries[:, None] ^ codes[None], axis=2).sum(axis=2)
    wanted = distances <= radius
    if first is not None:
        wanted &= np.arange(len(codes)) >= first[:, None]
    rows, columns = np.nonzero(wanted)
    return rows, columns, distances[rows, columns]


def _same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@_patiently
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 40),
    others=st.integers(0, 60),
    radius=st.integers(0, 256),
    likely=st.sampled_from([0.02, 0.3, 0.5, 0.97]),
    kinds=st.sampled_from([None, 1, 3]),
    triangular=st.booleans(),
)
def test_it_equals_comparing_all_with_all(seed, count, others, radius, likely, kinds, triangular):
    rng = np.random.default_rng(seed)
    queries, codes = (_codes(rng, n, likely=likely, kinds=kinds and min(kinds, n)) for n in (count, others))
    first = rng.integers(0, others + 2, count).astype(np.int64) if triangular else None
    _same(join(as_words(queries), as_words(codes), radius, first), _brute(queries, codes, radius, first))


@pytest.mark.parametrize("radius", [0, 12, 60, 100])
def test_many_tiles_and_blocks_and_more_pairs_than_there_is_room_for(radius):
    rng = np.random.default_rng(radius)
    queries, codes = _codes(rng, 1100, kinds=40), _codes(rng, 3000, kinds=40)
    codes[::3] = queries[rng.integers(0, len(queries), 1000)]
    found = join(as_words(queries), as_words(codes), radius)
    words = queries.view(np.uint64)[:, None] ^ codes.view(np.uint64)[None]
    table = np.array([bin(k).count("1") for k in range(1 << 16)], np.uint8)
    distances = table[words.view(np.uint16)].sum(axis=2, dtype=np.int16)
    rows, columns = np.nonzero(distances <= radius)
    assert radius < 12 or len(rows) > 4096
    _same(found, (rows, columns, distances[rows, columns]))


def test_a_self_join_finds_each_pair_once():
    codes = _codes(np.random.default_rng(1), 2100, kinds=300)
    words = as_words(codes)
    rows, columns, _ = join(words, words, 30, np.arange(1, len(codes) + 1))
    assert (rows < columns).all()
    assert len({*zip(rows.tolist(), columns.tolist(), strict=True)}) == len(rows)
    both, _, _ = join(words, words, 30)
    assert len(both) == 2 * len(rows) + len(codes)


def test_types_and_the_memory_of_a_pair():
    words = as_words(_codes(np.random.default_rng(2), 10))
    rows, columns, distances = join(words, words, 256)
    assert (rows.dtype, columns.dtype, distances.dtype) == (np.int32, np.int32, np.int16)
    assert rows.itemsize + columns.itemsize + distances.itemsize <= hamming.PAIR_BYTES


def test_words_keep_all_bits():
    codes = _codes(np.random.default_rng(3), 5)
    words = as_words(codes)
    assert words.shape == (4, 5)
    np.testing.assert_array_equal(np.ascontiguousarray(words.T).view(np.uint8), codes)
