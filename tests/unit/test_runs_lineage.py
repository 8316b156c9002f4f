"""The source of a star: what most others were made of, found with few pairs more where that is in doubt."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imgsieve.features.provenance import OF_FIRST, OF_SECOND, weight_of
from imgsieve.runs.lineage import Told, balance, rivals
from imgsieve.runs.verdict_book import answers_of, told_by
from imgsieve.schema import PAIRS_LOCAL, Verdict
from imgsieve.search.groups import pair_keys


def _told(*pairs):
    """Copy, source and weight of each pair."""
    copies, sources, weights = np.array(pairs, np.int64).reshape(-1, 3).T
    return Told(copies, sources, weights)


def _rivals(duplicates, keepers, told):
    images = np.arange(20)
    found = rivals(np.array(duplicates), np.array(keepers), images, images, told)
    return list(zip(*(side.tolist() for side in found), strict=True))


def test_one_sure_verdict_outweighs_two_weak_ones():
    told = _told((1, 0, 4), (0, 2, 1), (0, 3, 1))
    assert balance(np.arange(4), told).tolist() == [-2, 4, -1, -1]


def test_images_of_other_batches_do_not_count():
    assert balance(np.array([2, 5]), _told((5, 1, 2), (1, 2, 2), (9, 5, 4))).tolist() == [-2, -2]


def test_a_star_whose_center_is_surely_the_source_of_all_is_asked_nothing_more():
    assert _rivals([1, 2, 3], [0, 0, 0], _told((1, 0, 2), (2, 0, 4), (3, 0, 2))) == []


def test_a_pair_has_nothing_more_to_be_asked():
    assert _rivals([1], [0], _told()) == []


def test_a_star_in_doubt_meets_its_best_images():
    """Nothing is known of image 3, and what is known of image 9 is weak; the star of image 5 is in no doubt."""
    told = _told((1, 0, 2), (2, 0, 2), (6, 5, 2), (7, 5, 2), (9, 8, 1), (10, 8, 2))
    pairs = _rivals([1, 2, 3, 6, 7, 9, 10], [0, 0, 0, 5, 5, 8, 8], told)
    stars = [{0, 1, 2, 3}, {8, 9, 10}]
    wanted = {frozenset((a, b)) for star in stars for a in star for b in star if a != b}
    assert len(pairs) == len(wanted)
    assert {frozenset(pair) for pair in pairs} == wanted


@given(st.integers(2, 40))
def test_the_work_is_linear_in_a_star(size):
    members = np.arange(1, size + 1)
    images = np.arange(size + 1)
    heads, tails = rivals(members, np.zeros(size, np.int64), images, images, _told())
    assert len(heads) <= 4 * (size + 1)
    assert len(np.unique(pair_keys(heads, tails))) == len(heads)
    # Those of one head stand together.
    assert np.count_nonzero(np.diff(heads)) == len(np.unique(heads)) - 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from([OF_FIRST, OF_SECOND, 0]),
            st.sampled_from(["saved again", "cropped", "saved more coarsely", None]),
        ),
        min_size=1,
        max_size=9,
    )
)
def test_what_verdicts_tell_is_kept_in_their_answers(said):
    rows = [
        {"a": 2 * k, "b": 2 * k + 1, "verdict": Verdict.ACCEPTED, "made": made, "how": how}
        for k, (made, how) in enumerate(said)
    ]
    table = PAIRS_LOCAL.empty_table().from_pylist(rows, PAIRS_LOCAL)
    told = told_by(pair_keys(np.arange(0, 2 * len(said), 2), np.arange(1, 2 * len(said), 2)), answers_of(table))
    wanted = [
        (2 * k + (made == OF_FIRST), 2 * k + (made == OF_SECOND), weight_of(how or ""))
        for k, (made, how) in enumerate(said)
        if made
    ]
    assert list(zip(told.copies, told.sources, told.weights, strict=True)) == wanted
