"""What every store must do: one suite for all of them. See also `test_store_sources`."""

from __future__ import annotations

import hashlib

import pytest

from imgsieve.storage import Fault, Store
from stores.places import anything, fault_of, fill, names

DATA = bytes(range(256)) * 40


@pytest.fixture
def store(place) -> Store:
    return place.store()


def test_what_is_written_is_read(store):
    etag = store.write("a/b.bin", DATA)
    assert etag
    assert store.read("a/b.bin") == DATA
    assert store.read("a/b.bin", etag=etag, size=len(DATA)) == DATA


def test_files_are_written_whole(store, tmp_path):
    path = tmp_path / "data"
    path.write_bytes(DATA * 100)
    store.write("a", path)
    assert store.read("a") == DATA * 100


def test_head_agrees_with_the_listing(store):
    etag = store.write("a/b", DATA)
    known = store.head("a/b")
    (listed,) = store.list("")
    assert (known.size, known.etag) == (listed.size, listed.etag) == (len(DATA), etag)
    assert abs(known.modified - listed.modified) < 2


def test_empty_objects(store):
    etag = store.write("empty", b"")
    assert store.head("empty").size == 0
    assert store.read("empty", etag=etag, size=0) == b""
    assert store.read("empty", etag=etag, size=0, first=10, check=anything) == b""


def test_what_is_deleted_is_gone_and_may_be_deleted_again(store):
    store.write("a", DATA)
    store.delete("a")
    store.delete("a")
    assert names(store) == []
    assert fault_of(lambda: store.read("a")) is Fault.MISSING


def test_what_is_not_there_is_missing(store):
    store.write("other", DATA)
    assert fault_of(lambda: store.read("a")) is Fault.MISSING
    assert fault_of(lambda: store.head("a")) is Fault.MISSING
    store.delete("a")


def test_nothing_is_created_twice(store):
    store.write("a", b"first", create=True)
    assert fault_of(lambda: store.write("a", b"second", create=True)) is Fault.CHANGED
    assert store.read("a") == b"first"


def test_only_the_version_that_was_named_is_replaced(store):
    first = store.write("a", b"first")
    if store.kind == "file":
        assert fault_of(lambda: store.write("a", b"second", etag=first)) is Fault.REFUSED
        return
    second = store.write("a", b"second", etag=first)
    assert second != first
    assert fault_of(lambda: store.write("a", b"third", etag=first)) is Fault.CHANGED
    assert store.read("a") == b"second"


def test_another_version_is_not_read(store):
    first = store.write("a", b"first")
    second = store.write("a", b"second one")
    assert second != first
    assert fault_of(lambda: store.read("a", etag=first)) is Fault.CHANGED
    assert fault_of(lambda: store.read("a", etag=first, first=2)) is Fault.CHANGED
    assert store.read("a", etag=second) == b"second one"


@pytest.mark.parametrize("first", [1, 64, len(DATA) - 1, len(DATA), len(DATA) + 100])
def test_first_bytes(store, first):
    etag = store.write("a", DATA)
    assert store.read("a", etag=etag, size=len(DATA), first=first) == DATA[:first]
    assert store.read("a", first=first) == DATA[:first]


@pytest.mark.parametrize(("start", "length"), [(0, 1), (0, len(DATA)), (100, 300), (len(DATA) - 1, 1)])
def test_ranges(store, start, length):
    etag = store.write("a", DATA)
    assert store.read_range("a", start, length, etag=etag) == DATA[start : start + length]


@pytest.mark.parametrize("size", [10, 64, 5000, 3_000_000])
def test_what_the_check_refuses_is_not_read_to_its_end(store, size):
    data = (DATA * 300)[:size]
    etag = store.write("a", data)
    seen = []

    def refuse(first: bytes) -> bool:
        seen.append(first)
        return False

    read = store.read("a", etag=etag, size=size, check=refuse)
    assert data.startswith(read)
    assert len(read) >= min(size, 64)
    assert store.kind == "memory" or len(read) < 3_000_000
    assert {data.startswith(first) and len(first) <= 64 for first in seen} <= {True}
    assert store.read("a", etag=etag, size=size, check=anything) == data


def test_what_came_in_another_length_is_a_fault(place):
    store = place.store(retry_seconds=0)
    store.write("a", DATA)
    assert fault_of(lambda: store.read("a", size=len(DATA) + 1)) is Fault.BROKEN


def test_listing_by_prefix_is_by_folder(store):
    for name in ("a/1", "a/2", "a/b/3", "ab/4", "a.5", "b"):
        store.write(name, DATA)
    assert sorted(names(store)) == sorted(["a/1", "a/2", "a/b/3", "ab/4", "a.5", "b"])
    assert names(store, "a/") == ["a/1", "a/2", "a/b/3"]
    assert names(store, "a/b/") == ["a/b/3"]
    assert names(store, "none/") == []


def test_listings_come_in_order(store):
    written = ["b/c", "a", "b-c", "b.c", "b/a/z", "B", "é", "a0", "b0/x", "b/b", "\uffee", "🙂"]
    for name in written:
        store.write(name, b"")
    # The emulator compares names as JavaScript does.
    encoding = "utf-16-be" if store.kind == "azure" else "utf-8"
    assert names(store) == sorted(written, key=lambda name: name.encode(encoding))


def test_metadata_are_kept(store):
    store.write("a", DATA, content_type="image/jpeg", metadata={"first": "1", "second": "two words"})
    known = store.head("a")
    if store.kind == "file":  # folders keep none, and write the file all the same
        assert not known.metadata
        assert store.read("a") == DATA
        return
    assert known.content_type == "image/jpeg"
    assert dict(known.metadata) == {"first": "1", "second": "two words"}
    store.write("a", DATA)
    assert dict(store.head("a").metadata) == {}


def test_digests_are_checked_or_passed_over(store):
    store.write("right", DATA, md5=hashlib.md5(DATA, usedforsecurity=False).digest())
    assert store.read("right") == DATA


def test_listings_of_several_pages_are_whole_and_in_order(place):
    store = place.store()
    count = 5100 if store.kind == "azure" else 2100
    written = [f"many/{number % 7}/{number:05}" for number in range(count)]
    fill(store, dict.fromkeys(written, b""))
    assert names(store, "many/") == sorted(written)
    assert [f"many/{entry.file}" for entry in place.source("many").entries()] == sorted(written)
