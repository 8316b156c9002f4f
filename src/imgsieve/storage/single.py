"""One file by its path or URL, wherever it lies, for what asks for single pictures and lists nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

from imgsieve.errors import FetchError
from imgsieve.storage.addresses import Address, is_remote, parse_address, parse_object
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
        self._stores: dict[Address, Store] = {}

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
        address, name = parse_object(text, self._environment)
        try:
            return self._store(address).read(name)
        except StoreFault as fault:
            raise _told(fault, address.uri) from None

    def _store(self, address: Address) -> Store:
        """Return the store of an address, opened when it is first asked for."""
        with self._opening:
            if address not in self._stores:
                self._stores[address] = open_store(address, self._traffic, self._environment)
            return self._stores[address]


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
