"""What opens a container of Azure Blob Storage: a signature in the URL, or a token in a header."""

from __future__ import annotations

import threading
import time
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from azure.core.credentials import AzureSasCredential
from azure.storage.blob import generate_container_sas

from imgsieve.errors import SourceError
from imgsieve.storage.connections import AzureAccount
from imgsieve.storage.faults import Fault, StoreFault

__all__ = ["Access", "access_to"]

_VERSION = "2023-11-03"
_SCOPE = "https://storage.azure.com/.default"
_HOURS = 24
_SKEW = timedelta(minutes=15)
"""Clocks differ: a signature counts from a little earlier than now."""


class Access(Protocol):
    """Opens requests to one container."""

    credential: Any
    """The same for Microsoft's library."""

    def sign(self, url: str) -> tuple[str, dict[str, str]]:
        """Return a URL with what opens it, and the headers to send."""
        ...


def access_to(account: AzureAccount, container: str) -> Access:
    """Return what opens a container: the account's key, its SAS, or the identity of this process.

    Raises
    ------
    SourceError
        The key is none, or there is neither key nor SAS, and the extra for identities is not installed.
    """
    if account.key:
        return _KeyAccess(account, container)
    if account.sas:
        return _SignatureAccess(account.sas)
    return _IdentityAccess()


class _SignatureAccess:
    """A SAS of the user's own."""

    def __init__(self, sas: str) -> None:
        self._sas = sas
        self.credential: Any = AzureSasCredential(sas)

    def sign(self, url: str) -> tuple[str, dict[str, str]]:
        """Append the signature."""
        return _append(url, self._sas), {"x-ms-version": _VERSION}


class _KeyAccess:
    """The key of the account; reading goes by a SAS made from it, which is renewed before it ends."""

    def __init__(self, account: AzureAccount, container: str) -> None:
        if not _is_base64(account.key or ""):
            raise SourceError(
                f"the key of the storage account {account.name} is no key: it is not base64; copy it again"
            )
        self._account = account
        self._container = container
        self.credential: Any = {"account_name": account.name, "account_key": account.key}
        self._making = threading.Lock()
        self._sas, self._until = "", 0.0

    def sign(self, url: str) -> tuple[str, dict[str, str]]:
        """Append a signature for the container."""
        return _append(url, self._signature()), {"x-ms-version": _VERSION}

    def _signature(self) -> str:
        """Return a SAS that holds for a while yet."""
        with self._making:
            if time.time() > self._until:
                now = datetime.now(UTC)
                self._sas = self._make(now)
                self._until = time.time() + _HOURS * 1800
            return self._sas

    def _make(self, now: datetime) -> str:
        """Make a SAS that allows reading and listing."""
        return generate_container_sas(
            self._account.name,
            self._container,
            account_key=self._account.key,
            permission="rl",
            start=now - _SKEW,
            expiry=now + timedelta(hours=_HOURS),
        )


def _is_base64(key: str) -> bool:
    """Return whether a key can be one."""
    try:
        return bool(b64decode(key, validate=True))
    except ValueError:
        return False


class _IdentityAccess:
    """A managed identity, a service principal, or the login of ``az``."""

    def __init__(self) -> None:
        try:
            from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - an extra
        except ImportError:
            raise SourceError(
                "there is neither a key nor a SAS for the storage account; set AZURE_STORAGE_KEY or "
                "AZURE_STORAGE_SAS_TOKEN, or install imgsieve[azure] to use a managed identity or the login of az"
            ) from None
        self.credential: Any = DefaultAzureCredential()

    def sign(self, url: str) -> tuple[str, dict[str, str]]:
        """Add a token, which the library of identities keeps and renews."""
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - beside its extra

        try:
            token = self.credential.get_token(_SCOPE).token
        except AzureError:
            raise StoreFault(
                Fault.UNAUTHENTICATED, "no identity of this machine could be used; log in with az login"
            ) from None
        return url, {"x-ms-version": _VERSION, "Authorization": f"Bearer {token}"}


def _append(url: str, sas: str) -> str:
    """Add a signature to a URL."""
    return f"{url}{'&' if '?' in url else '?'}{sas}"
