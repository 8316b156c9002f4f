"""From a path or URL to what lies there: a source to read from, or a store to write to."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from obstore.exceptions import BaseError
from obstore.store import GCSStore, LocalStore, MemoryStore, S3Store

from imgsieve.errors import SourceError
from imgsieve.storage.addresses import Address, parse_address
from imgsieve.storage.azure import AzureClient
from imgsieve.storage.blobs import BlobSource
from imgsieve.storage.client import ObjectClient
from imgsieve.storage.entry import Source
from imgsieve.storage.filters import ListingFilter
from imgsieve.storage.folder import FolderSource
from imgsieve.storage.objects import ObstoreClient
from imgsieve.storage.store import Store
from imgsieve.storage.traffic import Traffic

if TYPE_CHECKING:
    from obstore.store import GCSConfig, S3Config

__all__ = ["memory_store", "open_source", "open_store"]

_S3_CREDENTIALS: dict[str, Literal["access_key_id", "secret_access_key", "session_token"]] = {
    "AWS_ACCESS_KEY_ID": "access_key_id",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "AWS_SESSION_TOKEN": "session_token",
}
_MEMORY: dict[str, MemoryStore] = {}
_MAKING = threading.Lock()


def memory_store(name: str) -> MemoryStore:
    """Return the store that ``memory://name`` means in this process; its content lasts as long as the process."""
    with _MAKING:
        return _MEMORY.setdefault(name, MemoryStore())


def open_source(
    place: str, filters: ListingFilter, traffic: Traffic, environment: Mapping[str, str] | None = None
) -> Source:
    """Return the source that a path or URL names. No request is made yet.

    Parameters
    ----------
    place
        The path or URL.
    filters
        Which files are listed.
    traffic
        The run's.
    environment
        Where accounts and keys are named; None for that of the process.

    Raises
    ------
    SourceError
        The kind is not known, the place is missing or not readable, or credentials are missing.
    """
    address = parse_address(place, environment)
    if address.path is not None:
        return FolderSource(address.path, filters)
    return BlobSource(open_store(address, traffic, environment), address, filters)


def open_store(address: Address, traffic: Traffic, environment: Mapping[str, str] | None = None) -> Store:
    """Return the store of an address. No request is made yet.

    Raises
    ------
    SourceError
        Credentials are missing, or cannot be read.
    """
    environment = os.environ if environment is None else environment
    return Store(_client(address, traffic, environment), traffic, address.uri)


def _client(address: Address, traffic: Traffic, environment: Mapping[str, str]) -> ObjectClient:
    """Return the client of an address."""
    config = traffic.config
    if address.kind == "azure":
        assert address.account is not None
        return AzureClient(address.account, address.container, config, traffic.is_over)
    if address.kind == "memory":
        return ObstoreClient(memory_store(address.container), "memory")
    options: dict[str, Any] = {
        "client_options": {"timeout": "1h", "read_timeout": f"{config.timeout_seconds:g}s", "connect_timeout": "5s"},
        "retry_config": {"max_retries": 0},
    }
    try:
        if address.kind == "file":
            assert address.path is not None
            return ObstoreClient(LocalStore(address.path.absolute(), mkdir=True), "file")
        if address.kind == "s3":
            return ObstoreClient(_s3(address, options, environment), "s3")
        return ObstoreClient(_gcs(address, options, environment), "gs")
    except (BaseError, ValueError, TypeError) as error:
        what = type(error).__name__
    # Raised out here so that it does not carry the library's error, whose text may have a key in it.
    raise SourceError(f"{address.uri}: the store cannot be opened: {what}; check the credentials in the environment")


def _s3(address: Address, options: dict[str, Any], environment: Mapping[str, str]) -> S3Store:
    """Return the store of an S3 bucket, with the names of AWS's own tools in the environment."""
    config: S3Config = {}
    for name, option in _S3_CREDENTIALS.items():
        if environment.get(name):
            config[option] = environment[name]
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        config["endpoint"] = endpoint
        config["virtual_hosted_style_request"] = False
        options["client_options"]["allow_http"] = endpoint.startswith("http://")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    config["region"] = region or "us-east-1"
    return S3Store(address.container, config=config, **options)


def _gcs(address: Address, options: dict[str, Any], environment: Mapping[str, str]) -> GCSStore:
    """Return the store of a Google bucket; credentials are those of ``GOOGLE_APPLICATION_CREDENTIALS`` or gcloud."""
    config: GCSConfig = {}
    key = environment.get("GOOGLE_APPLICATION_CREDENTIALS")
    if key:
        config["application_credentials"] = key
    return GCSStore(address.container, config=config, **options)
