"""Images that are named one by one: which names mean the same image, and in which order they are listed."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from imgsieve.config import NetworkConfig
from imgsieve.errors import FetchError, SourceError
from imgsieve.storage import NamedImages, Traffic, memory_store, open_named, parse_address
from imgsieve.storage.addresses import parse_object
from stores.places import anything


def put(folder: Path, file: str, data: bytes = b"data") -> str:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def sources_of(images):
    return open_named(images, Traffic(NetworkConfig(max_concurrency=3)))


def test_files_are_listed_as_their_common_folder_would_be(tmp_path):
    names = [put(tmp_path, file) for file in ("b/two.jpg", "a/one.jpg", "a-b.jpg")]
    (source,) = sources_of(NamedImages(names))
    assert source.uri == tmp_path.resolve().as_uri()
    assert [entry.file for entry in source.entries()] == ["a-b.jpg", "a/one.jpg", "b/two.jpg"]
    assert NamedImages(names).image_of.tolist() == [2, 1, 0]


def test_names_of_one_file_are_one_image(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = put(tmp_path, "photos/one.jpg")
    (tmp_path / "link.jpg").symlink_to(path)
    (tmp_path / "also").symlink_to(tmp_path / "photos")
    names = [path, "photos/one.jpg", "photos/../photos/one.jpg", "link.jpg", "also/one.jpg", Path(path).as_uri(), path]
    images = NamedImages(names)
    assert images.count == 1
    assert images.image_of.tolist() == [0] * len(names)


def test_hard_links_are_two_images(tmp_path):
    path = put(tmp_path, "one.jpg")
    os.link(path, tmp_path / "other.jpg")
    assert NamedImages([path, str(tmp_path / "other.jpg")]).count == 2


def test_what_is_missing_is_listed_and_fails_with_a_reason(tmp_path):
    images = NamedImages([str(tmp_path / "no/such.jpg"), put(tmp_path, "there.jpg")])
    (source,) = sources_of(images)
    missing, there = source.entries()
    assert source.fetch(there.uri, there.size, there.etag, wanted=anything) == b"data"
    with pytest.raises(FetchError, match="there is no such file") as caught:
        source.fetch(missing.uri, missing.size, missing.etag, wanted=anything)
    assert caught.value.kind == "vanished"


def test_odd_names_of_files(tmp_path):
    odd = os.fsencode(tmp_path) + b"/caf\xe9 100%#?.jpg"
    Path(os.fsdecode(odd)).write_bytes(b"odd")
    (source,) = sources_of(NamedImages([os.fsdecode(odd)]))
    (entry,) = source.entries()
    assert source.fetch(entry.uri, entry.size, entry.etag, wanted=anything) == b"odd"
    assert NamedImages([entry.uri, os.fsdecode(odd)]).count == 1


def test_objects_of_several_stores_beside_files(tmp_path):
    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    for store, name in ((first, "a/1.jpg"), (first, "a/2 %.jpg"), (second, "3.jpg")):
        memory_store(store).put(name, name.encode())
    file = put(tmp_path, "4.jpg")
    names = [f"memory://{second}/3.jpg", file, f"memory://{first}/a/2%20%25.jpg", f"memory://{first}/a/1.jpg"]
    images = NamedImages([*names, f"memory://{first}/gone.jpg"])
    sources = sources_of(images)
    assert [source.uri for source in sources] == sorted(source.uri for source in sources)
    rows = [(source, entry) for source in sources for entry in source.entries()]
    assert len(rows) == images.count == 5
    wanted = [b"3.jpg", b"data", b"a/2 %.jpg", b"a/1.jpg"]
    for number, data in zip(images.image_of, wanted, strict=False):
        source, entry = rows[number]
        assert source.fetch(entry.uri, entry.size, entry.etag, wanted=anything) == data
    source, entry = rows[images.image_of[-1]]
    with pytest.raises(FetchError, match="there is no such file"):
        source.fetch(entry.uri, entry.size, entry.etag, wanted=anything)


def test_two_spellings_of_one_container():
    account = {"AZURE_STORAGE_ACCOUNT": "pictures", "AZURE_STORAGE_KEY": "a2V5"}
    names = ["az://cats/a%20b.jpg", "https://pictures.blob.core.windows.net/cats/a%20b.jpg?sv=1&sig=secret"]
    images = NamedImages(names, account)
    assert images.count == 1
    assert "secret" not in repr(images.places)


def test_the_fingerprint_names_the_set(tmp_path):
    names = [put(tmp_path, f"{number}.jpg") for number in range(3)]
    same = NamedImages([*reversed(names), names[0]])
    assert same.fingerprint == NamedImages(names).fingerprint != NamedImages(names[:2]).fingerprint


@pytest.mark.parametrize(
    "name", ["", "a\0b.jpg", "file:///a%00b.jpg", "ftp://host/a.jpg", "s3://bucket", "s3:///a.jpg"]
)
def test_names_that_mean_nothing(name):
    with pytest.raises(SourceError):
        NamedImages([name])


def test_the_name_of_an_object_is_exact():
    address, name = parse_object("s3://bucket//a//b%2Fc.jpg")
    assert (address.uri, address.prefix, name) == ("s3://bucket", "", "/a//b/c.jpg")


def test_the_root_as_a_url_is_the_root():
    assert parse_address("file:///").path == Path("/")
    assert parse_address("file://").path == Path("/")
