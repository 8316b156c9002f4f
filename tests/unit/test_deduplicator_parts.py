"""Parts of the deduplicators: texts of progress, features in a cache."""

from __future__ import annotations

import numpy as np
import pytest

from imgsieve.deduplicator.cache import BoundedFeatureCache
from imgsieve.deduplicator.known import CachedFeatures
from imgsieve.deduplicator.texts import ProgressTexts, text_of
from imgsieve.runs import Event
from imgsieve.stages.extraction import Described

IMAGE = {"image_id": 3, "uri": "file:///a.jpg", "file": "a.jpg", "size": 10, "etag": "v1"}


def event(stage="extract", title="Reading pictures", done=0, total=None, **more):
    return Event(stage=stage, title=title, done=done, total=total, **more)


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (event(done=120, total=2000), "Reading pictures: 120/2000 images"),
        (event(done=2000, total=2000, finished=True), "Reading pictures: 2000 images"),
        (event("list", "Listing", 50), "Listing: 50 images"),
        (event("prepare", "Preparing"), "Preparing"),
        (
            event("global", "Stage 3: Global refinement", 900, groups=45, groups_total=200),
            "Stage 3: Global refinement: 45/200 groups",
        ),
        (event("local", "Stage 4: Local features", 7, most=20), "Stage 4: Local features: 7/20 pairs"),
        (event("local", "Stage 4: Local features", 9, most=20, finished=True), "Stage 4: Local features: 9 pairs"),
    ],
)
def test_texts(told, text):
    assert text_of(told) == text


def test_percents_never_fall_and_end_at_100():
    told = []
    texts = ProgressTexts(lambda _, percent: told.append(percent))
    texts(event("prepare", "Preparing", finished=True))
    texts(event(done=5, total=10))
    texts(event(done=4, total=10))
    texts(event("color", "Stage 2: Color", groups=0, groups_total=0))
    texts(event("elsewhere", "Something new"))
    texts(event("quality", "Stage 5", done=11, total=10))
    texts.finish(3)
    assert told == sorted(told)
    assert told[1] == told[2] == 32
    assert told[-1] == 100 > told[-2]


def test_features_come_back_as_they_were():
    row = {
        **IMAGE, "format": "jpeg", "width": 20, "has_alpha": False, "jpeg_quality": None, "detail": np.float32(0.1),
        "sharpness": 0.25, "wavelet_codes": bytes(range(256)), "embedding": None,
    }  # fmt: skip
    known = CachedFeatures(BoundedFeatureCache(10))
    known.put(IMAGE, "recipe", Described(row, b"a picture"))
    moved = {**IMAGE, "image_id": 8}
    found = known.get(moved, "recipe")
    assert found is not None
    assert found.thumbnail is None
    assert {**dict.fromkeys(row), **found.row} == {**row, "image_id": 8}
    for other in ({**IMAGE, "etag": "v2"}, {**IMAGE, "size": 11}, {**IMAGE, "uri": "file:///b.jpg"}):
        assert known.get(other, "recipe") is None
    assert known.get(IMAGE, "another recipe") is None


def test_foreign_entries_are_no_features():
    cache = BoundedFeatureCache(10)
    known = CachedFeatures(cache)
    known.put(IMAGE, "recipe", Described(dict(IMAGE), None))
    (key,) = cache._held
    cache.put_features(key, np.zeros(3))
    assert known.get(IMAGE, "recipe") is None
