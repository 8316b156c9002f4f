"""Names come in the order of their bytes, whatever order they are given in, and take little memory meanwhile."""

from __future__ import annotations

import random
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from imgsieve.storage.ordering import in_order


@given(st.lists(st.binary(max_size=6).map(lambda name: name.replace(b"\0", b"\1"))))
def test_names_are_sorted_by_their_bytes(names):
    assert list(in_order(names)) == sorted(names)


def test_runs_are_merged():
    names = [b"%07d.jpg" % number for number in range(200_000)]
    shuffled = random.Random(1).sample(names, len(names))
    assert list(in_order(shuffled)) == names


def test_held_names_take_little_more_than_their_bytes():
    tracemalloc.start()
    names = in_order(b"%032d.jpg" % number for number in range(300_000))
    first = next(names)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert first == b"%032d.jpg" % 0
    assert held < 1.2 * 37 * 300_000
