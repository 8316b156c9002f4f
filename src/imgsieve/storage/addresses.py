"""URLs of stores, read: which kind, which account, which container, which prefix. What is secret in them is set apart.

Recognized are ``az://container/prefix``, ``abfs[s]://container@account.dfs.core.windows.net/prefix``,
``https://account.blob.core.windows.net/container/prefix`` (with a SAS, if wished), ``s3://bucket/prefix``,
``gs://bucket/prefix``, ``memory://name/prefix``, and folders as paths or ``file://`` URLs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from imgsieve.errors import SourceError
from imgsieve.storage.connections import AzureAccount, account_of_environment, needed_account

__all__ = ["Address", "is_remote", "parse_address", "quote_name"]

_KINDS = "a folder, az://, https://ACCOUNT.blob.core.windows.net/, abfss://, s3://, gs:// or memory://"
_SIMPLE = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "memory": "memory"}
_AZURE_HOSTS = (".blob.core.", ".dfs.core.", ".blob.storage.azure.", ".blob.fabric.")


@dataclass(frozen=True, kw_only=True)
class Address:
    """One place in a store."""

    kind: str
    """``file``, ``azure``, ``s3``, ``gs`` or ``memory``."""
    uri: str
    """The place as a URL without secrets and without a slash at its end."""
    container: str = ""
    prefix: str = ""
    """Begin of all names, with a slash at its end; empty for the whole container."""
    path: Path | None = None
    """The folder, for ``file``."""
    account: AzureAccount | None = field(default=None, repr=False)

    @property
    def identity(self) -> str:
        """The same for all spellings of one place."""
        base = self.account.endpoint if self.account else f"{self.kind}:/"
        return f"{base}/{self.container}/{self.prefix}" if self.kind != "file" else self.uri + "/"

    def uri_of(self, name: str) -> str:
        """Return the URL of an object of the container by its name."""
        return f"{self.uri}/{quote_name(name.removeprefix(self.prefix))}"

    def name_of(self, uri: str) -> str:
        """Return the name of the object that a URL of this place names."""
        return self.prefix + unquote(uri[len(self.uri) + 1 :])


def quote_name(name: str) -> str:
    """Percent-encode the name of an object for a URL."""
    return quote(name, safe="/", errors="surrogatepass")


def is_remote(place: str) -> bool:
    """Return whether a place is no folder of this machine."""
    return "://" in place and urlsplit(place).scheme != "file"


def parse_address(place: str, environment: Mapping[str, str] | None = None) -> Address:
    """Read a path or URL.

    Parameters
    ----------
    environment
        Where accounts and keys are named; None for that of the process.

    Raises
    ------
    SourceError
        The kind of URL is not known, or it is not complete.
    """
    environment = os.environ if environment is None else environment
    if "://" not in place:
        path = Path(place)
        return Address(kind="file", uri=path.absolute().as_uri(), path=path)
    parts = urlsplit(place)
    if parts.scheme == "file":
        path = Path(os.fsdecode(unquote_to_bytes(place[len("file://") :])))
        return Address(kind="file", uri=place.rstrip("/"), path=path)
    if parts.scheme in _SIMPLE:
        return _simple(place, _SIMPLE[parts.scheme], parts.netloc, parts.path)
    if parts.scheme in ("az", "azure", "abfs", "abfss", "wasb", "wasbs"):
        return _azure_by_container(place, parts.netloc, parts.path, environment)
    if parts.scheme in ("http", "https"):
        return _azure_by_endpoint(place, environment)
    raise SourceError(f"{parts.scheme}://: sources of this kind are not supported; name {_KINDS}")


def _simple(place: str, kind: str, bucket: str, path: str) -> Address:
    """Read the URL of a bucket."""
    if not bucket:
        raise SourceError(f"{place}: there is no bucket in it; write {kind}://BUCKET/PREFIX")
    prefix = _prefix(unquote(path))
    return Address(kind=kind, uri=_uri(f"{kind}://{bucket}", prefix), container=bucket, prefix=prefix)


def _azure_by_container(place: str, host: str, path: str, environment: Mapping[str, str]) -> Address:
    """Read a URL that names a container, and the account perhaps."""
    container, _, account_host = host.partition("@")
    if not container:
        raise SourceError(f"{place}: there is no container in it; write az://CONTAINER/PREFIX")
    if account_host:
        account = AzureAccount.of_host(account_host.replace(".dfs.", ".blob."), environment)
        base = f"{account.endpoint}/{container}"
    else:
        account = needed_account(environment)
        base = f"az://{container}"
    prefix = _prefix(unquote(path))
    return Address(kind="azure", uri=_uri(base, prefix), container=container, prefix=prefix, account=account)


def _azure_by_endpoint(place: str, environment: Mapping[str, str]) -> Address:
    """Read a URL of Azure's own form, with a SAS perhaps."""
    address, _, query = place.partition("?")
    parts = urlsplit(address)
    known = account_of_environment(environment)
    shown = f"{parts.scheme}://{parts.hostname}"
    if known is not None and (address + "/").startswith(known.endpoint + "/"):
        account, rest = known, address[len(known.endpoint) :]
    elif parts.hostname and any(part in parts.hostname + "." for part in _AZURE_HOSTS) and parts.scheme == "https":
        account = AzureAccount.of_host(parts.hostname.replace(".dfs.", ".blob."), environment)
        rest = parts.path
    else:
        raise SourceError(f"{shown}: this is no store that is known here; name {_KINDS}")
    container, _, path = rest.strip("/").partition("/")
    if not container:
        raise SourceError(f"{shown}: there is no container in it; write {shown}/CONTAINER/PREFIX")
    prefix = _prefix(unquote(path))
    account = account.with_sas(query) if query else account
    uri = _uri(f"{account.endpoint}/{container}", prefix)
    return Address(kind="azure", uri=uri, container=container, prefix=prefix, account=account)


def _prefix(path: str) -> str:
    """Return a prefix that ends in a slash, or nothing."""
    name = path.strip("/")
    return f"{name}/" if name else ""


def _uri(base: str, prefix: str) -> str:
    """Return a place's URL without a slash at its end."""
    return f"{base}/{quote_name(prefix)}".rstrip("/")
