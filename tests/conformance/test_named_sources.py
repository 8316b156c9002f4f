"""Images that are named one by one, in every kind of store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from imgsieve.errors import FetchError, SourceError
from imgsieve.storage import NamedImages, open_named
from stores.places import all_text_of, anything, fill, traffic_of

OBJECTS = {
    "a.jpg": b"first",
    "deep/er/b c.jpg": b"second",
    "deep/ümlaut 100%.png": b"third",
    "deep/nothing.jpg": b"",
    "left/out.jpg": b"nobody asks for it",
}


def name_of(place, name):
    return f"{place.uri}/{name.replace('%', '%25').replace(' ', '%20')}"


def open_one(place, names):
    """Return the one source of names."""
    images = NamedImages(names, place.environment)
    (source,) = open_named(images, traffic_of(max_concurrency=3), place.environment)
    return images, source


def test_what_is_named_is_listed_and_nothing_else(place):
    fill(place.store(), OBJECTS)
    wanted = [name for name in OBJECTS if name != "left/out.jpg"]
    images, source = open_one(place, [name_of(place, name) for name in reversed(wanted)])
    entries = list(source.entries())
    assert [entry.file for entry in entries] == sorted(wanted, key=str.encode)
    assert [entry.size for entry in entries] == [len(OBJECTS[entry.file]) for entry in entries]
    assert [entries[image].file for image in images.image_of] == list(reversed(wanted))
    with ThreadPoolExecutor(4) as pool:
        data = pool.map(lambda entry: source.fetch(entry.uri, entry.size, entry.etag, wanted=anything), entries)
        assert list(data) == [OBJECTS[entry.file] for entry in entries]


def test_versions_are_those_of_a_listing(place):
    fill(place.store(), OBJECTS)
    listed = {entry.uri.rpartition("/")[2]: entry.etag for entry in place.source().entries()}
    _, source = open_one(place, [name_of(place, name) for name in OBJECTS])
    assert {entry.uri.rpartition("/")[2]: entry.etag for entry in source.entries()} == listed


def test_what_is_missing_fails_alone(place):
    fill(place.store(), {"a.jpg": b"first"})
    _, source = open_one(place, [name_of(place, "a.jpg"), name_of(place, "gone.jpg")])
    there, gone = source.entries()
    assert source.fetch(there.uri, there.size, there.etag, wanted=anything) == b"first"
    with pytest.raises(FetchError, match="there is no such file") as caught:
        source.fetch(gone.uri, gone.size, gone.etag, wanted=anything)
    assert caught.value.kind == "vanished"


def test_a_file_that_changed_since(place):
    fill(place.store(), {"a.jpg": b"first"})
    _, source = open_one(place, [name_of(place, "a.jpg")])
    (entry,) = source.entries()
    place.store().write("a.jpg", b"other")
    with pytest.raises(FetchError) as caught:
        source.fetch(entry.uri, entry.size, entry.etag, wanted=anything)
    assert caught.value.kind == "changed"


def test_a_container_that_is_missing_ends_the_listing(azurite):
    environment = azurite.environment()
    images = NamedImages(["az://no-such-container/a.jpg"], environment)
    (source,) = open_named(images, traffic_of(), environment)
    with pytest.raises(SourceError) as caught:
        list(source.entries())
    assert "Eby8vdM02xNOcqFlqUwJPLl" not in all_text_of(caught.value)
