"""Stores that cannot be opened: told within seconds, in one line that helps and has no secret in it."""

from __future__ import annotations

import base64
import logging
import socket
import subprocess
import sys
import time
from urllib.parse import unquote

import pytest

from imgsieve.errors import ImgsieveError, SourceError
from imgsieve.storage import StoreFault, parse_address
from stores.azurite import ACCOUNT, KEY, connection_string, make_sas
from stores.places import Place, all_text_of, anything, chain_of, fill, names, traffic_of
from stores.s3_server import SECRET
from stores.server_process import plain

WRONG_KEY = base64.b64encode(b"a key of the right length, but no key of this account at all!!!!").decode()
NOT_BASE64 = "this-is/not a key*and-has-secret-text-in-it"
UNKNOWN_HOST = "https://imgsieve-nobody.blob.core.invalid"
SECONDS = 12


@pytest.fixture
def filled(azurite, container) -> str:
    """Return the name of a container with two files."""
    fill(Place(f"az://{container}", azurite.environment()).store(), {"a.jpg": b"a" * 100, "b.jpg": b"b" * 100})
    return container


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def error_of(request) -> ImgsieveError:
    """Return the error of a request, which must come soon."""
    began = time.monotonic()
    with pytest.raises(ImgsieveError) as caught:
        request()
    assert time.monotonic() - began < SECONDS
    return caught.value


def assert_told(error, *words, secrets=()):
    """Check that an error is one line that says these words, and that no secret is anywhere near it."""
    text = str(error)
    assert "\n" not in text
    assert all(word in text for word in words), text
    assert_hidden(all_text_of(error), *secrets)
    # Errors of libraries are not carried along: nobody knows what is in them.
    assert {type(one).__module__.partition(".")[0] for one in chain_of(error)} == {"imgsieve"}


def assert_hidden(text, *secrets):
    """Check that no secret is in a text, however it is encoded."""
    for secret in (KEY, WRONG_KEY, NOT_BASE64, SECRET, *secrets):
        for shown in (text, unquote(text)):
            assert secret not in shown
            assert unquote(secret) not in shown
    assert "sig=" not in text


def signature_of(sas: str) -> str:
    return sas.partition("sig=")[2].partition("&")[0]


def listing(place: Place):
    return lambda: list(place.source().entries())


def writing(place: Place):
    return lambda: place.store().write("new", b"data")


ASKED = {"listing": listing, "writing": writing}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_a_wrong_key(azurite, filled, asked):
    place = Place(f"az://{filled}", {"AZURE_STORAGE_CONNECTION_STRING": connection_string(azurite.endpoint, WRONG_KEY)})
    assert_told(error_of(asked(place)), "403" if asked is writing else "credentials are refused")


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_a_key_that_is_none(azurite, filled, asked):
    place = Place(
        f"az://{filled}", {"AZURE_STORAGE_CONNECTION_STRING": connection_string(azurite.endpoint, NOT_BASE64)}
    )
    assert_told(error_of(asked(place)), "base64", ACCOUNT)


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("hours", [-1, 1], ids=["expired", "forged"])
def test_a_sas_that_does_not_hold(azurite, filled, asked, hours):
    sas = make_sas(filled, "rlw", hours)
    if hours > 0:
        sas = sas.replace(signature_of(sas), "Zm9yZ2VkIHNpZ25hdHVyZSBvZiBub2JvZHkgYXQgYWxsIQ%3D%3D")
    place = Place(f"{azurite.endpoint}/{filled}?{sas}", azurite.environment())
    error = error_of(asked(place))
    assert_told(error, "403" if asked is writing else "expired", secrets=[signature_of(sas)])


def test_a_sas_that_may_not_list(azurite, filled):
    sas = make_sas(filled, "r")
    place = Place(f"{azurite.endpoint}/{filled}?{sas}", azurite.environment())
    assert_told(error_of(listing(place)), "read and to list", secrets=[signature_of(sas)])


def test_a_sas_opens_a_container(azurite, filled):
    url = Place(f"{azurite.endpoint}/{filled}?{make_sas(filled)}", azurite.environment())
    by_container = Place(f"az://{filled}?{make_sas(filled)}", azurite.environment())
    token = {
        "AZURE_STORAGE_ACCOUNT": ACCOUNT,
        "AZURE_STORAGE_ENDPOINT": azurite.endpoint,
        "AZURE_STORAGE_SAS_TOKEN": "?" + make_sas(filled),
    }
    for place in (url, by_container, Place(f"az://{filled}", token)):
        assert names(place.store()) == ["a.jpg", "b.jpg"]
        assert place.store().read("a.jpg") == b"a" * 100


