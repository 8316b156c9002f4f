"""The small parts of the report: order, pages, contents, text."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.records import RecordFile
from imgsieve.report import charts
from imgsieve.report.navigation import FANOUT, Book
from imgsieve.report.sequence import arrange, page_edges, slices
from imgsieve.report.texts import BREAKS, breakable, bytes_text, plain, share_text, visible

SIZES = st.lists(st.integers(1, 40), max_size=30)


@given(sizes=SIZES, groups=st.integers(1, 6), members=st.integers(1, 12))
def test_pages_cover_all_members_in_bounds(sizes: list[int], groups: int, members: int) -> None:
    starts = np.cumsum([0, *sizes])
    edges = page_edges(starts, groups=groups, members=members)
    assert edges[0] == 0
    assert edges[-1] == sum(sizes)
    assert all(0 < held <= members for held in np.diff(edges))
    for begin, end in pairwise(edges):
        assert np.sum((starts[:-1] < end) & (starts[1:] > begin)) <= groups
    for begin, size in zip(starts, sizes, strict=False):
        torn = np.sum((edges > begin) & (edges < begin + size))
        assert torn == 0 or size > members


@given(sizes=SIZES, seed=st.integers(0, 99))
def test_arrange_keeps_groups_together_and_keepers_first(sizes: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = random.permutation(np.repeat(np.arange(len(sizes)) * 7, sizes))
    freed = random.integers(0, 5, len(groups))
    kept = freed == 0
    sequence = arrange(groups, freed, kept)
    assert sorted(sequence.order.tolist()) == list(range(len(groups)))
    assert np.all(np.diff(sequence.freed) <= 0)
    for rank, begin, end in slices(sequence, 0, len(groups)) if len(groups) else ():
        members = sequence.order[begin:end]
        assert set(groups[members]) == {sequence.numbers[rank]}
        assert freed[members].sum() == sequence.freed[rank]
        assert np.all(np.diff(kept[members].astype(int)) <= 0)


@settings(max_examples=20, deadline=None)
@given(pages=st.integers(1, FANOUT**2 + 5 * FANOUT))
def test_contents_reach_every_page_once(pages: int) -> None:
    all_contents = list(Book(pages=pages).contents(lambda first, last: f"{first} {last}"))
    hrefs = [entry.href for contents in all_contents for entry in contents.entries]
    assert all(len(contents.entries) <= FANOUT for contents in all_contents)
    assert len(hrefs) == len(set(hrefs))
    expected = {Book.href(page) for page in range(1, pages + 1)} | {contents.href for contents in all_contents[1:]}
    assert set(hrefs) == expected
    assert all_contents[0].href == "contents.html"


@given(st.text())
def test_no_unseen_character_is_left(text: str) -> None:
    for shown in (str(visible(text)), str(breakable(text)), plain(text)):
        assert all(c == " " or unicodedata.category(c)[0] not in "CZ" for c in shown)
    assert not set("\"'") & set(str(visible(text)).replace('class="unseen"', ""))


@given(st.text(st.characters(max_codepoint=127, categories=("L", "N", "P", "S"))))
def test_paths_break_where_their_pieces_end(path: str) -> None:
    pieces = BREAKS.split(path)
    assert str(breakable(path)) == "<wbr>".join(str(visible(piece)) for piece in pieces)


def test_texts_that_cannot_be_seen_are_told_apart_from_those_that_can() -> None:
    assert visible("U+202E") != visible("\u202e")


@given(st.integers(0, 1 << 62))
def test_sizes_are_short(size: int) -> None:
    assert len(bytes_text(size)) <= 8


def test_shares_are_never_rounded_to_nothing() -> None:
    assert share_text(1, 10**9) == "below 0.1 %"
    assert share_text(0, 10) == "0 %"


def test_records_are_read_in_any_order(tmp_path: Path) -> None:
    with RecordFile(tmp_path) as records:
        numbers = [records.append(text) for text in (b"one", b"", b"three" * 9000)]
        records.flush()
        assert numbers == [0, 1, 2]
        assert [records.read(number) for number in (2, 0, 1)] == [b"three" * 9000, b"one", b""]


def test_charts_draw_nothing_for_what_is_not_there() -> None:
    assert charts.parts({"sharpness": None}) == ""
    assert 'width="0"' in charts.bar(3, whole=0)
    assert charts.stack({"accepted": 0}).count("<rect") == 0


def test_bars_grow_with_their_value() -> None:
    widths = [float(charts.bar(value, whole=10).split('width="')[1].split('"')[0]) for value in range(13)]
    assert widths == sorted(widths)
    assert widths[-1] == 100
