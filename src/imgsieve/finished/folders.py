"""Run folders that are only read: on this machine, and on object stores without a lock."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from imgsieve.errors import RunFolderError, SourceError
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.store_errors import told_of
from imgsieve.storage import Address, Fault, StoreFault, Traffic, open_store, parse_address

__all__ = ["OpenedFolder", "open_folder"]

_CHUNK_BYTES = 4 * 1024**2
"""What is larger comes in pieces, so that no part is ever in memory whole."""
_THREADS = 8


def open_folder(place: str | os.PathLike[str], traffic: Traffic) -> OpenedFolder:
    """Return the folder of a run, by its path or URL, for reading.

    Raises
    ------
    RunFolderError
        There is no run, or it cannot be read.
    """
    text = os.fspath(place)
    try:
        address = parse_address(text) if "://" in text else None
    except SourceError as error:
        raise RunFolderError(f"the run folder cannot be opened: {error}") from None
    if address is None or address.path is not None:
        return OpenedFolder(Path(text) if address is None or address.path is None else address.path)
    return _RemoteFolder(address, traffic)


class OpenedFolder(RunFolder):
    """The folder of a run on this machine; nothing is made or written in opening it."""

    remote = False

    def close(self) -> None:
        """Remove what was brought here from elsewhere."""

    def _check(self, root: Path) -> None:
        """Refuse a place that holds no run."""
        try:
            if not (self.root / "run.json").is_file():
                raise RunFolderError(f"{root} holds no run; name the folder of a finished one")
        except (OSError, ValueError) as error:
            raise RunFolderError(f"the run folder {root} cannot be read: {error}") from error


class _RemoteFolder(OpenedFolder):
    """The folder of a run on an object store; what is read of it is brought here once, and goes with this object.

    Parameters
    ----------
    address
        Where it is.
    traffic
        Counts and bounds the requests.
    """

    remote = True

    def __init__(self, address: Address, traffic: Traffic) -> None:
        self._prefix = address.prefix
        copy = Path(tempfile.mkdtemp(prefix="imgsieve-run-"))
        self._remove = weakref.finalize(self, shutil.rmtree, copy, ignore_errors=True)
        self._bringing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._choosing = threading.Lock()
        with told_of(address.uri):
            self._store = open_store(address, traffic)
        super().__init__(copy, address.uri)

    def _check(self, root: Path) -> None:
        """Refuse a place that holds no run."""
        del root
        if not self.path("run.json").exists():
            raise RunFolderError(f"{self.place} holds no run; name the folder of a finished one")

    def close(self) -> None:
        """Remove what was brought here."""
        self._remove()

    def path(self, name: str) -> Path:
        """Return the path of a part, brought here now if it was not yet."""
        path = self.root / name
        with self._choosing:
            bringing = self._bringing[name]
        with bringing, told_of(self.place):
            if not path.exists():
                self._fetch(self._prefix + name, path)
        return path

    def bring(self, names: Iterable[str]) -> None:
        """Bring several parts here, some at a time."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="imgsieve-folder") as pool:
            list(pool.map(self.path, names))

    def _fetch(self, name: str, path: Path) -> None:
        """Bring a part here, if there is one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with _partial(path) as partial, partial.open("wb") as handle:
            try:
                for data in self._pieces(name):
                    handle.write(data)
            except StoreFault as fault:
                if fault.kind is not Fault.MISSING:
                    raise
                return
            partial.replace(path)

    def _pieces(self, name: str) -> Iterator[bytes]:
        """Read an object by one request, or by several when it is large."""
        data = self._store.read(name, first=_CHUNK_BYTES)
        yield data
        if len(data) == _CHUNK_BYTES:
            found = self._store.head(name)
            for start in range(_CHUNK_BYTES, found.size, _CHUNK_BYTES):
                yield self._store.read_range(name, start, min(_CHUNK_BYTES, found.size - start), etag=found.etag)


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """Give a name for a file that is not whole yet; nothing is left of it unless it was renamed."""
    partial = path.with_name(path.name + ".coming")
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)
