"""Which files globs let in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsieve.errors import ConfigError
from imgsieve.storage.globs import GlobFilter, glob_pattern


@pytest.mark.parametrize(
    ("glob", "inside", "outside"),
    [
        ("*.jpg", ["a.jpg", "deep/er/a.jpg", ".jpg", "new\nline.jpg"], ["a.jpeg", "a.jpg/b", "a.JPG"]),
        ("camera/", ["camera/a", "camera/deep/a"], ["other/camera/a", "camera"]),
        ("camera/*", ["camera/a"], ["camera/deep/a"]),
        ("/camera/*", ["camera/a"], ["x/camera/a"]),
        ("**/raw/**", ["raw/a", "x/raw/a", "x/y/raw/z/a"], ["raws/a"]),
        ("a?c", ["abc", "x/abc"], ["ac", "a/c"]),
        ("[ab]*", ["apple", "x/bee"], ["cat"]),
        ("[!ab]x", ["cx"], ["ax", "bx"]),
        ("a[!b]c", ["axc"], ["abc", "a/c"]),
        ("a[!]b", ["a!b"], ["axb"]),
        ("[a-c]1", ["a1", "c1"], ["d1"]),
        ("**", ["a", "a/b"], []),
        ("a+b(1).jpg", ["a+b(1).jpg"], ["aab1.jpg"]),
        ("[", ["[", "x/["], ["a"]),
        ("[]", ["[]"], [""]),
        ("[[]1", ["[1"], ["1"]),
        ("[\\]", ["\\"], ["]"]),
    ],
)
def test_globs(glob, inside, outside):
    pattern = glob_pattern(glob)
    assert [file for file in inside if not pattern.fullmatch(file)] == []
    assert [file for file in outside if pattern.fullmatch(file)] == []


def test_include_and_exclude():
    chosen = GlobFilter(include=("*.jpg", "*.png"), exclude=("tmp/", "*.tmp.jpg"))
    assert chosen.lists("a/b.jpg")
    assert not chosen.lists("tmp/b.jpg")
    assert not chosen.lists("b.tmp.jpg")
    assert not chosen.lists("b.gif")
    assert GlobFilter().lists("anything")


def test_a_backward_range_is_told_at_once():
    with pytest.raises(ConfigError, match=r"\[z-a\]"):
        GlobFilter(include=("*.jpg", "[z-a]"))


@settings(deadline=None)
@given(st.text(max_size=12))
def test_any_glob_compiles_or_is_refused(glob):
    try:
        glob_pattern(glob).fullmatch("some/file.jpg")
    except ConfigError:
        assert "[" in glob


@settings(deadline=None)
@given(st.text("ab[]!^-\\*?/&~|.", max_size=10))
def test_globs_of_signs_compile_or_are_refused(glob):
    try:
        glob_pattern(glob).fullmatch("a/b")
    except ConfigError:
        assert "[" in glob


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="*?[/"), min_size=1, max_size=12))
def test_a_plain_name_matches_itself_in_every_folder(name):
    assert glob_pattern(name).fullmatch(name)
    assert glob_pattern(name).fullmatch(f"deep/er/{name}")
