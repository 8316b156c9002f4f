"""From a path or URL to what lies there: a source to read from, or a store to write to.

The libraries of stores are loaded when a store is opened: they take more than 30 MB, and folders need none of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from imgsieve.storage.addresses import Address, parse_address
from imgsieve.storage.blobs import BlobSource
from imgsieve.storage.entry import Source
from imgsieve.storage.filters import ListingFilter
from imgsieve.storage.folder import FolderSource
from imgsieve.storage.named import NamedBlobs, NamedFiles
from imgsieve.storage.names import NamedImages
from imgsieve.storage.store import Store
from imgsieve.storage.traffic import Traffic

if TYPE_CHECKING:
    from obstore.store import MemoryStore

__all__ = ["memory_store", "open_named", "open_source", "open_store"]


def memory_store(name: str) -> MemoryStore:
    """Return the store that ``memory://name`` means in this process; its content lasts as long as the process."""
    from imgsieve.storage.clients import memory_store as made  # noqa: PLC0415 - see above

    return made(name)


def open_source(
    place: str, filters: ListingFilter, traffic: Traffic, environment: Mapping[str, str] | None = None
) -> Source:
    """Return the source that a path or URL names. No request is made yet.

    Parameters
    ----------
    place
        The path or URL.
    filters
        Which files are listed.
    traffic
        The run's.
    environment
        Where accounts and keys are named; None for that of the process.

    Raises
    ------
    SourceError
        The kind is not known, the place is missing or not readable, or credentials are missing.
    """
    address = parse_address(place, environment)
    if address.path is not None:
        return FolderSource(address.path, filters)
    return BlobSource(open_store(address, traffic, environment), address, filters)


def open_named(images: NamedImages, traffic: Traffic, environment: Mapping[str, str] | None = None) -> list[Source]:
    """Return the sources of images that are named one by one. No request is made yet.

    Parameters
    ----------
    images
        The images.
    traffic
        The run's.
    environment
        Where accounts and keys are named; None for that of the process.

    Raises
    ------
    SourceError
        Credentials are missing, or cannot be read.
    """
    made: list[Source] = []
    for place in images.places:
        if place.address is None:
            made.append(NamedFiles(place))
        else:
            store = open_store(place.address, traffic, environment)
            made.append(NamedBlobs(store, place.address, place.keys, traffic.config.max_concurrency))
    return made


def open_store(address: Address, traffic: Traffic, environment: Mapping[str, str] | None = None) -> Store:
    """Return the store of an address. No request is made yet.

    Raises
    ------
    SourceError
        Credentials are missing, or cannot be read.
    """
    from imgsieve.storage.clients import client_of  # noqa: PLC0415 - see above

    environment = os.environ if environment is None else environment
    return Store(client_of(address, traffic, environment), traffic, address.uri)
