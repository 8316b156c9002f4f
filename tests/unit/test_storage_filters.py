"""Which files are listed, by name, size and time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsieve.config import SourceConfig
from imgsieve.errors import ConfigError
from imgsieve.storage import ListingFilter

SIZES = st.integers(0, 2**50)
MOMENTS = st.floats(0, 2**33)


@given(SIZES, MOMENTS)
def test_everything_is_listed_by_default(size, modified):
    assert ListingFilter().lists(size, modified)
    assert ListingFilter().lists_name("any/name")


@given(SIZES, SIZES, SIZES)
def test_sizes_are_bounds_that_belong_to_the_range(least, most, size):
    chosen = ListingFilter(min_bytes=least, max_bytes=most)
    assert chosen.lists(size, 1.0) == (size >= least and (most == 0 or size <= most))


@given(MOMENTS, MOMENTS, MOMENTS)
def test_adjoining_times_meet_every_file_once(first, second, modified):
    first, second = sorted((first, second))
    parts = [
        ListingFilter(before=first),
        ListingFilter(after=first, before=second),
        ListingFilter(after=second),
    ]
    assert sum(part.lists(1, modified) for part in parts) == 1


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-12-31", datetime(2024, 12, 31, tzinfo=UTC)),
        ("2024-12-31T18:00", datetime(2024, 12, 31, 18, tzinfo=UTC)),
        ("2024-12-31T18:00Z", datetime(2024, 12, 31, 18, tzinfo=UTC)),
        ("2024-12-31T18:00+01:00", datetime(2024, 12, 31, 17, tzinfo=UTC)),
    ],
)
def test_moments_are_read(text, moment):
    chosen = ListingFilter.of(SourceConfig(modified_after=text))
    assert chosen.after == moment.timestamp()
    assert chosen.lists(1, moment.timestamp())
    assert not chosen.lists(1, moment.timestamp() - 1)
    before = ListingFilter.of(SourceConfig(modified_before=text))
    assert before.before == moment.timestamp()
    assert not before.lists(1, moment.timestamp())


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "31.12.2024"])
@pytest.mark.parametrize("name", ["modified_after", "modified_before"])
def test_what_is_no_moment_is_told_at_once(name, text):
    with pytest.raises(ConfigError, match="2024-12-31"):
        ListingFilter.of(SourceConfig(**{name: text}))


def test_globs_are_among_the_options():
    chosen = ListingFilter.of(SourceConfig(include=("*.jpg",), exclude=("tmp/",)))
    assert chosen.lists_name("a/b.jpg")
    assert not chosen.lists_name("tmp/b.jpg")
    assert not chosen.lists_name("b.png")
