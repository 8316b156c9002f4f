"""Who we are to Azure, from the environment as its own tools name it. Nothing of it is ever shown.

Read are ``AZURE_STORAGE_CONNECTION_STRING``, ``AZURE_STORAGE_ACCOUNT`` (or ``..._ACCOUNT_NAME``) with
``AZURE_STORAGE_KEY`` (or ``..._ACCOUNT_KEY``), ``AZURE_STORAGE_SAS_TOKEN``, or neither: then a managed identity or the
login of ``az``, which needs the ``[azure]`` extra.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from imgsieve.errors import SourceError

__all__ = ["AzureAccount", "account_of_environment", "needed_account"]

_NO_ACCOUNT = (
    "az:// needs an account: set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY or "
    "AZURE_STORAGE_SAS_TOKEN (or nothing more, to use a managed identity or the login of az)"
)
_EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Published by the maker of the emulator; the same for everybody."""


@dataclass(frozen=True, kw_only=True)
class AzureAccount:
    """One account and what opens it: a key, a SAS, or neither (an identity)."""

    name: str
    endpoint: str
    """URL of its blobs, without a slash at its end."""
    key: str | None = field(default=None, repr=False)
    sas: str | None = field(default=None, repr=False)

    @classmethod
    def of_host(cls, host: str, environment: Mapping[str, str]) -> AzureAccount:
        """Return the account of a host; keys of the environment count when they are for the same account."""
        name = host.partition(".")[0]
        known = account_of_environment(environment)
        if known is not None and known.name == name:
            return dataclasses.replace(known, endpoint=f"https://{host}")
        return cls(name=name, endpoint=f"https://{host}")

    def with_sas(self, query: str) -> AzureAccount:
        """Return the account, opened by the SAS of a URL."""
        return dataclasses.replace(self, sas=query, key=None)


def needed_account(environment: Mapping[str, str]) -> AzureAccount:
    """Return the account that the environment names.

    Raises
    ------
    SourceError
        There is none, or a connection string cannot be read.
    """
    account = account_of_environment(environment)
    if account is None:
        raise SourceError(_NO_ACCOUNT)
    return account


def account_of_environment(environment: Mapping[str, str]) -> AzureAccount | None:
    """Return the account that the environment names, None when it names none.

    Raises
    ------
    SourceError
        A connection string cannot be read.
    """
    text = environment.get("AZURE_STORAGE_CONNECTION_STRING", "").strip()
    if text:
        return _of_connection_string(text)
    name = environment.get("AZURE_STORAGE_ACCOUNT") or environment.get("AZURE_STORAGE_ACCOUNT_NAME")
    if not name:
        return None
    endpoint = environment.get("AZURE_STORAGE_ENDPOINT") or f"https://{name}.blob.core.windows.net"
    key = environment.get("AZURE_STORAGE_KEY") or environment.get("AZURE_STORAGE_ACCOUNT_KEY")
    sas = environment.get("AZURE_STORAGE_SAS_TOKEN")
    return AzureAccount(
        name=name, endpoint=endpoint.rstrip("/"), key=key or None, sas=sas.lstrip("?") if sas and not key else None
    )


def _of_connection_string(text: str) -> AzureAccount:
    """Read a connection string."""
    fields = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    fields = {name.strip().lower(): value.strip() for name, value in fields.items()}
    if fields.get("usedevelopmentstorage", "").lower() == "true":
        return AzureAccount(
            name="devstoreaccount1", endpoint="http://127.0.0.1:10000/devstoreaccount1", key=_EMULATOR_KEY
        )
    endpoint, name = fields.get("blobendpoint", ""), fields.get("accountname", "")
    if not endpoint and name:
        protocol = fields.get("defaultendpointsprotocol", "https")
        endpoint = f"{protocol}://{name}.blob.{fields.get('endpointsuffix', 'core.windows.net')}"
    if not endpoint:
        raise SourceError(
            "AZURE_STORAGE_CONNECTION_STRING names neither an account nor an endpoint; copy it again from the portal"
        )
    name = name or endpoint.split("://")[-1].partition(".")[0]
    key, sas = fields.get("accountkey"), fields.get("sharedaccesssignature")
    return AzureAccount(name=name, endpoint=endpoint.rstrip("/"), key=key or None, sas=sas.lstrip("?") if sas else None)
