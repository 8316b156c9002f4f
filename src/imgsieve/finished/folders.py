"""Run folders that are only read: on this machine, and on object stores without a lock."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from imgsieve.errors import RunFolderError, SourceError
from imgsieve.runs.bringing import bring_object
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.store_errors import told_of
from imgsieve.storage import Address, Traffic, open_store, parse_address

__all__ = ["OpenedFolder", "open_folder"]

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
                bring_object(self._store, self._prefix + name, path)
        return path

    def bring(self, names: Iterable[str]) -> None:
        """Bring several parts here, some at a time."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="imgsieve-folder") as pool:
            list(pool.map(self.path, names))
