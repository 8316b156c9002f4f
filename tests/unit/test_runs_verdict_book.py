"""The book answers as a dictionary would, and counts what was asked for."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.runs import verdict_book
from imgsieve.runs.verdict_book import REFUSED, UNKNOWN, EarlierVerdicts, VerdictBook, answers_of, not_compared
from imgsieve.schema import Verdict

_ROUNDS = st.lists(st.lists(st.integers(0, 50), unique=True, max_size=12), max_size=12)


def _keys(numbers):
    return np.array(numbers, np.int64) << 32 | 7


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 50), st.integers(0, 3), max_size=20), _ROUNDS)
def test_the_book_is_a_dictionary(left, rounds):
    book, known, asked = VerdictBook(), dict(left), set()
    book.load(_keys(list(left)), np.array(list(left.values()), np.int8))
    for numbers in rounds:
        answers = book.look_up(_keys(numbers))
        assert answers.tolist() == [known.get(number, UNKNOWN) for number in numbers]
        new = [number for number in numbers if number not in known]
        known |= {number: number % 4 for number in new}
        book.add(_keys(new), np.array([number % 4 for number in new], np.int8))
        asked.update(numbers)
        assert book.used_count == len(asked)
    keys, answers = book.used_pairs()
    assert keys.tolist() == _keys(sorted(asked)).tolist()
    assert answers.tolist() == [known[number] for number in sorted(asked)]


def test_many_verdicts_one_by_one_take_a_few_bytes_each():
    """Verdicts of rounds of one pair: three times what is merged at once, and the arrays hold what they say."""
    count = 3 * verdict_book._MERGED_AT
    book = VerdictBook()
    for number in range(count):
        book.add(_keys([number]), np.array([number % 2], np.int8))
    assert book.recent == {}
    held = book.keys.nbytes + book.answers.nbytes + book.used.nbytes
    assert held == verdict_book.PAIR_BYTES * count
    assert book.look_up(_keys(range(count))).tolist() == [number % 2 for number in range(count)]


def test_an_earlier_verdict_counts_where_the_pair_met_in_the_same_way():
    met = np.array([[0, -1, -1], [3, -1, 5], [0, -1, -1]], np.int8)
    earlier = EarlierVerdicts.of(_keys([9, 4, 6]), np.array([1, 2, 0], np.int8), met, np.array([10, 11, 12]))
    asked = np.array([[0, -1, -1], [3, -1, -1], [0, -1, -1], [0, -1, -1]], np.int8)
    assert earlier.look_up(_keys([9, 4, 6, 5]), asked).tolist() == [1, UNKNOWN, 0, UNKNOWN]
    assert earlier.used_count == 2
    assert earlier.rows[earlier.used].tolist() == [12, 10]
    earlier.forget(_keys([6, 5]))
    assert earlier.used_count == 1
    assert earlier.keys.tolist() == _keys([4, 9]).tolist()


def test_an_undecided_pair_is_refused_and_only_one_without_scores_was_not_compared():
    table = pa.table(
        {
            "verdict": [Verdict.UNDECIDED, Verdict.UNDECIDED, Verdict.REJECTED],
            "block_share": pa.array([0.0, None, 0.1], pa.float32()),
            "made": pa.array([0, None, 0], pa.int8()),
            "how": pa.array(["", None, ""]),
        }
    )
    assert not_compared(table).tolist() == [False, True, False]
    assert answers_of(table).tolist() == [REFUSED] * 3
