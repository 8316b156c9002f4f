"""The journal of a copy: one line of JSON an object, so that the same command goes on where another was stopped.

What it holds is read back into an index on disk, so that its length does not count in memory. Lines reach the disk in
batches; an object whose line was lost is found to be there already.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from imgsieve.actions.items import COPIED, EQUAL, Item, Outcome
from imgsieve.errors import ConfigError

__all__ = ["Journal"]

_BATCH_LINES = 500
_BATCH_SECONDS = 2.0
_BATCH_KEYS = 10_000
_INDEX_KIB = 32_768
"""Memory of the index; what does not fit lies in a temporary file."""
_DONE = (COPIED, EQUAL)


class Journal:
    """An open journal; only one process can have it.

    Parameters
    ----------
    path
        Where it is, or shall be.
    source, destination
        What is copied, without secrets; a journal belongs to one pair of places.
    read_only
        For a dry run: a journal that is there is read, and none is made.

    Raises
    ------
    ConfigError
        It cannot be read or written, is in use, is of another copy, or is no journal.
    """

    def __init__(self, path: Path, source: str, destination: str, *, read_only: bool = False) -> None:
        self.path = path
        self._head = {"imgsieve": "copy", "from": source, "to": destination}
        self._index = sqlite3.connect("")
        self._index.execute(f"PRAGMA cache_size = -{_INDEX_KIB}")
        self._index.execute("CREATE TABLE done (key BLOB PRIMARY KEY) WITHOUT ROWID")
        self._file: IO[bytes] | None = None
        try:
            if path.exists():
                self._load()
            if not read_only:
                self._file = self._opened()
        except OSError as error:
            raise ConfigError(
                f"the journal {path} cannot be used: {error.strerror}; name another with --journal"
            ) from error
        self._lines, self._written = 0, time.monotonic()

    def _opened(self) -> IO[bytes]:
        """Open the file for more lines; a line that was cut off goes."""
        handle = self.path.open("a+b")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(f"another process is copying with the journal {self.path}") from error
        handle.truncate(_whole_bytes(handle))
        if handle.seek(0, os.SEEK_END) == 0:
            handle.write(_line(self._head))
            handle.flush()
        return handle

    def _load(self) -> None:
        """Read what is done."""
        with self.path.open("rb") as handle:
            head = handle.readline()
            # A first line that was cut off is no other file's beginning.
            if head.endswith(b"\n") or not _line(self._head).startswith(head):
                self._check_head(_parsed(head))
            keys = (_key(entry["name"], entry["size"], entry["etag"]) for entry in _done_entries(handle))
            while batch := [(key,) for _, key in zip(range(_BATCH_KEYS), keys, strict=False)]:
                self._index.executemany("INSERT OR IGNORE INTO done VALUES (?)", batch)
        self._index.commit()

    def _check_head(self, head: Any) -> None:
        """Refuse the journal of another copy."""
        if not isinstance(head, dict) or head.get("imgsieve") != "copy":
            raise ConfigError(f"{self.path} is no journal of a copy; name another with --journal")
        if head != self._head:
            raise ConfigError(
                f"the journal {self.path} is of a copy from {head.get('from')} to {head.get('to')}, this one is from "
                f"{self._head['from']} to {self._head['to']}; name another with --journal"
            )

    def has(self, item: Item) -> bool:
        """Return whether this version of an object was copied, or found to be there."""
        key = _key(item.name, item.size, item.etag)
        return self._index.execute("SELECT 1 FROM done WHERE key = ?", (key,)).fetchone() is not None

    def write(self, outcome: Outcome) -> None:
        """Note what became of an object."""
        if self._file is None:
            return
        self._file.write(_line(_entry(outcome)))
        self._lines += 1
        if self._lines >= _BATCH_LINES or time.monotonic() - self._written > _BATCH_SECONDS:
            self.settle()

    def settle(self) -> None:
        """Bring all lines to the disk."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._lines, self._written = 0, time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.settle()
        if self._file is not None:
            self._file.close()
        self._index.close()


def _entry(outcome: Outcome) -> dict[str, Any]:
    """Return the line of an object; what there is nothing to say of is left out."""
    item = outcome.item
    told = {
        "how": outcome.how,
        "to_etag": outcome.etag,
        "md5": outcome.md5.hex() if outcome.md5 else "",
        "reason": outcome.reason,
    }
    known = {"name": item.name, "size": item.size, "etag": item.etag, "state": outcome.state}
    return known | {key: value for key, value in told.items() if value}


def _line(value: dict[str, Any]) -> bytes:
    """Return a line of JSON in plain ASCII."""
    return json.dumps(value).encode() + b"\n"


def _parsed(line: bytes) -> Any:
    """Read a line; None when it is damaged."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _done_entries(lines: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Yield what is done; a damaged line counts for nothing, so that its object is looked at again."""
    for line in lines:
        entry = _parsed(line)
        if (
            line.endswith(b"\n")
            and isinstance(entry, dict)
            and entry.get("state") in _DONE
            and {"name", "size", "etag"} <= entry.keys()
        ):
            yield entry


def _key(name: str, size: int, etag: str) -> bytes:
    """Return 16 bytes for one version of an object."""
    text = f"{name}\0{size}\0{etag}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).digest()


def _whole_bytes(handle: IO[bytes]) -> int:
    """Return the length of a file up to the end of its last whole line."""
    end = handle.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - 65_536)
        handle.seek(start)
        found = handle.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
