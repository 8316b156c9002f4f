"""Copies from one storage account to another: by the servers where they reach each other, through here otherwise."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import ContainerClient, ContentSettings, generate_container_sas
from copy_places import read, settled

from imgsieve.actions.items import COPIED, EQUAL, FAILED
from imgsieve.actions.origins import StoreOrigin
from imgsieve.actions.targets import StoreTarget
from imgsieve.actions.transfer import Transfer
from imgsieve.config import NetworkConfig
from imgsieve.storage import Address, ListingFilter, Traffic, open_store
from imgsieve.storage.connections import AzureAccount
from stores.azurite import Azurite

KEYS = {name: base64.b64encode(name.encode() * 4).decode() for name in ("accounta", "accountb")}
FILES = {f"p/{number}.jpg": bytes([number]) * 1000 for number in range(12)}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Azurite, Azurite]]:
    """Run two servers, each with two accounts; they do not reach each other."""
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("AZURITE_ACCOUNTS", ";".join(f"{name}:{key}" for name, key in KEYS.items()))
        both = Azurite(tmp_path_factory.mktemp("one")), Azurite(tmp_path_factory.mktemp("two"))
    yield both
    for server in both:
        server.stop()


def account(server: Azurite, name: str) -> AzureAccount:
    return AzureAccount(name=name, endpoint=f"{server.url}/{name}", key=KEYS[name])


def client(server: Azurite, name: str, container: str) -> ContainerClient:
    credential = {"account_name": name, "account_key": KEYS[name]}
    return ContainerClient(f"{server.url}/{name}", container, credential=credential, retry_total=0)


def address(of: AzureAccount, container: str) -> Address:
    return Address(kind="azure", uri=f"{of.endpoint}/{container}", container=container, account=of)


def fill(server: Azurite, container: str) -> None:
    with client(server, "accounta", container) as there:
        there.create_container()
        for name, data in FILES.items():
            settings = ContentSettings(content_type="image/x-own")
            there.upload_blob(name, data, content_settings=settings, metadata={"k": "v"})


def empty(server: Azurite, container: str) -> None:
    with client(server, "accountb", container) as there:
        there.create_container()


def places(source: AzureAccount, target: AzureAccount, container: str) -> tuple[StoreOrigin, StoreTarget]:
    traffic, ours, theirs = Traffic(NetworkConfig()), address(source, container), address(target, container)
    return StoreOrigin(open_store(ours, traffic), ours, ListingFilter()), StoreTarget(
        open_store(theirs, traffic), theirs
    )


def copied(origin: StoreOrigin, target: StoreTarget) -> list[tuple[str, str, str]]:
    """Copy all; the name, the state and the way of each."""
    transfer = Transfer(origin, target, overwrite=False, dry_run=False)
    return [(found.item.name, found.state, found.how) for found in map(transfer, list(origin.items()))]


def arrived(server: Azurite, container: str) -> dict[str, tuple[bytes, str | None, dict[str, str]]]:
    with client(server, "accountb", container) as there:
        return {
            blob.name: (there.download_blob(blob.name).readall(), blob.content_settings.content_type, blob.metadata)
            for blob in there.list_blobs(include=["metadata"])
        }


EXPECTED = {name: (data, "image/x-own", {"k": "v"}) for name, data in FILES.items()}


def test_servers_that_reach_each_other_copy_themselves(servers: tuple[Azurite, Azurite]) -> None:
    server, container = servers[0], "reached"
    fill(server, container)
    empty(server, container)
    origin, target = places(account(server, "accounta"), account(server, "accountb"), container)
    before = settled(server)
    assert copied(origin, target) == [(name, COPIED, "server") for name in sorted(FILES)]
    assert read(server.accesses(before)) == []
    assert arrived(server, container) == EXPECTED
    assert copied(origin, target) == [(name, EQUAL, "") for name in sorted(FILES)]


def test_a_signature_of_the_user_is_enough_for_the_source(servers: tuple[Azurite, Azurite]) -> None:
    server, container = servers[0], "signed"
    fill(server, container)
    empty(server, container)
    end = datetime.now(UTC) + timedelta(hours=1)
    sas = generate_container_sas(
        "accounta", container, account_key=KEYS["accounta"], permission="rl", expiry=end, start=end - timedelta(days=1)
    )
    source = account(server, "accounta").with_sas(sas)
    origin, target = places(source, account(server, "accountb"), container)
    assert {how for _, _, how in copied(origin, target)} == {"server"}
    assert arrived(server, container) == EXPECTED


def test_servers_that_do_not_are_asked_once_and_the_bytes_pass_here(servers: tuple[Azurite, Azurite]) -> None:
    container = "apart"
    fill(servers[0], container)
    empty(servers[1], container)
    origin, target = places(account(servers[0], "accounta"), account(servers[1], "accountb"), container)
    before = settled(servers[1])
    assert copied(origin, target) == [(name, COPIED, "here") for name in sorted(FILES)]
    assert arrived(servers[1], container) == EXPECTED
    refused = [a for a in servers[1].accesses(before) if a.method == "PUT" and a.status >= 400]
    assert len(refused) == 1


def test_a_source_that_may_be_listed_only_fails_object_by_object(
    servers: tuple[Azurite, Azurite],
) -> None:
    server, container = servers[0], "listed"
    fill(server, container)
    empty(server, container)
    end = datetime.now(UTC) + timedelta(hours=1)
    sas = generate_container_sas(
        "accounta", container, account_key=KEYS["accounta"], permission="l", expiry=end, start=end - timedelta(days=1)
    )
    origin, target = places(account(server, "accounta").with_sas(sas), account(server, "accountb"), container)
    assert {(state, how) for _, state, how in copied(origin, target)} == {(FAILED, "")}
    assert arrived(server, container) == {}
