"""Matches of local codes: near ones of two images, each once, whatever the order they come in."""

from __future__ import annotations

import numpy as np
import pytest

from imgsieve.features.local_codes import BITS
from imgsieve.search.neighborhoods import LOCAL_RECORD, draw_key, key_bytes_table, keys_of, matches_of

RADIUS = 10


def _records(rng, count, images=40, turns=1):
    """Codes of a few kinds with a few bits flipped, of random images in increasing order."""
    kinds = rng.integers(0, 2, (max(1, count // 6), BITS), dtype=np.uint8)
    bits = kinds[rng.integers(0, len(kinds), count)] ^ (rng.random((count, BITS)) < 0.03)
    records = np.zeros(count, LOCAL_RECORD)
    records["code"] = np.packbits(bits, axis=1, bitorder="little").view(np.uint64)
    records["image"] = np.sort(rng.integers(0, images, count))
    records["turn"] = rng.integers(0, turns, count)
    # A place of its own for each code, by which it is known again.
    records["down"], records["right"], records["scale"] = np.arange(count) // 256, np.arange(count) % 256, 1
    return records


def _found(records, window, neighbors, number=0):
    return matches_of(records, key_bytes_table(draw_key(number)), window, neighbors, RADIUS)


def _rows_of(matches):
    """Return which codes match: shape (m, 2)."""
    places = matches["places"].astype(int)
    return np.stack([places[:, 0] * 256 + places[:, 1], places[:, 3] * 256 + places[:, 4]], axis=1)


def _all_near(records):
    """All pairs of codes that may match, by comparing all with all: lower image first."""
    code, image, turn = records["code"], records["image"], records["turn"]
    apart = np.bitwise_count(code[:, None] ^ code[None]).sum(axis=2)
    upright = (image[:, None] < image[None]) & (turn[:, None] == 0)
    return {(int(i), int(j)): int(apart[i, j]) for i, j in zip(*np.nonzero(upright & (apart <= RADIUS)), strict=True)}


@pytest.mark.parametrize(("count", "turns"), [(0, 1), (1, 1), (2, 1), (300, 1), (300, 8)])
def test_a_window_over_all_finds_what_comparing_all_finds(count, turns):
    records = _records(np.random.default_rng(count + turns), count, turns=turns)
    matches = _found(records, window=count, neighbors=count)
    expected = _all_near(records)
    pairs = [tuple(row) for row in _rows_of(matches).tolist()]
    assert len(pairs) == len(set(pairs))
    assert dict(zip(pairs, matches["bits"].tolist(), strict=True)) == expected
    assert count < 300 or len(expected) > 50


@pytest.mark.parametrize("window", [1, 5, 50])
@pytest.mark.parametrize("neighbors", [1, 2, 4])
def test_every_match_is_near_and_of_two_images(window, neighbors):
    records = _records(np.random.default_rng(7), 600, turns=3)
    matches, near = _found(records, window, neighbors), _all_near(records)
    rows = [tuple(row) for row in _rows_of(matches).tolist()]
    assert 0 < len(rows) == len(set(rows))
    assert [near[row] for row in rows] == matches["bits"].tolist()
    for name, side in (("a", 0), ("b", 1)):
        np.testing.assert_array_equal(records["image"][[row[side] for row in rows]], matches[name])
    np.testing.assert_array_equal(records["turn"][[row[1] for row in rows]], matches["turn"])
    assert not records["turn"][[row[0] for row in rows]].any()
    assert (matches["a"] < matches["b"]).all()


def test_a_code_matches_its_nearest():
    records = np.zeros(5, LOCAL_RECORD)
    records["image"] = records["right"] = np.arange(5)
    for row, bits in enumerate((0, 1, 3, 6, 10)):
        records["code"][row, 0] = (1 << bits) - 1
    rows = {tuple(row) for row in _rows_of(_found(records, window=5, neighbors=1)).tolist()}
    assert rows == {(0, 1), (1, 2), (2, 3), (3, 4)}


def test_wider_windows_find_more():
    records = _records(np.random.default_rng(8), 2000, images=500)
    counts = [len(_found(records, window, neighbors=64)) for window in (1, 8, 64)]
    assert counts[0] < counts[1] < counts[2]


def test_orders_are_drawn_anew_and_the_same_each_time():
    keys = [draw_key(number) for number in range(4)]
    assert all(len(set(key.tolist())) == 64 for key in keys)
    assert len({key.tobytes() for key in keys}) == 4
    np.testing.assert_array_equal(draw_key(2), keys[2])


def test_a_key_has_the_drawn_bits_of_its_code():
    rng = np.random.default_rng(9)
    codes, positions = rng.integers(0, 2**63, (50, 2)).astype(np.uint64), draw_key(1)
    bits = np.unpackbits(codes.view(np.uint8), axis=1, bitorder="little")[:, positions]
    expected = np.ascontiguousarray(np.packbits(bits, axis=1, bitorder="big")).view(">u8")[:, 0]
    np.testing.assert_array_equal(keys_of(codes, key_bytes_table(positions)), expected)


def test_crowds_of_equal_codes_name_few_each():
    records = np.zeros(3000, LOCAL_RECORD)
    records["image"] = np.arange(3000)
    matches = _found(records, window=64, neighbors=2)
    assert len(matches) <= 2 * 3000
    assert set(matches["a"].tolist()) | set(matches["b"].tolist()) == set(range(3000))
