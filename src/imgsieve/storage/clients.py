"""From an address to the client of its store, and the libraries that speak to it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from obstore.exceptions import BaseError
from obstore.store import GCSStore, LocalStore, MemoryStore, S3Store

from imgsieve.errors import SourceError
from imgsieve.storage.addresses import Address
from imgsieve.storage.azure import AzureClient
from imgsieve.storage.client import ObjectClient
from imgsieve.storage.objects import ObstoreClient
from imgsieve.storage.traffic import Traffic

if TYPE_CHECKING:
    from obstore.store import GCSConfig, S3Config

__all__ = ["client_of", "memory_store"]

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


def client_of(address: Address, traffic: Traffic, environment: Mapping[str, str]) -> ObjectClient:
    """Return the client of an address. No request is made yet.

    Raises
    ------
    SourceError
        Credentials are missing, or cannot be read.
    """
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
