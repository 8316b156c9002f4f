"""A folder of this machine as the destination of copies. A file appears whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from imgsieve.actions.digests import digest_of_file
from imgsieve.actions.items import Conflict, Content, Item, NotCopied, Traits
from imgsieve.actions.losses import loss_of_folder
from imgsieve.errors import SourceError
from imgsieve.storage import uri_of
from imgsieve.storage.client import Properties

__all__ = ["FolderTarget"]

_NO_FOLDER_PARTS = frozenset(("", ".", ".."))


class FolderTarget:
    """A folder; see `imgsieve.actions.targets.Target`. It is made with the first file.

    Parameters
    ----------
    root
        The folder.

    Raises
    ------
    SourceError
        There is something else of that name.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.uri = uri_of(os.fsencode(self._root)).rstrip("/")
        self.identity = f"{self.uri}/"
        if self._root.exists() and not self._root.is_dir():
            raise SourceError(f"the destination {root} is not a folder; name a folder, new or not")

    def is_empty(self) -> bool:
        """Return whether nothing is there yet."""
        with self._told():
            if not self._root.exists():
                return True
            with os.scandir(self._root) as found:
                return next(found, None) is None

    def find(self, name: str) -> Properties | None:
        """Return what is known of a file."""
        path = self._path(name)
        try:
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise loss_of_folder(error, self.uri) from None
        is_marker = name.endswith("/") and stat.S_ISDIR(status.st_mode)
        # What is no file has no size that could equal one's.
        size = 0 if is_marker else status.st_size if stat.S_ISREG(status.st_mode) else -1
        return Properties(size=size, etag=f"{status.st_mtime_ns:x}-{status.st_size:x}", modified=status.st_mtime)

    def digest(self, name: str, found: Properties) -> bytes:
        """Return the MD5 of a file, and clear away what a killed process may have left beside it."""
        left = _partial_of(self._path(name))
        if left.exists():
            with self._told(), suppress(NotCopied), _owned(left):
                pass
        return self.read_digest(name, found)

    def read_digest(self, name: str, found: Properties) -> bytes:
        """Return the MD5 of a file."""
        with self._told():
            return digest_of_file(self._path(name)) if found.size else hashlib.md5(usedforsecurity=False).digest()

    def write(self, item: Item, content: Content, traits: Traits, replaced: str | None) -> Properties:
        """Write a file under another name, bring it to the disk, and give it its own."""
        del traits
        path = self._path(item.name)
        with self._told():
            if item.name.endswith("/"):
                self._mark(path, item)
            else:
                self._make_folders(path.parent)
                self._place(path, item, content, replaced)
        found = self.find(item.name)
        if found is None:
            raise NotCopied("the file vanished as soon as it was written")
        return found

    def _make_folders(self, folder: Path) -> None:
        """Make the folders of a file."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise NotCopied("a file has the name of one of its folders") from None

    def _mark(self, path: Path, item: Item) -> None:
        """Make the folder that an empty object whose name ends in a slash stands for."""
        if item.size:
            raise NotCopied("its name ends in a slash, which no file's can")
        self._make_folders(path)

    def _place(self, path: Path, item: Item, content: Content, replaced: str | None) -> None:
        """Write a file; a process that is killed leaves at most its beginning, which the next one writes over."""
        partial = _partial_of(path)
        with _owned(partial) as handle:
            _write(handle, content.data)
            if item.modified:
                os.utime(partial, (item.modified, item.modified))
            if replaced is None:
                _rename_new(partial, path)
            else:
                self._check(item.name, replaced)
                partial.replace(path)

    def _check(self, name: str, replaced: str) -> None:
        """Refuse to replace another version than was looked at."""
        found = self.find(name)
        if found is None or found.etag != replaced:
            raise Conflict("the file changed")

    def remove(self, name: str) -> None:
        """Remove what was written."""
        with self._told():
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        """Return the path of a name, which is never outside of the folder."""
        parts = name.removesuffix("/").split("/")
        if "\0" in name or not _NO_FOLDER_PARTS.isdisjoint(parts):
            raise NotCopied("its name cannot be a path: it has an empty part, '.', '..' or a zero byte in it")
        try:
            os.fsencode(name)
        except UnicodeEncodeError:
            raise NotCopied("its name is no text in UTF-8, and no file can have it") from None
        return self._root.joinpath(*parts)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell conflicts and what is wrong with one file from what is wrong with the whole folder."""
        try:
            yield
        except FileExistsError:
            raise Conflict("something else has that name") from None
        except (SourceError, NotCopied, Conflict):
            raise
        except OSError as error:
            raise loss_of_folder(error, self.uri) from None


def _partial_of(path: Path) -> Path:
    """Return the name under which a file is written."""
    digest = hashlib.blake2b(os.fsencode(path.name), digest_size=8).hexdigest()
    return path.with_name(f".{digest}.imgsieve-partial")


@contextmanager
def _owned(path: Path) -> Iterator[IO[bytes]]:
    """Open an empty file that no other writer has, and remove it in the end.

    Its owner removes it while it still has the lock, so that who gets the lock then sees that the file has gone.
    """
    while True:
        with path.open("ab") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NotCopied("another process is writing it at this moment") from None
            if not _is_still(path, handle):
                continue
            left = os.fstat(handle.fileno())
            if left.st_size or left.st_nlink > 1:
                # A killed process left it, perhaps as a second name of the whole file.
                path.unlink()
                continue
            try:
                yield handle
            finally:
                with suppress(OSError):
                    if _is_still(path, handle):
                        path.unlink()
            return


def _is_still(path: Path, handle: IO[bytes]) -> bool:
    """Return whether an open file still has its name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle.fileno()))
    except FileNotFoundError:
        return False


def _write(handle: IO[bytes], data: bytes | Path) -> None:
    """Write a file and bring it to the disk."""
    if isinstance(data, bytes):
        handle.write(data)
    else:
        with data.open("rb") as source:
            shutil.copyfileobj(source, handle, 1024**2)
    handle.flush()
    os.fsync(handle.fileno())


def _rename_new(partial: Path, path: Path) -> None:
    """Give a file its name, unless another has it."""
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links: between the look and the renaming, another program could make the file.
        if os.path.lexists(path):
            raise FileExistsError from None
        partial.rename(path)
