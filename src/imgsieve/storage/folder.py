"""A folder of this machine as a source.

Names are bytes and may be anything; links are not followed, so loops do no harm and no file is met twice.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from imgsieve.errors import DecodeError, FetchError, SourceError
from imgsieve.storage.entry import Entry, SniffTest
from imgsieve.storage.filters import ListingFilter
from imgsieve.storage.ordering import in_order

__all__ = ["VANISHED", "FolderSource", "entry_of", "fetch_file", "readable_path", "uri_of"]

VANISHED = "vanished"
"""The version of a file that is not there."""

_FIRST_BYTES = 64
_SCHEME = "file://"


class FolderSource:
    """A folder and all that lies below it, except links and special files.

    Parameters
    ----------
    root
        The folder; it may itself be named through a link.
    filters
        Which files are listed.

    Raises
    ------
    SourceError
        The folder is missing, not a folder, or not readable.
    """

    remote = False

    def __init__(self, root: Path, filters: ListingFilter) -> None:
        try:
            folder = stat.S_ISDIR(root.stat().st_mode)
        except FileNotFoundError as error:
            raise SourceError(f"the source {root} does not exist") from error
        except (OSError, ValueError) as error:
            raise SourceError(f"the source {root} cannot be read: {_reason(error)}") from error
        if not folder:
            raise SourceError(f"the source {root} is not a folder")
        self._root = os.fsencode(root.resolve())
        self._filters = filters
        self.uri = uri_of(self._root).rstrip("/")
        self.identity = f"{self.uri}/"
        self.passed_over = 0
        self.unreadable: list[str] = []
        try:
            os.scandir(self._root).close()
        except OSError as error:
            raise SourceError(f"the source {root} cannot be read: {error.strerror}") from error

    def entries(self) -> Iterator[Entry]:
        """List all files in the order of their paths' bytes."""
        yield from self._walk(self._root)

    def _walk(self, folder: bytes) -> Iterator[Entry]:
        """List one folder; names sort as if folders ended in '/', which puts whole paths in order."""
        pending = [self._children(folder)]
        while pending:
            path = next(pending[-1], None)
            if path is None:
                pending.pop()
            elif path.endswith(b"/"):
                pending.append(self._children(path[:-1]))
            else:
                entry = self._entry(path)
                if entry is not None:
                    yield entry

    def _children(self, folder: bytes) -> Iterator[bytes]:
        """Return the paths of files and folders in one folder, in order, those of folders with '/' behind."""
        try:
            with os.scandir(folder) as found:
                names = in_order(self._names(found))
        except OSError as error:
            self.unreadable.append(f"{readable_path(folder)}: {error.strerror}")
            return iter(())
        return (os.path.join(folder, name) for name in names)  # noqa: PTH118 - paths are bytes

    def _names(self, found: Iterable[os.DirEntry[bytes]]) -> Iterator[bytes]:
        """Yield the names of files and folders, those of folders with '/' behind; count links and special files."""
        passed_over = 0
        for child in found:
            # Some file systems tell the kind of a child only when asked, which may fail as well.
            if child.is_dir(follow_symlinks=False):
                yield child.name + b"/"
            elif child.is_file(follow_symlinks=False):
                yield child.name
            else:
                passed_over += 1
        self.passed_over += passed_over

    def _entry(self, path: bytes) -> Entry | None:
        """Return the entry of one file, None when the filters leave it out."""
        file = readable_path(path[len(self._root) :].lstrip(b"/"))
        if not self._filters.lists_name(file):
            return None
        entry = entry_of(path, file)
        return entry if entry.etag == VANISHED or self._filters.lists(entry.size, entry.modified) else None

    def path_of(self, uri: str) -> Path:
        """Return the path of a listed file."""
        return Path(os.fsdecode(unquote_to_bytes(uri[len(_SCHEME) :])))

    def version_of(self, uri: str) -> str | None:
        """Return the version of a listed file as it is now; None when it is gone."""
        try:
            return _etag(self.path_of(uri).lstat())
        except OSError:
            return None

    def fetch(self, uri: str, size: int, etag: str, *, wanted: SniffTest, first: int | None = None) -> bytes:
        """Read one file whole; see `imgsieve.storage.entry.Source`."""
        return fetch_file(uri, size, etag, wanted=wanted, first=first)


def entry_of(path: bytes, file: str) -> Entry:
    """Return the entry of one file by its absolute path; ``file`` is its path within its source."""
    try:
        status = os.lstat(path)
    except OSError:
        return Entry(uri=uri_of(path), file=file, size=0, etag=VANISHED)
    return Entry(uri=uri_of(path), file=file, size=status.st_size, etag=_etag(status), modified=status.st_mtime)


def fetch_file(uri: str, size: int, etag: str, *, wanted: SniffTest, first: int | None = None) -> bytes:
    """Read one file of this machine whole; see `imgsieve.storage.entry.Source.fetch`."""
    path = unquote_to_bytes(uri[len(_SCHEME) :])
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _fetch_error(error) from error
    try:
        return _read(descriptor, uri.rpartition("/")[2], size if first is None else first, etag, wanted)
    except OSError as error:
        raise _fetch_error(error) from error
    finally:
        os.close(descriptor)


def _read(descriptor: int, name: str, size: int, etag: str, wanted: SniffTest) -> bytes:
    """Read an open file, checking its version before and after."""
    if _etag(os.fstat(descriptor)) != etag:
        raise FetchError("changed", "the file changed between listing and reading")
    first = os.read(descriptor, min(size, _FIRST_BYTES))
    if first and not wanted(first, name):
        raise DecodeError("not-an-image", "the content is of another kind than pictures")
    parts, missing = [first], size - len(first)
    while missing > 0:
        part = os.read(descriptor, missing)
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    if missing or _etag(os.fstat(descriptor)) != etag:
        raise FetchError("changed", "the file changed while it was read")
    return b"".join(parts)


def _fetch_error(error: OSError) -> FetchError:
    """Turn an error of the system into one of ours, without the path."""
    if isinstance(error, FileNotFoundError):
        return FetchError("vanished", "the file vanished between listing and reading")
    if isinstance(error, PermissionError):
        return FetchError("permission", "permission denied")
    if error.errno == errno.ELOOP:
        return FetchError("changed", "the file was replaced by a link between listing and reading")
    return FetchError("unreadable", f"the file cannot be read: {error.strerror}")


def _etag(status: os.stat_result) -> str:
    """Name the version of a file by kind, size and time of change."""
    kind = "" if stat.S_ISREG(status.st_mode) else "special-"
    return f"{kind}{status.st_mtime_ns:x}-{status.st_size:x}"


def _reason(error: OSError | ValueError) -> str:
    """Say why a path cannot be used, without the path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def uri_of(path: bytes) -> str:
    """Return the file URL of an absolute path."""
    return _SCHEME + quote_from_bytes(path)


def readable_path(path: bytes) -> str:
    r"""Show a path as text; bytes that are not UTF-8 become ``\xNN``."""
    return path.decode("utf-8", "backslashreplace")