def test_a_sas_that_expires_in_the_middle_ends_the_run(azurite, filled):
    sas = make_sas(filled, "rl", hours=2 / 3600)
    source = Place(f"{azurite.endpoint}/{filled}?{sas}", azurite.environment()).source()
    (entry, *_) = source.entries()
    time.sleep(3)
    error = error_of(lambda: source.fetch(entry.uri, entry.size, entry.etag, wanted=anything))
    assert isinstance(error, SourceError)
    assert_told(error, "expired", secrets=[signature_of(sas)])


@pytest.mark.parametrize("scheme", ["az", "s3"])
def test_no_such_container(azurite, s3_server, scheme):
    place = Place(f"{scheme}://no-such-place-at-all", azurite.environment() | s3_server.environment())
    assert_told(error_of(listing(place)), "no such container or bucket", "404")
    assert isinstance(error_of(writing(place)), StoreFault)


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("scheme", ["az", "s3"])
def test_nobody_listens(azurite, s3_server, scheme, asked):
    url = f"http://127.0.0.1:{closed_port()}"
    environment = azurite.environment(f"{url}/{ACCOUNT}") | s3_server.environment(url)
    assert_told(error_of(asked(Place(f"{scheme}://somewhere", environment))), "no connection")


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_no_such_account(asked):
    place = Place(f"{UNKNOWN_HOST}/pictures?{make_sas('pictures')}", {})
    assert_told(error_of(asked(place)), "no connection")


def test_somebody_listens_who_never_answers(azurite):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/{ACCOUNT}"
        place = Place("az://somewhere", azurite.environment(endpoint))
        for request in (
            lambda: list(place.source(timeout_seconds=1).entries()),
            lambda: place.store(timeout_seconds=1).write("new", b"data"),
        ):
            assert_told(error_of(request), "connection broke")


def test_secrets_are_not_shown_by_what_holds_them(azurite, s3_server, filled):
    sas = make_sas(filled)
    url = f"{azurite.endpoint}/{filled}?{sas}"
    for uri, environment in (
        (f"az://{filled}", azurite.environment()),
        (url, azurite.environment()),
        (f"s3://{filled}", s3_server.environment()),
    ):
        address, place = parse_address(uri, environment), Place(uri, environment)
        store, source = place.store(), place.source()
        for held in (address, address.account, store, store.client, source, store.label, source.uri, source.identity):
            assert_hidden(f"{held} {held!r}", signature_of(sas))


def test_entries_have_no_signature_in_them(azurite, filled):
    source = Place(f"{azurite.endpoint}/{filled}?{make_sas(filled)}", azurite.environment()).source()
    for entry in source.entries():
        assert_hidden(repr(entry))
        assert "?" not in entry.uri


def test_nothing_secret_is_logged(azurite, filled, caplog):
    caplog.set_level(logging.DEBUG)
    sas = make_sas(filled, "rlwd")
    for uri in (f"az://{filled}", f"{azurite.endpoint}/{filled}?{sas}"):
        store = Place(uri, azurite.environment()).store()
        store.write("new", b"data")
        assert store.read("new") == b"data"
        store.head("new")
        store.delete("new")
    assert_hidden(caplog.text.replace("sig=REDACTED", ""), signature_of(sas))


def test_without_any_identity_one_line_is_all_that_is_said():
    """In a process of its own, whose error stream is looked at; only the environment is asked for an identity."""
    program = (
        "from imgsieve.config import NetworkConfig\n"
        "from imgsieve.errors import SourceError\n"
        "from imgsieve.storage import ListingFilter, Traffic, open_source\n"
        "try:\n"
        "    list(open_source('az://pictures', ListingFilter(), Traffic(NetworkConfig())).entries())\n"
        "except SourceError as error:\n"
        "    print(error)\n"
    )
    environment = {name: value for name, value in plain().items() if not name.startswith("AZURE_")}
    environment |= {"AZURE_STORAGE_ACCOUNT": "somebody", "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stderr == ""
    assert len(ran.stdout.splitlines()) == 1
    assert "az login" in ran.stdout


def test_patience_for_a_store_that_never_answered_is_short(azurite):
    traffic = traffic_of(retry_seconds=300)
    place = Place("az://somewhere", azurite.environment(f"http://127.0.0.1:{closed_port()}/{ACCOUNT}"))
    error = error_of(lambda: list(place.source(traffic=traffic).entries()))
    assert_told(error, "no connection")
    assert 0 < traffic.as_dict()[""]["retries"] < 5
