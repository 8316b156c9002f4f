"""Downloads that will be wanted again, kept on disk within a bound.

Files lie in a few generations, each a folder; when the newest is full, the oldest goes as a whole. So nothing about
single files is held in memory, however many there are.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import xxhash

__all__ = ["DownloadCache"]

_GENERATIONS = 8
_LOCKS = 64
_DIGEST_BYTES = 8
"""Behind the content of each file, so that no rename is needed to tell a whole one."""


class DownloadCache:
    """Keeps bytes by a key.

    Parameters
    ----------
    folder
        Where they are kept; what an interrupted run left there is used.
    limit
        Bytes at most. Anything larger than an eighth of it is not kept.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._each = limit // _GENERATIONS
        self._writing = threading.Lock()
        self._fetching = [threading.Lock() for _ in range(_LOCKS)]
        folder.mkdir(parents=True, exist_ok=True)
        self._generations = sorted((int(path.name) for path in folder.iterdir() if path.name.isdigit()), reverse=True)
        self._held = 0
        self._begin_generation()

    def get(self, key: str, size: int, fetch: Callable[[], bytes]) -> bytes:
        """Return the bytes of a key, fetched when they are not here; once, however many threads ask together."""
        name = xxhash.xxh3_128_hexdigest(key.encode())
        with self._fetching[int(name[:4], 16) % _LOCKS]:
            data = self._find(name, size)
            if data is None:
                data = fetch()
                self._keep(name, data)
            return data

    def fits(self, size: int) -> bool:
        """Return whether so many bytes are sure to be kept together; generations are not filled to their brim."""
        return size <= self._each * (_GENERATIONS - 2)

    def remove(self) -> None:
        """Remove all that is kept."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _find(self, name: str, size: int) -> bytes | None:
        """Return a file of any generation; one that a full disk or a power cut spoiled does not count."""
        for generation in list(self._generations):
            try:
                data = (self._folder / str(generation) / name).read_bytes()
            except OSError:
                continue
            if len(data) == size + _DIGEST_BYTES and xxhash.xxh3_64_digest(data[:size]) == data[size:]:
                return data[:size]
        return None

    def _keep(self, name: str, data: bytes) -> None:
        """Write a file; a disk that is full keeps nothing, which does no harm."""
        size = len(data) + _DIGEST_BYTES
        if size > self._each:
            return
        with self._writing:
            if self._held + size > self._each:
                self._begin_generation()
            self._held += size
            path = self._folder / str(self._generations[0]) / name
        try:
            with path.open("wb", buffering=0) as file:
                file.write(data)
                file.write(xxhash.xxh3_64_digest(data))
        except OSError:
            path.unlink(missing_ok=True)

    def _begin_generation(self) -> None:
        """Begin a new generation and drop the oldest ones."""
        newest = self._generations[0] + 1 if self._generations else 0
        (self._folder / str(newest)).mkdir(parents=True, exist_ok=True)
        self._generations.insert(0, newest)
        for old in self._generations[_GENERATIONS:]:
            shutil.rmtree(self._folder / str(old), ignore_errors=True)
        del self._generations[_GENERATIONS:]
        self._held = 0
