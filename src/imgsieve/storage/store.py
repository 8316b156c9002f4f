"""One container or bucket as the rest of the package sees it: patient, counted, within limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from imgsieve.storage.client import FIRST_BYTES, Check, Listed, ObjectClient, Properties
from imgsieve.storage.faults import Fault, StoreFault
from imgsieve.storage.traffic import Lane, Traffic

__all__ = ["Store"]

_COPY_POLL_SECONDS = 0.5


class Store:
    """Requests to one container or bucket, repeated where they fail for a while.

    Parameters
    ----------
    client
        Makes the requests.
    traffic
        The run's.
    label
        What users call the place, without secrets; for messages.
    """

    def __init__(self, client: ObjectClient, traffic: Traffic, label: str) -> None:
        self.client = client
        self.label = label
        self._traffic = traffic
        self._lane = Lane(traffic)

    @property
    def kind(self) -> str:
        """Kind of store: ``azure``, ``s3``, ``gs``, ``memory`` or ``file``."""
        return self.client.kind

    @property
    def concurrency(self) -> int:
        """The most requests that have run at one time."""
        return self._lane.gate.highest

    @property
    def patience(self) -> float:
        """Seconds for which a request is repeated."""
        return self._traffic.config.retry_seconds

    def silent_seconds(self) -> float:
        """Return how long the store has not answered; infinite when it never did."""
        return self._lane.silent_seconds()

    def list(self, prefix: str) -> Iterator[Listed]:
        """List the objects whose names begin with ``prefix``, page by page, in the store's order.

        Raises
        ------
        StoreFault
            A page cannot be had.
        """
        marker: str | None = None
        while True:
            at = marker

            def attempt(at: str | None = at) -> tuple[list[Listed], str | None]:
                page = self.client.page(prefix, at)
                self._traffic.count(lists=page.requests)
                return page.objects, page.marker

            objects, marker = self._lane.request(attempt)
            yield from objects
            if marker is None:
                return

    def read(
        self,
        name: str,
        *,
        etag: str | None = None,
        size: int | None = None,
        first: int | None = None,
        check: Check | None = None,
    ) -> bytes:
        """Read an object whole, or its ``first`` bytes, if it is still the version ``etag``.

        Parameters
        ----------
        size
            How long it must be; a body of another length is read again.
        check
            Sees the first bytes; where it says no, only those that were read are returned.

        Raises
        ------
        StoreFault
            It cannot be had.
        """
        expected = size if first is None or size is None else min(first, size)

        def attempt() -> bytes:
            self._traffic.count(gets=1)
            # No range of an empty object can be had.
            data = self.client.get(name, etag=etag, first=first if expected != 0 else None, check=check)
            self._traffic.count(bytes_read=len(data))
            if expected is not None and len(data) != expected and not _is_refused(data, expected, check):
                raise StoreFault(Fault.BROKEN, f"{len(data):,} bytes came where {expected:,} were listed")
            self._lane.gate.succeeded(len(data))
            return data

        return self._lane.request(attempt, size=expected or 0, gated=True)

    def read_range(self, name: str, start: int, length: int, *, etag: str | None = None) -> bytes:
        """Read ``length`` bytes of an object from ``start`` on, if it is still the version ``etag``.

        Raises
        ------
        StoreFault
            They cannot be had, or there are fewer.
        """

        def attempt() -> bytes:
            self._traffic.count(gets=1)
            data = self.client.get_range(name, start, length, etag=etag)
            self._traffic.count(bytes_read=len(data))
            if len(data) != length:
                raise StoreFault(Fault.BROKEN, f"{len(data):,} bytes came where {length:,} were asked for")
            self._lane.gate.succeeded(len(data))
            return data

        return self._lane.request(attempt, size=length, gated=True)

    def write(
        self,
        name: str,
        data: bytes | Path,
        *,
        create: bool = False,
        etag: str | None = None,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        md5: bytes | None = None,
    ) -> str:
        """Write an object at once and return its ETag.

        Parameters
        ----------
        create
            There must be no object of that name yet.
        etag
            The object must be this version still.
        md5
            Shape (16,): digest of the data, which stores that can check it do.

        Raises
        ------
        StoreFault
            It cannot be written; ``changed`` when ``create`` or ``etag`` does not hold.
        """
        size = len(data) if isinstance(data, bytes) else data.stat().st_size

        def attempt() -> str:
            self._traffic.count(puts=1)
            written = self.client.put(
                name, data, create=create, etag=etag, content_type=content_type, metadata=metadata or {}, md5=md5
            )
            self._traffic.count(bytes_written=size)
            return written

        return self._lane.request(attempt, size=size)

    def head(self, name: str) -> Properties:
        """Return what is known of an object.

        Raises
        ------
        StoreFault
            ``missing`` when there is none.
        """

        def attempt() -> Properties:
            self._traffic.count(heads=1)
            return self.client.head(name)

        return self._lane.request(attempt)

    def delete(self, name: str) -> None:
        """Remove an object; a missing one is no fault."""

        def attempt() -> None:
            self._traffic.count(deletes=1)
            self.client.delete(name)

        self._lane.request(attempt)

    def copy(
        self,
        name: str,
        source: Store,
        source_name: str,
        *,
        source_etag: str | None,
        create: bool = False,
        etag: str | None = None,
    ) -> Properties | None:
        """Copy an object of another store onto ``name`` without its bytes passing here, and wait until it is there.

        Returns None where these two stores cannot do so.

        Parameters
        ----------
        source_etag
            The source must be this version still.
        create
            There must be no object of that name yet.
        etag
            The object that is there must be this version still.

        Raises
        ------
        StoreFault
            The copy failed; ``changed`` when a condition does not hold.
        """
        url = source.client.readable_url(source_name) if source.kind == self.kind else None
        if url is None:
            return None

        def attempt() -> Properties:
            self._traffic.count(copies=1)
            return self.client.copy(name, url, source_etag=source_etag, create=create, etag=etag)

        self._lane.request(attempt)
        found = self.arrived(name)
        if found.copy_status not in (None, "success"):
            raise StoreFault(Fault.REFUSED, f"the server's copy ended as {found.copy_status}")
        return found

    def arrived(self, name: str) -> Properties:
        """Wait until the server has ended copying onto ``name``, if it does so, and return what is there then.

        Raises
        ------
        StoreFault
            ``missing`` when there is no such object.
        """
        found, pause = self.head(name), _COPY_POLL_SECONDS
        while found.copy_status == "pending":
            self._traffic.wait(pause)
            pause = min(2 * pause, 30.0)
            found = self.head(name)
        return found


def _is_refused(data: bytes, expected: int, check: Check | None) -> bool:
    """Return whether a body is short because its first bytes were not wanted, and not because it was cut off."""
    return check is not None and len(data) >= min(FIRST_BYTES, expected) and not check(data[:FIRST_BYTES])
