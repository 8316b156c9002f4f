"""One file by its path or URL, wherever it lies, for what asks for single pictures and lists nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from imgsieve.errors import FetchError, SourceError
from imgsieve.storage.addresses import Address, is_remote, parse_address
from imgsieve.storage.blobs import source_error
from imgsieve.storage.faults import Fault, StoreFault
from imgsieve.storage.opening import open_store
from imgsieve.storage.store import Store
from imgsieve.storage.traffic import Traffic

__all__ = ["FileReader"]

_MISSING = ("vanished", "there is no such file")
_DENIED = ("permission", "permission denied")


class FileReader:
    """Reads files of this machine and of stores; each store is opened once. For any number of threads.

    Parameters
    ----------
    traffic
        Counts and bounds the requests.
    environment
        Where accounts and keys are named; None for that of the process.
    """

    def __init__(self, traffic: Traffic, environment: Mapping[str, str] | None = None) -> None:
        self._traffic = traffic
        self._environment = environment
        self._opening = threading.Lock()
        self._stores: dict[tuple[str, ...], Store] = {}

    def read(self, place: str | os.PathLike[str]) -> bytes:
        """Return the bytes of a file.

        Parameters
        ----------
        place
            Its path, or its URL as listings tell it: odd characters percent-encoded. A SAS may stand behind the URL
            of a blob.

        Raises
        ------
        FetchError
            The file cannot be had.
        SourceError
            The URL is none that is known here, or credentials are missing.
        """
        text = os.fspath(place)
        if not is_remote(text):
            return _read_local(parse_address(text).path or Path(text))
        base, sas = _without_sas(text)
        folder, _, last = base.rpartition("/")
        if not last or folder.endswith(":/"):
            raise SourceError("the URL names no file; write STORE://CONTAINER/PATH/FILE")
        address = parse_address(folder + sas, self._environment)
        return self._read_blob(address, address.prefix + unquote(last, errors="surrogatepass"), sas)

    def _read_blob(self, address: Address, name: str, sas: str) -> bytes:
        """Read one object of a store."""
        try:
            return self._store(address, sas).read(name)
        except StoreFault as fault:
            raise _told(fault, address.uri) from None

    def _store(self, address: Address, sas: str) -> Store:
        """Return the store of an address, opened when it is first asked for."""
        endpoint = address.account.endpoint if address.account else ""
        key = (address.kind, endpoint, address.container, sas)
        with self._opening:
            if key not in self._stores:
                self._stores[key] = open_store(address, self._traffic, self._environment)
            return self._stores[key]


def _without_sas(url: str) -> tuple[str, str]:
    """Return a URL without what stands behind its '?', and that with the '?'; only Azure's have such."""
    if url.partition("://")[0].lower() in ("s3", "s3a", "gs", "gcs", "memory"):
        return url, ""
    base, mark, sas = url.partition("?")
    return base, mark + sas


def _read_local(path: Path) -> bytes:
    """Read a file of this machine."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FetchError(*_MISSING) from None
    except PermissionError:
        raise FetchError(*_DENIED) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FetchError("unreadable", f"the file cannot be read: {reason}") from None


def _told(fault: StoreFault, label: str) -> FetchError:
    """Say why an object of a store cannot be had."""
    if fault.kind is Fault.MISSING:
        return FetchError(*_MISSING)
    if fault.kind is Fault.DENIED:
        return FetchError(_DENIED[0], f"{_DENIED[1]} by the store")
    return FetchError("unreadable", str(source_error(fault, label)))
