"""One part of a folder of files that never takes more than its share of the disk: what was used longest ago goes first.

Any number of threads and processes may write to it at the same time. A small file in it is their lock, and holds how
many bytes its files take: the count is raised before a file is written and lowered after one is gone, so whoever is
killed leaves a count that is too high, never one that is too low. Files are counted anew when each process first
writes, and whenever room seems to be short, so such a count does no harm.

When a file was last used is its time of change, which every reading sets: times of access are not kept on most
machines.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

__all__ = ["BLOCK_BYTES", "FileShare", "FileTooLargeError", "disk_bytes"]

BLOCK_BYTES = 4096
"""Disks give room by blocks, nearly all of them of this size; files are counted by what they take of it."""

_COUNT = struct.Struct("<Q")
_LOCK_NAME = "bytes"
_PARTIAL_NAME = "partial"

_FILLED = 0.9
"""How full it is after room was made: looking at all files for each new one would take most of the time."""


class FileTooLargeError(ValueError):
    """A file is larger than all files together may be."""


class _Found(NamedTuple):
    """A file, in an order by which what was used longest ago is first."""

    used_ns: int
    name: str
    size: int


def disk_bytes(length: int) -> int:
    """Return what a file of so many bytes takes of a disk, in bytes."""
    return -(-length // BLOCK_BYTES) * BLOCK_BYTES


class FileShare:
    """Files of one folder by their names, within a bound.

    Parameters
    ----------
    folder
        Where they are; made when first written to.
    suffix
        How their names end; nothing else in the folder is counted or removed.
    max_bytes
        What they take of the disk at most, from `BLOCK_BYTES`. Those of another process that writes there with a
        larger bound are removed at the next writing by this one.
    """

    def __init__(self, folder: Path, suffix: str, max_bytes: int) -> None:
        self._folder = folder
        self._suffix = suffix
        self._max_bytes = max_bytes
        self._is_counted = False

    def path_of(self, name: str) -> Path:
        """Return where a file is, or would be; ``name`` is without the suffix."""
        return self._folder / f"{name}{self._suffix}"

    def read(self, name: str) -> bytes | None:
        """Return a file, None when there is none; it counts as used now.

        Raises
        ------
        OSError
            It cannot be read.
        """
        try:
            data = self.path_of(name).read_bytes()
        except FileNotFoundError:
            return None
        self.mark(name)
        return data

    def mark(self, name: str) -> None:
        """Note that a file is used now, if it is there and may be changed."""
        now = time.time_ns()
        with suppress(OSError):
            os.utime(self.path_of(name), ns=(now, now))

    def write(self, name: str, data: bytes) -> int:
        """Write a file, in the place of what there was, and return how many others had to go.

        Raises
        ------
        FileTooLargeError
            It does not fit however many go; what there was is removed, as it is no longer what was meant.
        OSError
            It cannot be written; what there was stays.
        """
        size = disk_bytes(len(data))
        if size > self._max_bytes:
            self.path_of(name).unlink(missing_ok=True)
            raise FileTooLargeError(f"{size} bytes are more than the {self._max_bytes} of all files")
        self._folder.mkdir(exist_ok=True)
        with self._locked() as lock:
            held, removed = self._with_room(self._count(lock), size)
            _note(lock, held + size)
            replaced = self._put(self.path_of(name), data)
            _note(lock, held + size - replaced)
        return removed

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Keep all others from writing; the file that is open counts bytes."""
        lock = os.open(self._folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock
        finally:
            os.close(lock)

    def _count(self, lock: int) -> int:
        """Return how many bytes the files take, or more."""
        noted = os.pread(lock, _COUNT.size, 0)
        if self._is_counted and len(noted) == _COUNT.size:
            return int(_COUNT.unpack(noted)[0])
        held = sum(found.size for found in self._files())
        self._is_counted = True
        return held

    def _with_room(self, held: int, size: int) -> tuple[int, int]:
        """Make room where it is short; return the bytes that files take then, and how many of them went."""
        if held + size <= self._max_bytes:
            return held, 0
        files = self._files()
        held = sum(found.size for found in files)
        if held + size <= self._max_bytes:
            return held, 0
        removed = 0
        for found in sorted(files):
            if held + size <= _FILLED * self._max_bytes:
                break
            (self._folder / found.name).unlink(missing_ok=True)
            held -= found.size
            removed += 1
        return held, removed

    def _files(self) -> list[_Found]:
        """Return all files; what a killed process had half written goes, as whoever holds the lock writes alone."""
        (self._folder / _PARTIAL_NAME).unlink(missing_ok=True)
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(self._suffix):
                    with suppress(FileNotFoundError):  # removed by hand
                        facts = entry.stat()
                        found.append(_Found(facts.st_mtime_ns, entry.name, disk_bytes(facts.st_size)))
        return found

    def _put(self, path: Path, data: bytes) -> int:
        """Write a file whole or not at all; return what the one that was there had taken."""
        partial = self._folder / _PARTIAL_NAME
        now = time.time_ns()
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                # The system's own clock for files is a few milliseconds coarse.
                os.utime(file.fileno(), ns=(now, now))
            before = disk_bytes(path.stat().st_size) if path.exists() else 0
            partial.replace(path)
        except BaseException:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        return before


def _note(lock: int, held: int) -> None:
    """Write down how many bytes files take."""
    os.pwrite(lock, _COUNT.pack(held), 0)
