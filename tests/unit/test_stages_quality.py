"""Ranks have no ties: score to a tenth, then pixels, then size, then the order of the listing."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imgsieve.stages.quality import rank_of

_IMAGE = st.tuples(st.sampled_from([float("nan"), 0.0, 50.0, 50.04, 50.06, 99.9]), st.integers(0, 2), st.integers(0, 2))


@given(st.lists(_IMAGE, max_size=30))
def test_ranks_follow_score_pixels_size_and_place(images):
    score, pixels, size = (np.array([image[k] for image in images], kind) for k, kind in enumerate(("f4", "i8", "i8")))
    rank = rank_of(score, pixels, size)
    expected = sorted(
        range(len(images)),
        key=lambda i: (-1 * (-1.0 if np.isnan(score[i]) else round(float(score[i]) * 10)), -pixels[i], -size[i], i),
    )
    assert np.argsort(rank).tolist() == expected
    assert sorted(rank.tolist()) == list(range(len(images)))
