"""Azurite, the emulator of Azure Blob Storage, in memory."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from azure.storage.blob import ContainerClient, generate_container_sas

from stores.server_process import ServerProcess

PROGRAM = Path(__file__).parent.parent / "azurite" / "node_modules" / ".bin" / "azurite-blob"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Published by the maker of the emulator; the same for everybody."""

OPTIONS = ("--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--blobPort", "0")
LISTENS = r"listens on (http://\S+)"
ACCESSED = r'"([A-Z]+) (\S+) HTTP/1\.1" (\d{3})'


class Azurite(ServerProcess):
    """A running Azurite.

    Parameters
    ----------
    folder
        For its log.
    """

    def __init__(self, folder: Path) -> None:
        if not PROGRAM.exists() or shutil.which("node") is None:
            raise RuntimeError("there is no Azurite; run: make azurite")
        super().__init__(["node", str(PROGRAM), *OPTIONS], LISTENS, ACCESSED, folder / "azurite.log")
        self.endpoint = f"{self.url}/{ACCOUNT}"

    def container(self, name: str, endpoint: str | None = None) -> ContainerClient:
        """Return Microsoft's own client of a container."""
        credential = {"account_name": ACCOUNT, "account_key": KEY}
        return ContainerClient(endpoint or self.endpoint, name, credential=credential, retry_total=0)

    def environment(self, endpoint: str | None = None) -> dict[str, str]:
        """Return the variables that name the account; ``endpoint`` may be that of a proxy."""
        return {"AZURE_STORAGE_CONNECTION_STRING": connection_string(endpoint or self.endpoint)}


def connection_string(endpoint: str, key: str = KEY) -> str:
    """Return a connection string as the portal gives it."""
    protocol = endpoint.partition(":")[0]
    return f"DefaultEndpointsProtocol={protocol};AccountName={ACCOUNT};AccountKey={key};BlobEndpoint={endpoint};"


def make_sas(container: str, permission: str = "rl", hours: float = 1.0) -> str:
    """Return a shared access signature for a container; with negative hours it has expired."""
    now = datetime.now(UTC)
    return generate_container_sas(
        ACCOUNT,
        container,
        account_key=KEY,
        permission=permission,
        start=now - timedelta(days=2),
        expiry=now + timedelta(hours=hours),
    )
