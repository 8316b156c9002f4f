"""Folders and containers to copy, and what was asked of a store meanwhile."""

from __future__ import annotations

import http.client
import json
import random
import time
import uuid
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from stores.azurite import Azurite
from stores.server_process import Access


def fill_folder(folder: Path, count: int, size: int = 300) -> dict[str, bytes]:
    """Write files of random bytes, some in folders below, and return them by name."""
    chance = random.Random(count)
    files = {f"{'sub/' * (number % 3)}p{number:04d}.jpg": chance.randbytes(size + number) for number in range(count)}
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return files


def fill_container(azurite: Azurite, container: str, files: dict[str, bytes], prefix: str = "") -> None:
    """Write objects."""
    with azurite.container(container) as client:
        for name, data in files.items():
            client.upload_blob(prefix + name, data)


def blobs(azurite: Azurite, container: str, prefix: str = "") -> dict[str, bytes]:
    """Return all objects below a prefix, by their names below it."""
    with azurite.container(container) as client:
        names = [name for name in client.list_blob_names() if name.startswith(prefix)]
        return {name[len(prefix) :]: client.download_blob(name).readall() for name in names}


def count_of(azurite: Azurite, container: str) -> int:
    """Return how many objects there are."""
    with azurite.container(container) as client:
        return sum(1 for _ in client.list_blob_names())


def settled(server: Azurite) -> int:
    """Return the position in the access log behind all requests that were answered so far; lines come a little late."""
    mark, since = f"/mark-{uuid.uuid4().hex}", server.position
    with closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)) as connection:
        connection.request("GET", mark)
        connection.getresponse().read()
    for _ in range(500):
        if any(mark in a.path for a in server.accesses(since)):
            return server.position
        time.sleep(0.02)
    raise AssertionError("the server writes no log")


def journal_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal behind its first."""
    return [json.loads(line) for line in path.read_text("ascii").splitlines()[1:]]


def written(accesses: list[Access], container: str) -> Counter[str]:
    """Count the successful PUTs of each object of a container, uploads and copies alike."""
    put = [a for a in accesses if a.method == "PUT" and a.status in (201, 202)]
    paths = [unquote(a.path.partition("?")[0]).partition(f"/{container}/")[2] for a in put]
    return Counter(path for path in paths if path)


def read(accesses: list[Access]) -> list[str]:
    """Return the paths of all GETs of objects."""
    return [a.path for a in accesses if a.method == "GET" and "comp=list" not in a.path]
