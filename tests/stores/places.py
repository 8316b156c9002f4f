"""Empty places in stores, and what tests do there."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from imgsieve.config import NetworkConfig
from imgsieve.storage import (
    Fault,
    ListingFilter,
    Source,
    Store,
    StoreFault,
    Traffic,
    open_source,
    open_store,
    parse_address,
)


class Place:
    """A container, bucket or folder, by its URL.

    Parameters
    ----------
    uri
        The URL.
    environment
        Names the account, and has what opens it.
    """

    def __init__(self, uri: str, environment: dict[str, str]) -> None:
        self.uri = uri
        self.environment = environment

    def store(self, traffic: Traffic | None = None, **config: float) -> Store:
        """Open it for reading and writing."""
        return open_store(parse_address(self.uri, self.environment), traffic or traffic_of(**config), self.environment)

    def source(self, folder: str = "", traffic: Traffic | None = None, **config: float) -> Source:
        """Open it, or a folder of it, as a source."""
        place = f"{self.uri}/{folder}".rstrip("/")
        return open_source(place, ListingFilter(), traffic or traffic_of(**config), self.environment)


def traffic_of(**config: Any) -> Traffic:
    """Return the traffic of a run with little patience."""
    return Traffic(NetworkConfig(**({"retry_seconds": 5} | config)))


def anything(_first: bytes, _name: str = "") -> bool:
    """Want everything."""
    return True


def fault_of(request: Callable[[], object]) -> Fault:
    """Return the kind of fault that a request ends in."""
    with pytest.raises(StoreFault) as caught:
        request()
    return caught.value.kind


def names(store: Store, prefix: str = "") -> list[str]:
    """Return what is listed."""
    return [found.name for found in store.list(prefix)]


def fill(store: Store, objects: dict[str, bytes]) -> None:
    """Write many objects by many threads."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(store.write, objects, objects.values()))


def fetch_all(source: Source, threads: int = 8) -> dict[str, bytes]:
    """Return all that a source lists and fetches, by the path within it."""
    entries = list(source.entries())
    with ThreadPoolExecutor(threads) as pool:
        data = pool.map(lambda entry: source.fetch(entry.uri, entry.size, entry.etag, wanted=anything), entries)
        return dict(zip((entry.file for entry in entries), data, strict=True))


def chain_of(error: BaseException) -> list[BaseException]:
    """Return an error and all those behind it, told or not."""
    chain: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        one = pending.pop()
        if one is not None and one not in chain:
            chain.append(one)
            pending += [one.__cause__, one.__context__]
    return chain


def all_text_of(error: BaseException) -> str:
    """Return all that could ever be printed of an error and of those behind it."""
    texts = [[str(one), repr(one), *traceback.format_exception(one), repr(vars(one))] for one in chain_of(error)]
    return "\n".join(text for some in texts for text in some)
