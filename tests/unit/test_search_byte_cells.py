"""Nearest vectors of bytes are those of brute force, in whatever portions they come; cells hold what is near."""

from __future__ import annotations

import numpy as np
import pytest

from imgsieve.search.byte_cells import DIMENSIONS, centers_of, merge_nearest, nearest_centers


def vectors_of(count, seed=0, spread=0.7, length=60):
    """Return vectors of about one length of which every five are like each other."""
    rng = np.random.default_rng(seed)
    centers = np.repeat(rng.standard_normal((-(-count // 5), DIMENSIONS)), 5, axis=0)[:count]
    vectors = centers + spread * rng.standard_normal((count, DIMENSIONS))
    scaled = np.rint(length * vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return scaled.astype(np.int8)[rng.permutation(count)]


def brute_force(vectors, ids, neighbors, least):
    products = vectors.astype(np.int64) @ vectors.T.astype(np.int64)
    out = []
    for row, line in enumerate(products):
        near = sorted((-product, int(ids[j])) for j, product in enumerate(line) if j != row and product >= least)
        out.append([(number, -product) for product, number in near[:neighbors]])
    return out


def found(vectors, ids, neighbors, least, portions, order):
    near = np.full((len(vectors), neighbors), -1, np.int32)
    products = np.full(near.shape, least, np.int32)
    everyone = np.arange(len(vectors))
    for part in np.array_split(order, portions):
        merge_nearest(everyone, vectors, ids, np.ascontiguousarray(vectors[part]), ids[part], near, products)
    return [
        [(int(n), int(p)) for n, p in zip(numbers, values, strict=True) if n >= 0]
        for numbers, values in zip(near, products, strict=True)
    ]


@pytest.mark.parametrize("neighbors", [1, 4, 30])
@pytest.mark.parametrize("least", [-4000, 1200, 2400])
@pytest.mark.parametrize("portions", [1, 7])
def test_nearest_are_those_of_brute_force_in_any_portions(neighbors, least, portions):
    vectors = vectors_of(300)
    rng = np.random.default_rng(1)
    ids = np.sort(rng.choice(10_000, len(vectors), replace=False)).astype(np.int32)
    expected = brute_force(vectors, ids, neighbors, least)
    assert found(vectors, ids, neighbors, least, portions, rng.permutation(len(vectors))) == expected


def test_of_equal_products_the_lower_numbers_stay():
    vectors = np.repeat(vectors_of(1), 9, axis=0)
    ids = np.arange(9, dtype=np.int32)
    least = int((vectors[0].astype(int) ** 2).sum())
    for portions, order in ((1, np.arange(9)[::-1]), (3, np.array([4, 8, 2, 0, 7, 1, 3, 6, 5]))):
        near = [[number for number, _ in line] for line in found(vectors, ids, 2, least, portions, order)]
        assert near == [[1, 2], [0, 2], *[[0, 1]] * 7]


def test_only_those_that_ask_are_compared():
    vectors = vectors_of(20)
    ids = np.arange(20, dtype=np.int32)
    near = np.full((20, 3), -1, np.int32)
    merge_nearest(np.array([4, 7]), vectors, ids, vectors, ids, near, np.full((20, 3), -10_000, np.int32))
    assert (near >= 0).all(axis=1).nonzero()[0].tolist() == [4, 7]


def test_nearest_centers_are_ordered_and_the_first_of_equals_comes_first():
    vectors, centers = vectors_of(50), vectors_of(12, seed=3)
    centers = np.concatenate([centers, centers[:3]])
    products = vectors.astype(int) @ centers.T.astype(int)
    expected = np.argsort(-products, axis=1, kind="stable")[:, :6]
    assert (nearest_centers(vectors, centers, 6) == expected).all()


def test_centers_hold_what_is_near_and_do_not_depend_on_chance():
    vectors = vectors_of(4000, spread=0.3)
    centers = centers_of(vectors, 40)
    assert (centers == centers_of(vectors, 40)).all()
    cells = nearest_centers(vectors, centers, 40)
    # Of the four that resemble a vector, nearly all lie in one of the four cells that are nearest to it.
    near = brute_force(vectors[:400], np.arange(400), 4, 2600)
    pairs = [(row, number) for row, line in enumerate(near) for number, _ in line]
    assert len(pairs) > 20
    assert np.mean([cells[number, 0] in cells[row, :4] for row, number in pairs]) > 0.95


def test_more_centers_than_kinds_are_no_harm():
    vectors = np.repeat(vectors_of(2), 50, axis=0)
    assert set(nearest_centers(vectors, centers_of(vectors, 10), 1)[:, 0].tolist()) <= set(range(10))
