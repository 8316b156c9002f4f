"""URLs of stores: what is read from them, what is refused, and that secrets in them are set apart."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsieve.errors import SourceError
from imgsieve.storage import is_remote, parse_address
from imgsieve.storage.addresses import quote_name

ENVIRONMENT = {"AZURE_STORAGE_ACCOUNT": "photos", "AZURE_STORAGE_KEY": "c2VjcmV0"}
EMULATOR = {
    "AZURE_STORAGE_CONNECTION_STRING": "AccountName=devstoreaccount1;AccountKey=c2VjcmV0;"
    "BlobEndpoint=http://127.0.0.1:11000/devstoreaccount1;"
}
SAS = "sv=2023-11-03&sr=c&sp=rl&sig=very%2Fsecret%3D"
HOST = "https://photos.blob.core.windows.net"

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
PARTS = NAMES.map(lambda name: name.replace("/", "_"))
PREFIXES = st.lists(PARTS, max_size=3).map("/".join)


@pytest.mark.parametrize(
    ("place", "kind", "uri", "container", "prefix"),
    [
        ("s3://bucket", "s3", "s3://bucket", "bucket", ""),
        ("s3://bucket/", "s3", "s3://bucket", "bucket", ""),
        ("s3a://bucket/a/b/", "s3", "s3://bucket/a/b", "bucket", "a/b/"),
        ("S3://bucket/a%20b", "s3", "s3://bucket/a%20b", "bucket", "a b/"),
        ("s3://bucket/a b", "s3", "s3://bucket/a%20b", "bucket", "a b/"),
        ("gs://my_bucket.name/x", "gs", "gs://my_bucket.name/x", "my_bucket.name", "x/"),
        ("gcs://bucket/x", "gs", "gs://bucket/x", "bucket", "x/"),
        ("memory://name/x", "memory", "memory://name/x", "name", "x/"),
        ("az://pictures/2024", "azure", "az://pictures/2024", "pictures", "2024/"),
        ("az://$root", "azure", "az://$root", "$root", ""),
        ("abfss://pictures@photos.dfs.core.windows.net/a", "azure", f"{HOST}/pictures/a", "pictures", "a/"),
        (f"{HOST}/pictures/a", "azure", f"{HOST}/pictures/a", "pictures", "a/"),
        ("https://photos.dfs.core.windows.net/pictures", "azure", f"{HOST}/pictures", "pictures", ""),
    ],
)
def test_urls_of_stores(place, kind, uri, container, prefix):
    address = parse_address(place, ENVIRONMENT)
    assert (address.kind, address.uri, address.container, address.prefix) == (kind, uri, container, prefix)
    assert is_remote(place)


def test_folders_are_paths_and_urls(tmp_path):
    folder = tmp_path / "a b%c"
    for place in (str(folder), folder.as_uri(), f"{folder.as_uri()}/"):
        address = parse_address(place, {})
        assert (address.kind, address.path, address.uri) == ("file", folder, folder.as_uri())
        assert not is_remote(place)
    assert parse_address("relative", {}).path == Path("relative")


def test_all_spellings_of_one_place_have_one_identity():
    spellings = [
        "az://pictures/a",
        "az://pictures/a/",
        f"{HOST}/pictures/a",
        f"{HOST.upper().replace('HTTPS', 'https')}/pictures/a",
        f"{HOST}/pictures/a?{SAS}",
        f"az://pictures/a?{SAS}",
        "abfss://pictures@photos.dfs.core.windows.net/a",
        "abfs://pictures@photos.blob.core.windows.net/a/",
    ]
    assert {parse_address(place, ENVIRONMENT).identity for place in spellings} == {f"{HOST}/pictures/a/"}
    assert parse_address("s3://b/x", {}).identity != parse_address("gs://b/x", {}).identity


def test_the_emulator_is_known_by_its_endpoint():
    address = parse_address("http://127.0.0.1:11000/devstoreaccount1/pictures/a", EMULATOR)
    assert address.uri == "http://127.0.0.1:11000/devstoreaccount1/pictures/a"
    assert (address.container, address.prefix) == ("pictures", "a/")
    with pytest.raises(SourceError, match="no store that is known"):
        parse_address("http://127.0.0.1:11000/other/pictures", EMULATOR)


@pytest.mark.parametrize("place", [f"{HOST}/pictures/a?{SAS}", f"az://pictures/a?{SAS}"])
def test_a_sas_is_taken_and_not_shown(place):
    address = parse_address(place, ENVIRONMENT)
    assert address.account is not None
    assert (address.account.sas, address.account.key) == (SAS, None)
    assert "?" not in address.uri + address.identity + address.uri_of("a/b")
    assert "secret" not in f"{address} {address!r} {address.account} {address.account!r}"


def test_keys_are_for_their_own_account_only():
    other = parse_address("https://other.blob.core.windows.net/pictures", ENVIRONMENT).account
    assert other is not None
    assert (other.name, other.key, other.sas) == ("other", None, None)


@pytest.mark.parametrize(
    "place",
    [
        "ftp://host/x",
        "s3://",
        "s3:///prefix",
        "az://",
        "az:///prefix",
        "az://@photos.blob.core.windows.net/x",
        f"{HOST}",
        f"{HOST}/",
        f"{HOST}?{SAS}",
        f"az:///x?{SAS}",
        "https://example.com/pictures",
        f"https://example.com/pictures?{SAS}",
        f"https://user:secret@example.com/pictures?{SAS}",
        "http://photos.blob.core.windows.net/pictures",
        "https://[broken/pictures",
        "s3://key:secret@bucket/x",
        "s3://no bucket/x",
        "az://no\tcontainer/x",
        f"s3://bucket/x?{SAS}",
        "s3://bucket/a#b",
        "az://pictures/a#b",
        "s3://bucket/%FF",
    ],
)
def test_what_cannot_be_read_is_told_without_secrets(place):
    with pytest.raises(SourceError) as caught:
        parse_address(place, ENVIRONMENT)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_az_needs_an_account():
    with pytest.raises(SourceError, match="AZURE_STORAGE_ACCOUNT"):
        parse_address("az://pictures", {})


@given(PREFIXES, NAMES)
def test_names_come_back_from_their_urls(folder, name):
    address = parse_address(f"s3://bucket/{quote_name(folder)}", {})
    full = address.prefix + name
    uri = address.uri_of(full)
    assert address.name_of(uri) == full
    assert uri.startswith(f"{address.uri}/")
    assert uri.isascii()
    assert not set(uri) & set(" ?#\"'\\<>\t\n")


@given(PREFIXES)
def test_prefixes_end_in_one_slash_and_urls_in_none(folder):
    address = parse_address(f"s3://bucket/{quote_name(folder)}/", {})
    assert address.prefix.strip("/") == folder.strip("/")
    assert address.prefix == "" or (address.prefix[-1] == "/" and address.prefix[-2] != "/")
    assert not address.uri.endswith("/")
    assert parse_address(address.uri, {}) == address


@given(st.text(max_size=40))
def test_any_text_is_a_place_or_refused(text):
    for place in (text, f"s3://{text}", f"az://{text}", f"https://{text}", f"{HOST}/{text}"):
        try:
            address = parse_address(place, ENVIRONMENT)
        except SourceError:
            continue
        assert address.kind == "file" or set(address.container) <= set(string.ascii_letters + string.digits + "$._-")
