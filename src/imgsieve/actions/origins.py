"""Where copies come from: a folder of this machine, or a container or bucket."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote_to_bytes

from imgsieve.actions.content_types import content_type_of
from imgsieve.actions.digests import digest_of_bytes, digest_of_file, digest_of_object, save_object
from imgsieve.actions.items import Content, Item, NotCopied, Traits
from imgsieve.actions.losses import loss_of_source
from imgsieve.errors import FetchError
from imgsieve.storage import Address, FolderSource, ListingFilter, Store, StoreFault

__all__ = ["MOST_HELD_BYTES", "FolderOrigin", "Origin", "StoreOrigin"]

MOST_HELD_BYTES = 64 * 1024**2
"""A larger object goes by a file instead of memory."""


class Origin(Protocol):
    """A place that is copied from."""

    uri: str
    """Without secrets and without a slash at its end."""
    identity: str
    """The same for all spellings of one place; ends in a slash."""

    def items(self) -> Iterator[Item]:
        """List what is there, in an order that stays the same."""
        ...

    def name_of(self, uri: str) -> str:
        """Return the name below this place that a URL of it means."""
        ...

    def traits(self, item: Item) -> Traits:
        """Return what goes with the bytes."""
        ...

    def digest(self, item: Item) -> bytes | None:
        """Return the MD5 where it can be had without a download."""
        ...

    def read_digest(self, item: Item) -> bytes:
        """Return the MD5, reading the object."""
        ...

    @contextmanager
    def content(self, item: Item) -> Iterator[Content]:
        """Bring the bytes here."""
        ...

    def unreadable(self) -> list[str]:
        """Return the folders that could not be listed, each with the reason."""
        ...


class FolderOrigin:
    """A folder; see `Origin`.

    Parameters
    ----------
    root
        The folder.
    filters
        Which of its files are copied.
    """

    def __init__(self, root: Path, filters: ListingFilter) -> None:
        self._folder = FolderSource(root, filters)
        self.uri = self._folder.uri
        self.identity = self._folder.identity

    def items(self) -> Iterator[Item]:
        """List all files in the order of their paths."""
        for found in self._folder.entries():
            yield Item(
                name=self.name_of(found.uri),
                uri=found.uri,
                size=found.size,
                etag=found.etag,
                modified=found.modified,
            )

    def name_of(self, uri: str) -> str:
        """Return a file's path below the folder."""
        return os.fsdecode(unquote_to_bytes(uri[len(self.uri) + 1 :]))

    def traits(self, item: Item) -> Traits:
        """Tell the content type from the name."""
        return Traits(content_type=content_type_of(item.name))

    def digest(self, item: Item) -> bytes:
        """Return the MD5 of a file."""
        return self.read_digest(item)

    def read_digest(self, item: Item) -> bytes:
        """Return the MD5 of a file."""
        path = self._folder.path_of(item.uri)
        try:
            digest = digest_of_file(path)
        except OSError as error:
            raise NotCopied(f"the file cannot be read: {error.strerror}") from None
        if self._folder.version_of(item.uri) != item.etag:
            raise NotCopied("the file changed since it was listed")
        return digest

    @contextmanager
    def content(self, item: Item) -> Iterator[Content]:
        """Read a file, or name it where it is large."""
        if item.size > MOST_HELD_BYTES:
            yield Content(
                data=self._folder.path_of(item.uri),
                md5=self.read_digest(item),
                holds=lambda: self._folder.version_of(item.uri) == item.etag,
            )
            return
        try:
            data = self._folder.fetch(item.uri, item.size, item.etag, wanted=lambda *_: True)
        except FetchError as error:
            raise NotCopied(error.message) from None
        yield Content(data=data, md5=digest_of_bytes(data))

    def unreadable(self) -> list[str]:
        """Return the folders that could not be listed, each with the reason."""
        return self._folder.unreadable


class StoreOrigin:
    """A container or bucket, or what lies below a prefix of it; see `Origin`.

    Parameters
    ----------
    store
        The container or bucket.
    address
        Which part of it.
    filters
        Which of its objects are copied.
    """

    def __init__(self, store: Store, address: Address, filters: ListingFilter) -> None:
        self.store = store
        self._address = address
        self._filters = filters
        self.uri = address.uri
        self.identity = address.identity

    def items(self) -> Iterator[Item]:
        """List all objects in the order of the store."""
        prefix = self._address.prefix
        try:
            for found in self.store.list(prefix):
                name = found.name[len(prefix) :]
                if name and self._filters.lists_name(name) and self._filters.lists(found.size, found.modified):
                    yield Item(
                        name=name,
                        uri=self._address.uri_of(found.name),
                        size=found.size,
                        etag=found.etag,
                        modified=found.modified,
                        md5=found.md5,
                    )
        except StoreFault as fault:
            raise loss_of_source(fault, self.store) from None

    def name_of(self, uri: str) -> str:
        """Return an object's name below the prefix."""
        return self._address.name_of(uri)[len(self._address.prefix) :]

    def full_name(self, item: Item) -> str:
        """Return an object's name within the store."""
        return self._address.prefix + item.name

    def traits(self, item: Item) -> Traits:
        """Ask the store."""
        with _told(self.store):
            found = self.store.head(self.full_name(item))
        if found.etag != item.etag:
            raise NotCopied("the object changed since it was listed")
        return Traits(content_type=found.content_type, metadata=found.metadata, md5=found.md5)

    def digest(self, item: Item) -> bytes | None:
        """Return the MD5 that the store keeps, if it does."""
        return item.md5 or self.traits(item).md5

    def read_digest(self, item: Item) -> bytes:
        """Return the MD5, reading the object."""
        with _told(self.store):
            return digest_of_object(self.store, self.full_name(item), item.size, item.etag)

    @contextmanager
    def content(self, item: Item) -> Iterator[Content]:
        """Read an object into memory, or into a temporary file where it is large."""
        name, etag = self.full_name(item), item.etag or None
        if item.size <= MOST_HELD_BYTES:
            with _told(self.store):
                data = self.store.read(name, etag=etag, size=item.size)
            yield Content(data=data, md5=digest_of_bytes(data))
            return
        with tempfile.NamedTemporaryFile(prefix="imgsieve-copy-") as file:
            with _told(self.store):
                digest = save_object(self.store, name, item.size, item.etag, file)
            yield Content(data=Path(file.name), md5=digest)

    def unreadable(self) -> list[str]:
        """Return nothing: a store is listed whole or not at all."""
        return []


@contextmanager
def _told(store: Store) -> Iterator[None]:
    """Tell what is wrong with one object from what is wrong with the whole source."""
    try:
        yield
    except StoreFault as fault:
        raise loss_of_source(fault, store, one=True) from None
