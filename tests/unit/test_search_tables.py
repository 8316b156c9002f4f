"""The wide search: exact with one table of no bits, and with more tables as good as its draw promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from codes_made import all_with_all, flipped, made_codes
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.search.nearest import Nearest
from imgsieve.search.tables import Tables, search, tables_for

_patiently = settings(deadline=None)


def _found(nearest):
    """What was kept, by picture: (distance, row, kind)."""
    kept = {}
    for picture, row, bits, kind in zip(*nearest.pairs(), strict=True):
        kept.setdefault(int(picture), []).append((int(bits), int(row), int(kind)))
    return {picture: sorted(rows) for picture, rows in kept.items()}


def _expected(queries, own, codes, neighbors, radius):
    """The same by comparing all with all."""
    kept = {}
    for picture, kinds in enumerate(queries):
        apart = all_with_all(kinds, codes)
        best = [(int(apart[:, row].min()), row, int(apart[:, row].argmin())) for row in range(len(codes))]
        near = sorted(b for b in best if b[0] <= radius and b[1] != own[picture])[:neighbors]
        if near:
            kept[picture] = near
    return kept


@_patiently
@given(
    seed=st.integers(0, 2**32 - 1),
    pictures=st.integers(0, 12),
    kinds=st.integers(1, 4),
    count=st.integers(0, 60),
    neighbors=st.integers(1, 9),
    radius=st.integers(0, 130),
)
def test_without_bits_all_are_compared(seed, pictures, kinds, count, neighbors, radius):
    rng = np.random.default_rng(seed)
    queries = made_codes(rng, pictures * kinds, kinds=5).reshape(pictures, kinds, 32)
    codes = made_codes(rng, count, kinds=4)
    own = rng.integers(-1, max(count, 1), pictures).astype(np.int32)
    nearest = Nearest(pictures, neighbors, radius)
    search(queries.swapaxes(0, 1), own, codes, tables_for(count, 5, 100), nearest)
    assert _found(nearest) == _expected(queries, own, codes, neighbors, radius)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_find_the_same(threads):
    rng = np.random.default_rng(4)
    codes = made_codes(rng, 6000, kinds=900)
    queries = flipped(rng, codes[:3000], 40).reshape(1000, 3, 32)
    own = np.full(1000, -1, np.int32)
    one, other = Nearest(1000, 5, 90), Nearest(1000, 5, 90)
    tables = tables_for(len(codes), 30, 0)
    search(queries.swapaxes(0, 1), own, codes, tables, one)
    with ThreadPoolExecutor(threads) as pool:
        search(queries.swapaxes(0, 1), own, codes, tables, other, pool.map)
    assert _found(one) == _found(other)
    assert sum(map(len, _found(one).values())) > 3000


@pytest.mark.parametrize("bits", [30, 58, 64])
def test_the_recall_is_that_of_the_draw(bits):
    rng = np.random.default_rng(bits)
    codes = made_codes(rng, 20_000)
    queries = flipped(rng, codes[:4000], bits)
    # Fewer tables than a run has, so that there is something to miss.
    tables = Tables(tables_for(3_000_000, 60, 0).positions)
    nearest = Nearest(len(queries), 1, bits)
    search(queries[None], np.full(len(queries), -1, np.int32), codes, tables, nearest)
    found = (nearest.rows[:, 0] == np.arange(len(queries))).mean()
    # Bits are dealt out in rounds without repetition, which is a little better than chance.
    assert tables.recall(bits) - 0.03 < found < tables.recall(bits) + 0.06


def test_recall_grows_with_tables_and_falls_with_distance():
    more, fewer = tables_for(3_000_000, 288, 0), tables_for(3_000_000, 64, 0)
    assert more.positions.shape == (288, 14)
    assert more.recall(0) == 1
    assert more.recall(64) > 0.985
    assert fewer.recall(64) < fewer.recall(53) < fewer.recall(40)
    assert fewer.recall(53) < more.recall(53)


def test_the_work_for_a_query_does_not_grow_with_the_codes():
    shared = [count / 2 ** tables_for(count, 10, 0).positions.shape[1] for count in (10**5, 10**6, 3 * 10**6, 10**7)]
    assert max(shared) < 2.1 * min(shared)


@_patiently
@given(st.permutations(range(40)), st.integers(1, 6), st.integers(0, 2**16))
def test_the_nearest_do_not_depend_on_the_order_in_which_they_come(order, neighbors, seed):
    rng = np.random.default_rng(seed)
    rows, bits = rng.integers(0, 12, 40).astype(np.int32), rng.integers(0, 9, 40).astype(np.int16)
    kinds, pictures = rng.integers(0, 3, 40).astype(np.int8), rng.integers(0, 2, 40).astype(np.int32)
    at = np.array(order)
    one, other = Nearest(2, neighbors, 6), Nearest(2, neighbors, 6)
    one.offer(pictures, rows, bits, kinds)
    for part in np.array_split(at, 5):
        other.offer(pictures[part], rows[part], bits[part], kinds[part])
    assert _found(one) == _found(other)
    for picture, kept in _found(one).items():
        mine = pictures == picture
        offered = {}
        for row, apart, kind in sorted(zip(rows[mine], bits[mine], kinds[mine], strict=True), key=lambda o: o[1:]):
            offered.setdefault(int(row), (int(apart), int(row), int(kind)))
        assert kept == sorted(o for o in offered.values() if o[0] <= 6)[:neighbors]
