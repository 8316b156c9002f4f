"""Stores that many tests share: started when first asked for, and kept until the last test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.azurite import Azurite
from stores.places import Place
from stores.s3_server import S3Server


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Run an emulator of Azure Blob Storage."""
    server = Azurite(tmp_path_factory.mktemp("azurite"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Run an S3."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture
def container(azurite: Azurite) -> str:
    """Return the name of a new container."""
    name = f"test-{uuid.uuid4().hex}"
    with azurite.container(name) as client:
        client.create_container()
    return name


@pytest.fixture
def bucket(s3_server: S3Server) -> str:
    """Return the name of a new bucket."""
    name = f"test-{uuid.uuid4().hex}"
    client = s3_server.client()
    client.create_bucket(Bucket=name)
    client.close()
    return name


@pytest.fixture
def environment(azurite: Azurite, s3_server: S3Server) -> dict[str, str]:
    """Return the variables that name both stores and what opens them."""
    return azurite.environment() | s3_server.environment()


@pytest.fixture(params=("azure", "s3", "memory", "file"))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a new, empty place; one of each kind."""
    if request.param == "azure":
        environment = request.getfixturevalue("azurite").environment()
        return Place(f"az://{request.getfixturevalue('container')}", environment)
    if request.param == "s3":
        environment = request.getfixturevalue("s3_server").environment()
        return Place(f"s3://{request.getfixturevalue('bucket')}", environment)
    if request.param == "memory":
        return Place(f"memory://{uuid.uuid4().hex}", {})
    return Place((tmp_path / "store").as_uri(), {})
