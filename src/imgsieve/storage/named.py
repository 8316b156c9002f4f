"""Sources of images that are named one by one; what is missing is listed as well, and fails with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from urllib.parse import unquote_to_bytes

from imgsieve.errors import FetchError
from imgsieve.storage.addresses import Address
from imgsieve.storage.blobs import FAULTS_OF_ONE_FILE, BlobSource, source_error
from imgsieve.storage.entry import Entry, SniffTest
from imgsieve.storage.faults import Fault, StoreFault
from imgsieve.storage.filters import ListingFilter
from imgsieve.storage.folder import VANISHED, entry_of, fetch_file, readable_path
from imgsieve.storage.names import NamedPlace
from imgsieve.storage.store import Store

__all__ = ["NamedBlobs", "NamedFiles"]

_TOLD = {
    **FAULTS_OF_ONE_FILE,
    Fault.MISSING: ("vanished", "there is no such file"),
    Fault.REFUSED: ("unreadable", "the store refuses to tell of the file"),
}
"""Kind and message of what is wrong with one file, by the fault that asking for it ended in."""

_ASKED_AHEAD = 4
"""Times as many names are asked about at one time as there are threads."""


class NamedFiles:
    """Files of this machine, anywhere on it.

    Parameters
    ----------
    place
        The files.
    """

    remote = False

    def __init__(self, place: NamedPlace) -> None:
        self._keys = place.keys
        self.uri = place.uri
        self.identity = f"{place.uri}/"
        self.passed_over = 0
        self.unreadable: list[str] = []

    def entries(self) -> Iterator[Entry]:
        """List the files in the order of their paths; those that are missing as well."""
        root = unquote_to_bytes(self.uri.partition("://")[2])
        for path in self._keys:
            yield entry_of(path, readable_path(path[len(root) :].lstrip(b"/")))

    def fetch(self, uri: str, size: int, etag: str, *, wanted: SniffTest, first: int | None = None) -> bytes:
        """Read one file whole; see `imgsieve.storage.entry.Source`."""
        if etag == VANISHED:
            raise FetchError(*_TOLD[Fault.MISSING])
        return fetch_file(uri, size, etag, wanted=wanted, first=first)


class NamedBlobs(BlobSource):
    """Objects of one container or bucket. One request each tells their sizes and versions.

    Parameters
    ----------
    store
        The container or bucket.
    address
        The whole of it.
    keys
        Names of the objects, as UTF-8.
    connections
        Requests at one time at most.
    """

    def __init__(self, store: Store, address: Address, keys: tuple[bytes, ...], connections: int) -> None:
        super().__init__(store, address, ListingFilter())
        self._keys = keys
        self._connections = connections

    def entries(self) -> Iterator[Entry]:
        """List the objects in the order of their names; those that cannot be had as well.

        Raises
        ------
        SourceError
            Nothing of the whole store can be had.
        """
        keys = iter(self._keys)
        with ThreadPoolExecutor(self._connections, thread_name_prefix="imgsieve-names") as pool:
            while some := list(islice(keys, self._connections * _ASKED_AHEAD)):
                yield from pool.map(self._entry, some)

    def _entry(self, key: bytes) -> Entry:
        """Ask for one object."""
        name = key.decode("utf-8", "surrogatepass")
        uri, file = self._address.uri_of(name), key.decode("utf-8", "backslashreplace")
        try:
            found = self._store.head(name)
        except StoreFault as fault:
            if fault.kind not in _TOLD:
                raise source_error(fault, self.uri) from None
            return Entry(uri=uri, file=file, size=0, etag=fault.kind.value)
        return Entry(uri=uri, file=file, size=found.size, etag=found.etag, modified=found.modified)

    def fetch(self, uri: str, size: int, etag: str, *, wanted: SniffTest, first: int | None = None) -> bytes:
        """Read one object whole; see `imgsieve.storage.blobs.BlobSource.fetch`."""
        if etag in _TOLD:
            raise FetchError(*_TOLD[Fault(etag)])
        return super().fetch(uri, size, etag, wanted=wanted, first=first)
