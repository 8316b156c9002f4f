"""Where copies go: a container or bucket, or a folder of this machine. Nothing that is there is overwritten unasked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from imgsieve.actions.digests import digest_of_object
from imgsieve.actions.items import Conflict, Content, Item, NotCopied, Traits
from imgsieve.actions.losses import loss_of_destination
from imgsieve.actions.origins import StoreOrigin
from imgsieve.errors import ImgsieveError
from imgsieve.storage import Address, Fault, Store, StoreFault
from imgsieve.storage.client import Properties

__all__ = ["StoreTarget", "Target"]

_NO_IDENTIFIER = re.compile(r"\W", re.ASCII)


class Target(Protocol):
    """A place that is copied to."""

    uri: str
    """Without secrets and without a slash at its end."""
    identity: str
    """The same for all spellings of one place; ends in a slash."""

    def is_empty(self) -> bool:
        """Return whether nothing is there yet."""
        ...

    def find(self, name: str) -> Properties | None:
        """Return what is known of an object; None when there is none."""
        ...

    def digest(self, name: str, found: Properties) -> bytes | None:
        """Return the MD5 of an object where it can be had without a download."""
        ...

    def read_digest(self, name: str, found: Properties) -> bytes:
        """Return the MD5 of an object, reading it."""
        ...

    def write(self, item: Item, content: Content, traits: Traits, replaced: str | None) -> Properties:
        """Write an object and return what is there then.

        ``replaced`` is the version that is there and may go; None where there must be nothing.

        Raises
        ------
        Conflict
            Something else is there.
        """
        ...

    def remove(self, name: str) -> None:
        """Remove what was written."""
        ...


class StoreTarget:
    """A container or bucket, or what lies below a prefix of it; see `Target`.

    Parameters
    ----------
    store
        The container or bucket.
    address
        Which part of it.
    """

    def __init__(self, store: Store, address: Address) -> None:
        self.store = store
        self._prefix = address.prefix
        self.uri = address.uri
        self.identity = address.identity
        self._written = False
        self._may_ask = True
        """Whether the servers may be asked to copy among themselves."""
        self._have_copied = False
        """Whether they ever did."""

    def is_empty(self) -> bool:
        """Return whether nothing is there yet."""
        with self._told():
            return next(self.store.list(self._prefix), None) is None

    def find(self, name: str) -> Properties | None:
        """Return what is known of an object, once the server is no longer copying onto it."""
        try:
            return self.store.arrived(self._full(name))
        except StoreFault as fault:
            if fault.kind is Fault.MISSING:
                return None
            raise self._loss(fault) from None

    def digest(self, name: str, found: Properties) -> bytes | None:
        """Return the MD5 that the store keeps, if it does."""
        del name
        return found.md5

    def read_digest(self, name: str, found: Properties) -> bytes:
        """Return the MD5 of an object, reading it."""
        with self._told():
            return digest_of_object(self.store, self._full(name), found.size, found.etag)

    def write(self, item: Item, content: Content, traits: Traits, replaced: str | None) -> Properties:
        """Write an object, and ask for what is there then."""
        name = self._full(item.name)
        with self._told():
            self.store.write(
                name,
                content.data,
                create=replaced is None,
                etag=replaced,
                content_type=traits.content_type,
                metadata=self._metadata(traits.metadata),
                md5=content.md5,
            )
            self._written = True
            return self.store.head(name)

    def copy(self, item: Item, origin: StoreOrigin, replaced: str | None) -> Properties | None:
        """Let the servers copy an object among themselves; None where they do not."""
        if not self._may_ask:
            return None
        try:
            found = self.store.copy(
                self._full(item.name),
                origin.store,
                origin.full_name(item),
                source_etag=item.etag or None,
                create=replaced is None,
                etag=replaced,
            )
        except StoreFault as fault:
            if fault.passing or fault.kind is Fault.CHANGED:
                raise self._loss(fault) from None
            # One of the two servers says no; whether this machine may do it will be seen.
            return None
        if found is not None:
            self._written = self._have_copied = True
        return found

    def stop_asking(self) -> None:
        """Note that this machine can copy what the servers did not; if they never did, they are left in peace."""
        self._may_ask = self._have_copied

    def remove(self, name: str) -> None:
        """Remove what was written."""
        with self._told():
            self.store.delete(self._full(name))

    def _full(self, name: str) -> str:
        """Return an object's name within the store."""
        try:
            name.encode()
        except UnicodeEncodeError:
            raise NotCopied("its name is no text in UTF-8; rename it") from None
        return self._prefix + name

    def _metadata(self, metadata: Mapping[str, str]) -> dict[str, str]:
        """Return metadata with keys that the store can take."""
        if self.store.kind != "azure":
            return dict(metadata)
        return {_NO_IDENTIFIER.sub("_", key): value for key, value in metadata.items()}

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what a fault means."""
        try:
            yield
        except StoreFault as fault:
            raise self._loss(fault) from None

    def _loss(self, fault: StoreFault) -> ImgsieveError:
        """Tell conflicts and what is wrong with one object from what is wrong with the whole destination."""
        if fault.kind is Fault.CHANGED:
            return Conflict(fault.message)
        return loss_of_destination(fault, self.store, written=self._written)
