"""URLs of stores, read: which kind, which account, which container, which prefix. What is secret in them is set apart.

Recognized are ``az://container/prefix``, ``abfs[s]://container@account.dfs.core.windows.net/prefix``,
``https://account.blob.core.windows.net/container/prefix`` (with a SAS, if wished), ``s3://bucket/prefix``,
``gs://bucket/prefix``, ``memory://name/prefix``, and folders as paths or ``file://`` URLs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, unquote, unquote_to_bytes

from imgsieve.errors import SourceError
from imgsieve.storage.connections import AzureAccount, account_of_environment, needed_account

__all__ = ["Address", "is_remote", "parse_address", "parse_object", "quote_name"]

_KINDS = "a folder, az://, https://ACCOUNT.blob.core.windows.net/, abfss://, s3://, gs:// or memory://"
_SIMPLE = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "memory": "memory"}
_CONTAINER = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._-]*")
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
        return self.prefix + unquote(uri[len(self.uri) + 1 :], errors="surrogatepass")


def quote_name(name: str) -> str:
    """Percent-encode the name of an object for a URL."""
    return quote(name, safe="/", errors="surrogatepass")


def is_remote(place: str) -> bool:
    """Return whether a place is no folder of this machine."""
    return "://" in place and _scheme(place) != "file"


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
    scheme, rest = _scheme(place), place.partition("://")[2]
    if scheme == "file":
        # The root's URL loses its slash where slashes at the end are left out.
        path = Path(os.fsdecode(unquote_to_bytes(rest)) or "/")
        return Address(kind="file", uri=place.rstrip("/"), path=path)
    return _address(_in_store(scheme, rest, environment))


def parse_object(url: str, environment: Mapping[str, str] | None = None) -> tuple[Address, str]:
    """Read the URL of one object of a store.

    Parameters
    ----------
    url
        As for `parse_address`, with a scheme other than ``file``.
    environment
        Where accounts and keys are named; None for that of the process.

    Returns
    -------
    The address of the whole container or bucket, and the name of the object in it, exactly.

    Raises
    ------
    SourceError
        The kind of URL is not known, or it is not complete.
    """
    found = _in_store(_scheme(url), url.partition("://")[2], os.environ if environment is None else environment)
    name = _key(found.path)
    if not name:
        raise SourceError(f"{found.base}: this names a container or bucket and no image in it")
    return _address(replace(found, path="")), name


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The parts of a URL of a store."""

    kind: str
    base: str
    """The container as a URL without secrets."""
    container: str
    path: str
    """What follows the container and its slash, as written."""
    account: AzureAccount | None = field(default=None, repr=False)


def _in_store(scheme: str, rest: str, environment: Mapping[str, str]) -> _Found:
    """Read what follows the scheme of the URL of a store."""
    if scheme in _SIMPLE:
        return _simple(_SIMPLE[scheme], rest)
    if scheme in ("az", "azure", "abfs", "abfss", "wasb", "wasbs"):
        return _azure_by_container(rest, environment)
    if scheme in ("http", "https"):
        return _azure_by_endpoint(scheme, rest, environment)
    raise SourceError(f"{scheme}://: sources of this kind are not supported; name {_KINDS}")


def _address(found: _Found) -> Address:
    """Return the address of a place in a container."""
    prefix = _prefix(found.path)
    uri = _uri(found.base, prefix)
    return Address(kind=found.kind, uri=uri, container=found.container, prefix=prefix, account=found.account)


def _scheme(place: str) -> str:
    """Return what stands before the colon of a URL."""
    return place.partition("://")[0].lower()


def _simple(kind: str, rest: str) -> _Found:
    """Read the URL of a bucket."""
    bucket, _, path = rest.partition("/")
    if "@" in bucket:
        raise SourceError(f"{kind}://: there are credentials in the URL; put them into the environment instead")
    if "?" in rest:
        raise SourceError(f"{kind}://: there is a '?' in the URL; where it is part of a name, write %3F")
    _check_container(bucket, kind, "bucket", f"{kind}://BUCKET/PREFIX")
    return _Found(kind=kind, base=f"{kind}://{bucket}", container=bucket, path=path)


def _azure_by_container(rest: str, environment: Mapping[str, str]) -> _Found:
    """Read a URL that names a container, the account perhaps, and a SAS perhaps."""
    place, _, sas = rest.partition("?")
    host, _, path = place.partition("/")
    container, _, account_host = host.partition("@")
    _check_container(container, "az", "container", "az://CONTAINER/PREFIX")
    if account_host:
        account = AzureAccount.of_host(account_host.lower().replace(".dfs.", ".blob."), environment)
        base = f"{account.endpoint}/{container}"
    else:
        account = needed_account(environment)
        base = f"az://{container}"
    return _azure(base, container, path, account.with_sas(sas) if sas else account)


def _azure_by_endpoint(scheme: str, rest: str, environment: Mapping[str, str]) -> _Found:
    """Read a URL of Azure's own form, with a SAS perhaps."""
    place, _, sas = rest.partition("?")
    host, _, path = place.partition("/")
    host = host.rpartition("@")[2].lower()
    shown, known = f"{scheme}://{host}", account_of_environment(environment)
    if known is not None and f"{shown}/{path}/".startswith(f"{known.endpoint}/"):
        account, path = known, f"{shown}/{path}"[len(known.endpoint) :]
    elif scheme == "https" and any(part in f"{host}." for part in _AZURE_HOSTS):
        account = AzureAccount.of_host(host.replace(".dfs.", ".blob."), environment)
    else:
        raise SourceError(f"{shown}: this is no store that is known here; name {_KINDS}")
    container, _, path = path.lstrip("/").partition("/")
    _check_container(container, scheme, "container", f"{shown}/CONTAINER/PREFIX")
    return _azure(f"{account.endpoint}/{container}", container, path, account.with_sas(sas) if sas else account)


def _azure(base: str, container: str, path: str, account: AzureAccount) -> _Found:
    """Return the parts of a URL of Azure."""
    return _Found(kind="azure", base=base, container=container, path=path, account=account)


def _check_container(name: str, scheme: str, what: str, form: str) -> None:
    """Refuse what is no name of a container or bucket; libraries fail in odd ways on it."""
    if not name:
        raise SourceError(f"{scheme}://: there is no {what} in the URL; write {form}")
    if not _CONTAINER.fullmatch(name):
        raise SourceError(f"{name!r} is no name of a {what}; it has letters, digits, '-', '_' and '.' only")


def _prefix(path: str) -> str:
    """Decode a prefix; it ends in a slash, or is nothing."""
    name = _key(path).strip("/")
    return f"{name}/" if name else ""


def _key(path: str) -> str:
    """Decode the name of an object, or the begin of names."""
    if "#" in path:
        raise SourceError("there is a '#' in the URL of a source; where it is part of a name, write %23")
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise SourceError(
            "a source has a name that is not UTF-8, which no store has; check its percent signs"
        ) from None


def _uri(base: str, prefix: str) -> str:
    """Return a place's URL without a slash at its end."""
    return f"{base}/{quote_name(prefix)}".rstrip("/")
