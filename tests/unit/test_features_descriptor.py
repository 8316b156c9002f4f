"""The net in the package: copies are near, strangers are not, whatever the thread or the company."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from imgsieve.demo import render_scene
from imgsieve.demo.scenes import PAINTERS
from imgsieve.features.descriptor import MODEL, UNIT, DescriptorNet, least_product, similarities
from imgsieve.features.reduction import SmallPicture, small_picture
from imgsieve.schema import DESCRIPTOR_BYTES

CARD = Path(__file__).parents[2] / "training" / "MODEL_CARD.md"


@pytest.fixture(scope="module")
def net():
    return DescriptorNet()


@pytest.fixture(scope="module")
def scenes():
    return [render_scene(np.random.default_rng(seed), 400, 300, kind=kind) for seed, kind in enumerate(PAINTERS)]


def described(net, pictures):
    small = SmallPicture()
    return np.stack([net.describe(small_picture(np.ascontiguousarray(pixels), small)) for pixels in pictures])


def worn(pixels, kind):
    h, w = pixels.shape[:2]
    if kind == "cropped":
        return pixels[h // 10 : -h // 10, w // 10 : -w // 10]
    if kind == "compressed":
        return cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 12])[1], cv2.IMREAD_COLOR)
    if kind == "shrunken":
        return cv2.resize(pixels, (w // 4, h // 4), interpolation=cv2.INTER_AREA)
    if kind == "gray":
        return np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    if kind == "framed":
        return cv2.copyMakeBorder(pixels, 25, 25, 25, 25, cv2.BORDER_CONSTANT, value=(250, 250, 250))
    return np.clip(pixels * 0.6 + 70, 0, 255).astype(np.uint8)


def test_descriptors_are_bytes_of_one_length(net, scenes):
    found = described(net, scenes)
    assert (found.dtype, found.shape) == (np.int8, (len(scenes), DESCRIPTOR_BYTES))
    assert np.linalg.norm(found.astype(float), axis=1) == pytest.approx(UNIT, rel=0.02)


@pytest.mark.parametrize("kind", ["cropped", "compressed", "shrunken", "gray", "framed", "faded"])
def test_worn_copies_are_nearer_than_all_strangers(net, scenes, kind):
    originals, copies = described(net, scenes), described(net, [worn(pixels, kind) for pixels in scenes])
    for k, copy in enumerate(copies):
        near = similarities(np.broadcast_to(copy, originals.shape), originals)
        assert near.argmax() == k
        assert near[k] > 0.6


def test_neither_threads_nor_company_matter(net, scenes):
    alone = described(net, scenes)
    assert (alone == described(net, scenes[::-1])[::-1]).all()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda pixels: described(net, [pixels])[0], scenes * 4))
    assert (np.stack(together) == np.tile(alone, (4, 1))).all()


def test_flat_pictures_have_descriptors_as_well(net):
    found = described(net, [np.full((40, 60, 3), level, np.uint8) for level in (0, 128, 255)])
    assert similarities(found, found) == pytest.approx(1, abs=1e-6)


def test_the_least_product_stands_for_the_cosine():
    one = np.zeros((1, DESCRIPTOR_BYTES), np.int8)
    one[0, :16] = UNIT // 4
    assert least_product(1.0) == int(one[0].astype(int) @ one[0]) == UNIT**2
    assert similarities(one, one)[0] == 1
    assert similarities(one, -one)[0] == -1
    assert similarities(one, np.zeros_like(one))[0] == 0


def test_the_model_is_small_and_the_one_that_its_card_tells_of():
    data = MODEL.read_bytes()
    assert len(data) <= 4_000_000
    assert hashlib.sha256(data).hexdigest() in CARD.read_text("utf-8")
