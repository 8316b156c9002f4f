"""Accounts from the environment, as the tools of the cloud name them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsieve.errors import SourceError
from imgsieve.storage.connections import AzureAccount, account_of_environment, needed_account

HOST = "https://photos.blob.core.windows.net"
KEY = "c2VjcmV0LWtleQ=="
SAS = "sv=1&sig=secret%3D"


def account(**variables: str) -> AzureAccount:
    return needed_account({f"AZURE_STORAGE_{name}": value for name, value in variables.items()})


def of_string(text: str) -> AzureAccount:
    return account(CONNECTION_STRING=text)


@pytest.mark.parametrize(
    ("variables", "endpoint", "key", "sas"),
    [
        ({"ACCOUNT": "photos"}, HOST, None, None),
        ({"ACCOUNT_NAME": "photos", "ACCOUNT_KEY": KEY}, HOST, KEY, None),
        ({"ACCOUNT": "photos", "KEY": KEY}, HOST, KEY, None),
        ({"ACCOUNT": "photos", "SAS_TOKEN": f"?{SAS}"}, HOST, None, SAS),
        ({"ACCOUNT": "photos", "KEY": KEY, "SAS_TOKEN": SAS}, HOST, KEY, None),
        ({"ACCOUNT": "photos", "KEY": "", "SAS_TOKEN": SAS}, HOST, None, SAS),
        ({"ACCOUNT": "photos", "ENDPOINT": "http://localhost:1/photos/"}, "http://localhost:1/photos", None, None),
    ],
)
def test_single_variables(variables, endpoint, key, sas):
    found = account(**variables)
    assert (found.name, found.endpoint, found.key, found.sas) == ("photos", endpoint, key, sas)


@pytest.mark.parametrize(
    ("text", "name", "endpoint", "key", "sas"),
    [
        (
            f"DefaultEndpointsProtocol=https;AccountName=photos;AccountKey={KEY};EndpointSuffix=core.windows.net",
            "photos",
            HOST,
            KEY,
            None,
        ),
        (f" AccountName=photos ; AccountKey={KEY} ;", "photos", HOST, KEY, None),
        (f"accountname=photos;accountkey={KEY}", "photos", HOST, KEY, None),
        (f"BlobEndpoint={HOST}/;SharedAccessSignature={SAS}", "photos", HOST, None, SAS),
        (f"BlobEndpoint={HOST};SharedAccessSignature=?{SAS};", "photos", HOST, None, SAS),
        (
            f"DefaultEndpointsProtocol=http;AccountName=photos;AccountKey={KEY};EndpointSuffix=core.chinacloudapi.cn",
            "photos",
            "http://photos.blob.core.chinacloudapi.cn",
            KEY,
            None,
        ),
        (
            f"AccountName=dev;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:11000/dev;",
            "dev",
            "http://127.0.0.1:11000/dev",
            KEY,
            None,
        ),
    ],
)
def test_connection_strings(text, name, endpoint, key, sas):
    found = of_string(text)
    assert (found.name, found.endpoint, found.key, found.sas) == (name, endpoint, key, sas)


def test_the_emulator_has_a_short_name():
    found = of_string("UseDevelopmentStorage=true")
    assert found.name == "devstoreaccount1"
    assert found.endpoint == "http://127.0.0.1:10000/devstoreaccount1"
    assert found.key


def test_the_connection_string_comes_first():
    assert account(CONNECTION_STRING=f"AccountName=one;AccountKey={KEY}", ACCOUNT="two").name == "one"


@pytest.mark.parametrize("text", ["nonsense-with-secret", f"AccountKey={KEY}", "DefaultEndpointsProtocol=https;secret"])
def test_connection_strings_that_cannot_be_read(text):
    with pytest.raises(SourceError, match="AZURE_STORAGE_CONNECTION_STRING") as caught:
        of_string(text)
    assert "secret" not in str(caught.value)
    assert KEY not in str(caught.value)


def test_no_account_is_told_with_what_to_set():
    assert account_of_environment({}) is None
    with pytest.raises(SourceError, match="AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY"):
        needed_account({})


def test_a_host_takes_what_opens_its_own_account():
    environment = {"AZURE_STORAGE_ACCOUNT": "photos", "AZURE_STORAGE_KEY": KEY}
    assert AzureAccount.of_host("photos.blob.core.windows.net", environment).key == KEY
    assert AzureAccount.of_host("others.blob.core.windows.net", environment).key is None


@given(st.text(min_size=1), st.text(min_size=1))
def test_nothing_secret_is_shown(key, sas):
    marked = AzureAccount(name="photos", endpoint=HOST, key=f"<<{key}>>", sas=f"<<{sas}>>")
    assert "<<" not in f"{marked} {marked!r} {marked.with_sas(f'<<{sas}>>')!r}"


@given(st.text(max_size=60))
def test_any_connection_string_is_read_or_refused(text):
    try:
        found = account_of_environment({"AZURE_STORAGE_CONNECTION_STRING": text})
    except SourceError as error:
        assert "copy it again" in str(error)
    else:
        assert found is None or found.endpoint
