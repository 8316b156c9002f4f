"""Names of all sorts in every store, and every store as a source: one suite for all of them."""

from __future__ import annotations

import pytest

from imgsieve.errors import DecodeError, FetchError
from imgsieve.storage import Fault
from stores.places import Place, anything, fault_of, fill, names

ODD_NAMES = [
    "with space.jpg",
    " leading and trailing ",
    "é/ü/日本語/🙂.jpg",
    "e\u0301 is not é",
    "#?&=+;,@!$()[]{}|^`<>\"'",
    "100%.jpg",
    "a%20b",
    "a%2Fb",
    "~tilde/.hidden/...three",
    "a:b*c",
    "no-extension",
    "x" * 200,
]
ODDER_NAMES = ["/leading", "a//b", "a///b//", "tab\there", "folder/"]
"""What Azure takes beyond that."""


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(place, name):
    store = place.store()
    etag = store.write(name, name.encode())
    store.write("other", b"other")
    assert sorted(names(store)) == sorted([name, "other"])
    assert store.read(name, etag=etag) == name.encode()
    assert store.head(name).size == len(name.encode())
    store.delete(name)
    assert names(store) == ["other"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_in_sources(place, name):
    place.store().write(f"top/{name}", b"data")
    (entry,) = place.source("top").entries()
    assert entry.file == name
    assert place.source("top").fetch(entry.uri, 4, entry.etag, wanted=anything) == b"data"


@pytest.mark.parametrize("place", ["s3", "memory", "file"], indirect=True)
def test_backslashes_are_no_slashes(place):
    """Azure itself turns them into slashes."""
    store = place.store()
    store.write("a\\b", b"one")
    store.write("a/b", b"two")
    assert sorted(names(store)) == ["a/b", "a\\b"]
    assert store.read("a\\b") == b"one"


@pytest.mark.parametrize("place", ["azure"], indirect=True)
@pytest.mark.parametrize("name", ODDER_NAMES)
def test_odder_names(place, name):
    store = place.store()
    etag = store.write(name, name.encode())
    assert names(store) == [name]
    assert store.read(name, etag=etag) == name.encode()
    (entry,) = place.source().entries()
    assert place.source().fetch(entry.uri, entry.size, entry.etag, wanted=anything) == name.encode()
    store.delete(name)
    assert names(store) == []


def test_folders_of_buckets_are_no_files(s3_server, bucket):
    """Tools make an empty object with a slash behind its name for a folder."""
    client = s3_server.client()
    for key in ("photos/", "photos/a.jpg", "photos/sub/", "photos/sub/b.jpg", "photos/empty/", "really-empty"):
        client.put_object(Bucket=bucket, Key=key, Body=b"data" if "." in key else b"")
    client.close()
    place = Place(f"s3://{bucket}", s3_server.environment())
    assert names(place.store()) == ["photos/a.jpg", "photos/sub/b.jpg", "really-empty"]
    assert [entry.file for entry in place.source("photos").entries()] == ["a.jpg", "sub/b.jpg"]


def test_names_that_cannot_be_read_are_refused_and_not_mistaken(place):
    store = place.store()
    store.write("a/b", b"data")
    expected = Fault.MISSING if store.kind == "azure" else Fault.REFUSED  # Azure has names of any form
    assert fault_of(lambda: store.read("a//b")) is expected


FILES = {
    "cat.jpg": b"cat" * 100,
    "deep/er/dog.jpg": b"dog" * 100,
    "deep/with space.png": b"png" * 100,
    "deep.jpg": b"x",
    "empty.gif": b"",
    "é.jpg": b"accent",
}


def table(place):
    """Return what a source lists and fetches, without what stores name as they like."""
    fill(place.store(), {f"top/{file}": data for file, data in FILES.items()} | {"beside/other.jpg": b"no"})
    source = place.source("top")
    entries = list(source.entries())
    return [
        (entry.file, entry.size, source.fetch(entry.uri, entry.size, entry.etag, wanted=anything)) for entry in entries
    ]


def test_sources_of_all_kinds_give_the_same(place):
    assert table(place) == [(file, len(FILES[file]), FILES[file]) for file in sorted(FILES, key=str.encode)]


def test_sources_name_their_files_below_themselves(place):
    place.store().write("top/a b.jpg", b"data")
    source = place.source("top")
    (entry,) = source.entries()
    assert entry.uri.startswith(source.uri + "/")
    assert entry.uri.endswith("/a%20b.jpg")
    assert source.identity.endswith("/top/")
    assert not source.uri.endswith("/")
    assert entry.modified > 0


def test_sources_tell_what_became_of_a_file(place):
    store = place.store()
    for name in ("top/changed", "top/gone", "top/text"):
        store.write(name, b"first")
    source = place.source("top")
    changed, gone, text = source.entries()
    store.write("top/changed", b"second one")
    store.delete("top/gone")
    with pytest.raises(FetchError) as caught:
        source.fetch(changed.uri, changed.size, changed.etag, wanted=anything)
    assert caught.value.kind == "changed"
    with pytest.raises(FetchError) as caught:
        source.fetch(gone.uri, gone.size, gone.etag, wanted=anything)
    assert caught.value.kind == "vanished"
    with pytest.raises(DecodeError) as refused:
        source.fetch(text.uri, text.size, text.etag, wanted=lambda _first, _name: False)
    assert refused.value.kind == "not-an-image"
    assert source.fetch(text.uri, text.size, text.etag, wanted=anything, first=3) == b"fir"
