"""A folder as a source: what is listed, in which order, and what reading refuses."""

from __future__ import annotations

import os

import pytest

from imgsieve.config import NetworkConfig
from imgsieve.errors import DecodeError, FetchError, SourceError
from imgsieve.storage import FolderSource, ListingFilter, Traffic, open_source


def anything(_first, _name):
    return True


def opened(folder):
    return open_source(str(folder), ListingFilter(), Traffic(NetworkConfig()))


def put(folder, file, data=b"data"):
    target = folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


def fetched(source, entry, wanted=anything):
    return source.fetch(entry.uri, entry.size, entry.etag, wanted=wanted)


def test_paths_are_listed_in_the_order_of_their_bytes(tmp_path):
    files = ["b/c", "a", "b-c", "b.c", "b/a/z", "B", "é", "a0", "b0/x", "b/b"]
    for file in files:
        put(tmp_path, file)
    listed = [entry.file for entry in opened(tmp_path).entries()]
    assert listed == sorted(files, key=str.encode)


def test_names_of_any_bytes_come_back_whole(tmp_path):
    names = [b"\xff\xfe", b"a%20b", b"new\nline", "é".encode(), b"#?&", b"'\""]
    for name in names:
        put(tmp_path, os.fsdecode(name), name)
    source = opened(tmp_path)
    assert sorted(fetched(source, entry) for entry in source.entries()) == sorted(names)


def test_uris_differ_even_where_names_look_alike(tmp_path):
    put(tmp_path, os.fsdecode(b"a\xff"))
    put(tmp_path, "a\\xff")
    entries = list(opened(tmp_path).entries())
    assert entries[0].file == entries[1].file
    assert entries[0].uri != entries[1].uri


def test_file_urls_and_links_name_the_same_source(tmp_path):
    folder = tmp_path / "with space"
    put(folder, "a")
    (tmp_path / "link").symlink_to(folder)
    uris = {opened(place).uri for place in (folder, folder.as_uri(), tmp_path / "link", f"{folder}/")}
    assert uris == {folder.as_uri()}


def test_links_are_counted_and_not_followed(tmp_path):
    put(tmp_path, "a")
    (tmp_path / "up").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    source = opened(tmp_path)
    assert [entry.file for entry in source.entries()] == ["a"]
    assert source.passed_over == 3


def test_the_whole_file_is_read(tmp_path):
    data = bytes(range(256)) * 5000
    put(tmp_path, "a", data)
    source = opened(tmp_path)
    (entry,) = source.entries()
    assert entry.size == len(data)
    assert fetched(source, entry) == data


def test_the_first_bytes_are_read_alone(tmp_path):
    put(tmp_path, "a", b"0123456789" * 100)
    source = opened(tmp_path)
    (entry,) = source.entries()
    assert source.fetch(entry.uri, entry.size, entry.etag, wanted=anything, first=12) == b"012345678901"


def test_what_is_not_wanted_is_not_read(tmp_path):
    put(tmp_path, "a.txt", b"text" * 1000)
    source = opened(tmp_path)
    (entry,) = source.entries()
    seen = []

    def refuse(first, name):
        seen.append((first, name))
        return False

    with pytest.raises(DecodeError) as caught:
        fetched(source, entry, refuse)
    assert caught.value.kind == "not-an-image"
    assert seen == [(b"text" * 16, "a.txt")]


def test_an_empty_file_is_read_as_nothing(tmp_path):
    put(tmp_path, "a", b"")
    source = opened(tmp_path)
    (entry,) = source.entries()
    assert fetched(source, entry) == b""


@pytest.mark.parametrize("change", ["unlink", "write", "touch", "link"])
def test_another_version_is_refused(tmp_path, change):
    path = put(tmp_path, "a", b"first")
    source = opened(tmp_path)
    (entry,) = source.entries()
    if change == "write":
        path.write_bytes(b"second one")
    elif change == "touch":
        os.utime(path, (1, 1))
    else:
        path.unlink()
        if change == "link":
            path.symlink_to(put(tmp_path, "b", b"first"))
    with pytest.raises(FetchError) as caught:
        fetched(source, entry)
    assert caught.value.kind == ("vanished" if change == "unlink" else "changed")
    assert str(tmp_path) not in caught.value.message


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path):
    path = put(tmp_path, "a", b"x" * 100)
    source = opened(tmp_path)
    (entry,) = source.entries()

    def write_more(_first, _name):
        path.write_bytes(b"y" * 200)
        return True

    with pytest.raises(FetchError, match="while it was read"):
        fetched(source, entry, write_more)


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path):
    path = put(tmp_path, "a", b"x" * 100)
    source = opened(tmp_path)
    (entry,) = source.entries()

    def cut(_first, _name):
        os.truncate(path, 10)
        return True

    with pytest.raises(FetchError, match="while it was read"):
        fetched(source, entry, cut)


@pytest.mark.parametrize("place", ["ftp://container/x", "http://host/x", "wat://bucket"])
def test_other_schemes_are_refused(place):
    with pytest.raises(SourceError, match="az://"):
        open_source(place, ListingFilter(), Traffic(NetworkConfig()), {})


def test_files_are_left_out_by_size_and_time(tmp_path):
    for file, size, modified in (("a", 10, 1000), ("b", 20, 2000), ("c", 30, 3000)):
        os.utime(put(tmp_path, file, b"x" * size), (modified, modified))
    assert listed(tmp_path, min_bytes=20) == ["b", "c"]
    assert listed(tmp_path, max_bytes=20) == ["a", "b"]
    assert listed(tmp_path, after=2000) == ["b", "c"]
    assert listed(tmp_path, before=2000) == ["a"]


def listed(folder, **options):
    return [entry.file for entry in FolderSource(folder, ListingFilter(**options)).entries()]
