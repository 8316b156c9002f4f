"""A container or bucket, or all below a prefix of it, as a source."""

from __future__ import annotations

from collections.abc import Iterator

from imgsieve.errors import DecodeError, FetchError, SourceError
from imgsieve.storage.addresses import Address
from imgsieve.storage.entry import Entry, SniffTest
from imgsieve.storage.faults import Fault, StoreFault
from imgsieve.storage.filters import ListingFilter
from imgsieve.storage.store import Store

__all__ = ["FAULTS_OF_ONE_FILE", "BlobSource", "source_error"]

FAULTS_OF_ONE_FILE = {
    Fault.MISSING: ("vanished", "the file vanished between listing and reading"),
    Fault.CHANGED: ("changed", "the file changed between listing and reading"),
    Fault.ARCHIVED: ("unreadable", "the file lies in an archive tier; rehydrate it to have it read"),
    Fault.DENIED: ("permission", "permission denied by the store"),
}
"""Kind and message of what is wrong with one file."""

_ADVICE = {
    Fault.UNAUTHENTICATED: "the credentials are refused: the key or SAS is wrong or has expired, or is for another "
    "account",
    Fault.DENIED: "the credentials do not allow this; a SAS needs the permissions to read and to list",
    Fault.NO_CONTAINER: "there is no such container or bucket; check its name and the account",
    Fault.UNREACHABLE: "no connection can be made; check the network and the name of the account",
    Fault.THROTTLED: "the store keeps asking for fewer requests; try again later, or set --max-requests-per-second",
}


def source_error(fault: StoreFault, label: str) -> SourceError:
    """Say what is wrong with a whole store, and what to do."""
    advice = _ADVICE.get(fault.kind)
    return SourceError(f"{label}: {advice} ({fault.message})" if advice else f"{label}: {fault.message}")


class BlobSource:
    """All objects of a store whose names begin with a prefix.

    Parameters
    ----------
    store
        The container or bucket.
    address
        Which part of it.
    filters
        Which files are listed.
    """

    remote = True

    def __init__(self, store: Store, address: Address, filters: ListingFilter) -> None:
        self._store = store
        self._address = address
        self._filters = filters
        self.uri = address.uri
        self.identity = address.identity
        self.passed_over = 0
        self.unreadable: list[str] = []

    @property
    def store(self) -> Store:
        """The container or bucket."""
        return self._store

    def name_of(self, uri: str) -> str:
        """Return the name within the store of a listed file."""
        return self._address.name_of(uri)

    def entries(self) -> Iterator[Entry]:
        """List all files, page by page, in the order in which the store has them.

        Raises
        ------
        SourceError
            The store cannot be listed.
        """
        prefix = self._address.prefix
        try:
            for found in self._store.list(prefix):
                file = _readable(found.name[len(prefix) :])
                if file and self._filters.lists_name(file) and self._filters.lists(found.size, found.modified):
                    yield Entry(
                        uri=self._address.uri_of(found.name),
                        file=file,
                        size=found.size,
                        etag=found.etag,
                        modified=found.modified,
                    )
        except StoreFault as fault:
            raise source_error(fault, self.uri) from None

    def fetch(self, uri: str, size: int, etag: str, *, wanted: SniffTest, first: int | None = None) -> bytes:
        """Read one file whole; see `imgsieve.storage.entry.Source`.

        Raises
        ------
        SourceError
            Nothing of this store can be read any more: the credentials expired, say, or it has not answered for long.
        """
        name = self.name_of(uri)
        last = uri.rpartition("/")[2]

        def check(first_bytes: bytes) -> bool:
            return wanted(first_bytes, last)

        try:
            data = self._store.read(name, etag=etag or None, size=size, first=first, check=check)
        except StoreFault as fault:
            raise self._error(self._told_apart(fault, name)) from None
        if data and not check(data):
            raise DecodeError("not-an-image", "the content is of another kind than pictures")
        return data

    def _told_apart(self, fault: StoreFault, name: str) -> StoreFault:
        """Return what happened to a file: Azure calls one that is gone another version as well."""
        if fault.kind is not Fault.CHANGED:
            return fault
        try:
            self._store.head(name)
        except StoreFault as other:
            return other
        return fault

    def _error(self, fault: StoreFault) -> FetchError | SourceError:
        """Tell what is wrong with one file from what is wrong with the whole store."""
        if fault.kind in FAULTS_OF_ONE_FILE:
            return FetchError(*FAULTS_OF_ONE_FILE[fault.kind])
        lost = fault.passing and self._store.silent_seconds() > self._store.patience
        if lost or fault.kind in (Fault.UNAUTHENTICATED, Fault.NO_CONTAINER):
            return source_error(fault, self.uri)
        return FetchError("unreadable", f"the file cannot be read: {fault.message}")


def _readable(name: str) -> str:
    r"""Show a name as text; what is no text becomes ``\xNN``."""
    return name.encode("utf-8", "backslashreplace").decode()
