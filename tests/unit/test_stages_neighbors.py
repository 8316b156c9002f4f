"""The nearest descriptors of each picture: which are proposed, and which stand out, held against brute force."""

import numpy as np
import pytest

from imgsieve.config import GlobalConfig
from imgsieve.features.descriptor import UNIT, least_product
from imgsieve.schema import DESCRIPTOR_BYTES
from imgsieve.stages.neighbors import Neighbors
from imgsieve.stages.wavelet import descriptor_proposals, table_of, voted_proposals

CONFIG = GlobalConfig(propose_similarity=0.4, propose_neighbors=3, sure_margin=0.2)


def _descriptors(seed, count=60, copies=4, noise=0.9):
    """Return descriptors of which every few resemble each other."""
    rng = np.random.default_rng(seed)
    wide = np.repeat(rng.standard_normal((-(-count // copies), DESCRIPTOR_BYTES)), copies, axis=0)[:count]
    wide += noise * rng.standard_normal(wide.shape)
    return np.rint(UNIT * wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.int8)


def _found(descriptors, config=CONFIG, step=60, without=(), **options):
    images = np.arange(len(descriptors), dtype=np.int32) + 100
    neighbors = Neighbors(descriptors, images, config, **options)
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        neighbors.meet(np.arange(len(images)), descriptors[part], images[part])
    one, other, stands_out = neighbors.proposed(without)
    return sorted(zip(one.tolist(), other.tolist(), stands_out.tolist(), strict=True))


def _expected(descriptors, config=CONFIG, without=()):
    products = descriptors.astype(np.int64) @ descriptors.T
    floor = least_product(config.propose_similarity - config.sure_margin)
    out = []
    for row in range(len(descriptors)):
        others = [k for k in range(len(descriptors)) if k != row and k + 100 not in without]
        near = sorted((-products[row, k], k) for k in others)
        around = [-negative for negative, _ in near] + [0] * 9
        for negative, k in near[: config.propose_neighbors]:
            if -negative >= least_product(config.propose_similarity):
                tenth = max(floor, around[2 * config.propose_neighbors - 1])
                out.append((row + 100, k + 100, -negative - tenth >= least_product(config.sure_margin)))
    return sorted(out)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("copies", [2, 4, 12])
def test_the_nearest_as_brute_force_finds_them(seed, copies):
    descriptors = _descriptors(seed, copies=copies)
    expected = _expected(descriptors)
    assert len(expected) > 40
    assert _found(descriptors) == expected
    assert _found(descriptors, step=7) == expected
    # In a large group of copies none stands out, as there are as near ones around.
    assert any(stands_out for _, _, stands_out in expected) == (copies < 12)


def test_images_that_do_not_count_take_no_place():
    descriptors = _descriptors(5, copies=6)
    without = [103, 104, 131]
    found = [row for row in _found(descriptors, without=without, spare=3) if row[0] not in without]
    assert found == [row for row in _expected(descriptors, without=without) if row[0] not in without]


def test_hardly_any_pictures_stand_out_once_they_are_near():
    assert [stands_out for *_, stands_out in _found(_descriptors(1, count=2))] == [True, True]
    assert _found(_descriptors(1, count=1)) == []


def test_a_margin_that_none_reaches_lets_none_stand_out():
    found = _found(_descriptors(2), GlobalConfig(propose_similarity=0.4, sure_margin=2.0))
    assert found
    assert not any(stands_out for *_, stands_out in found)


def test_a_pair_stands_out_when_either_picture_says_so_and_keeps_how_its_corners_lie():
    a, b = np.array([3], np.int32), np.array([7], np.int32)
    corners = voted_proposals(a, b, np.array([2], np.int8), np.array([9], np.int8))
    told = [descriptor_proposals(one, other, np.array([flag])) for one, other, flag in ((a, b, False), (b, a, True))]
    rows = table_of(np.concatenate([*told, corners])).to_pylist()
    assert len(rows) == 1
    assert (rows[0]["a"], rows[0]["b"], rows[0]["stands_out"]) == (3, 7, True)
    assert (rows[0]["orientation"], rows[0]["votes"]) == (2, 9)
