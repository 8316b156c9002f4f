"""Run folders on object stores: a working copy on this machine, whose parts come and go by one request each.

What lies in the store is the truth. A part is brought here when it is first asked for, and is committed by one PUT of
the whole; names of parts are always known, so nothing is listed. The working copy grows to the size of the run folder
and is gone when the run ends.
"""

from __future__ import annotations

import os
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from imgsieve.errors import RunFolderError
from imgsieve.runs.bringing import bring_object
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.lock import Lease, RemoteLock, Urgent
from imgsieve.runs.scratch import own_scratch, scratch_path
from imgsieve.runs.store_errors import told_of
from imgsieve.runs.versioned import VersionedObject
from imgsieve.storage import Address, Fault, StoreFault, Traffic, open_store, parse_address

__all__ = ["RemoteRunFolder", "open_run_folder"]

_STATE, _LOCK = "run.json", "lock"
_THREADS = 8
_TYPES = {
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "application/javascript",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
_MANGLED = re.compile(r"(az|azure|abfss?|wasbs?|https?|s3a?|gs|gcs|memory):/[^/]")


def open_run_folder(out: str | Path, traffic: Traffic, *, new: bool = True) -> RunFolder:
    """Return the run folder that a path or URL names.

    Parameters
    ----------
    traffic
        Counts and bounds the requests.
    new
        Whether it may be a place where nothing is yet; on an object store only.

    Raises
    ------
    RunFolderError
        It cannot be used.
    """
    place = os.fspath(out)
    if isinstance(out, Path) and _MANGLED.match(place):
        raise RunFolderError(f"{place} is a URL that was made a path; give it as text")
    with told_of(""):
        address = parse_address(place) if "://" in place else None
        if address is None or address.path is not None:
            return RunFolder(Path(place) if address is None or address.path is None else address.path)
        return RemoteRunFolder(address, traffic, new=new)


class RemoteRunFolder(RunFolder):
    """One run folder on an object store. It can be used while its lock is held.

    Parameters
    ----------
    address
        Where it is.
    traffic
        Counts and bounds its requests.
    new
        Whether it may be a place where nothing is yet.
    lease
        For how long its lock holds; None for the usual time.
    scratch
        Where the working copy lies; None for the usual place.

    Raises
    ------
    RunFolderError
        The store cannot be used, holds something else there, or nothing where there must be a run.
    """

    def __init__(
        self, address: Address, traffic: Traffic, *, new: bool = True, lease: Lease | None = None,
        scratch: Path | None = None,
    ) -> None:  # fmt: skip
        self._address = address
        self._prefix = address.prefix
        self._traffic = traffic
        self._new = new
        self._lease = lease or Lease()
        self._store = open_store(address, traffic)
        self._state = VersionedObject(self._store, self._prefix + _STATE, _TYPES[".json"])
        self._owned: RemoteLock | None = None
        self._fresh = False
        self._absent: set[str] = set()
        self._bringing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._choosing = threading.Lock()
        super().__init__(scratch or scratch_path(address.identity), address.uri)
        self._described = f"{self.root}, the working copy of {self.place} (IMGSIEVE_SCRATCH names another place),"

    def _check(self, root: Path) -> None:
        """Refuse a place that cannot be used."""
        del root
        with self._told():
            self._look()

    def _look(self) -> None:
        """See whether there is a run, and whether there may be one."""
        try:
            self._store.head(self._prefix + _STATE)
        except StoreFault as fault:
            if fault.kind is not Fault.MISSING:
                raise
        else:
            return
        if not self._new:
            raise RunFolderError(f"{self.place} holds no run; name the folder of a finished one")
        own = (self._prefix, self._prefix + _LOCK)
        for found in self._store.list(self._prefix):
            if found.name not in own and not found.name.startswith(f"{self._prefix}{_LOCK}."):
                raise RunFolderError(
                    f"{self.place} holds other things and no run; name an empty or a new folder with --out"
                )
        self._fresh = True

    @property
    def identities(self) -> tuple[str, ...]:
        """Both the place in the store and the working copy."""
        return (self._address.identity, *super().identities)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the working copy and the lock in the store."""
        urgent = Urgent(self._traffic)
        store = open_store(self._address, urgent)
        lock = self._owned = RemoteLock(store, self._prefix + _LOCK, self.place, self._lease)
        self._absent.clear()
        with urgent.open(), ExitStack() as holding:
            try:
                holding.enter_context(own_scratch(self.root))
                with self._told():
                    holding.enter_context(lock.held())
            except BlockingIOError:
                raise self._busy(lock) from None
            yield

    def _busy(self, lock: RemoteLock) -> RunFolderError:
        """Say who has the working copy."""
        with self._told():
            return lock.refusal()

    def _check_ours(self) -> None:
        """Make sure that nobody has taken the folder over."""
        assert self._owned is not None
        self._owned.check()

    def path(self, name: str) -> Path:
        """Return the path of a part in the working copy, brought there now if it was not yet."""
        path = self.root / name
        with self._choosing:
            if self._fresh or name in self._absent or path.exists():
                return path
            bringing = self._bringing[name]
        with bringing, self._told():
            if not path.exists() and not bring_object(self._store, self._prefix + name, path):
                self._absent.add(name)
        return path

    def written_elsewhere(self, names: Iterable[str]) -> None:
        """Take note that other processes may have written parts since they were last asked for."""
        self._fresh = False
        self._absent.difference_update(names)

    def bring(self, names: Iterable[str]) -> None:
        """Bring several parts here, some at a time."""
        if not self._fresh:
            _each(names, self.path)

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Return a JSON file of the folder; the version of ``run.json`` is kept in mind."""
        if name == _STATE:
            with self._told():
                data = self._state.read()
            if data is not None:
                # Another run may have come and gone between our first look and the lock.
                self._fresh = False
                (self.root / name).write_bytes(data)
        return super().read_json(name)

    def _commit(self, name: str, partial: Path) -> None:
        """Write a part to the store, if the folder is ours still."""
        with self._told():
            self._check_ours()
            if name == _STATE:
                self._put_state(partial.read_bytes())
            else:
                self._put(name, partial)
        self._absent.discard(name)

    def _put(self, name: str, path: Path) -> None:
        """Write a file to the store."""
        self._store.write(self._prefix + name, path, content_type=_TYPES.get(Path(name).suffix))

    def _put_state(self, data: bytes) -> None:
        """Write ``run.json`` over the version that we know, and over no other."""
        if not self._state.write(data):
            raise RunFolderError(
                f"{self.place}/{_STATE} was changed by somebody else meanwhile; nothing more is written"
            )

    def remove_others(self, folder: str, keep: Iterable[str], known: Iterable[str]) -> None:
        """Remove the known parts that are not in ``keep``; nothing is looked for."""
        del folder
        kept = set(keep)
        gone = [name for name in dict.fromkeys(known) if name not in kept]
        if not gone:
            return
        with self._told():
            self._check_ours()
            _each(gone, lambda name: self._store.delete(self._prefix + name))
        self._absent.update(gone)
        for name in gone:
            (self.root / name).unlink(missing_ok=True)

    def publish(self, folder: str, last: str) -> None:
        """Write the files of a folder to the store; what an earlier publication had beyond them is removed."""
        inventory = f"{folder}/files.json"
        earlier = (self.read_json(inventory) or {}).get("files", [])
        found = sorted(path for path in (self.root / folder).rglob("*") if path.is_file())
        names = [path.relative_to(self.root).as_posix() for path in found]
        names = [name for name in names if name not in (inventory, f"{folder}/{last}")]
        every = [*names, f"{folder}/{last}"]
        # Known beforehand, so that what a stopped publication leaves is found by the next one.
        self.write_json(inventory, {"files": sorted({*earlier, *every})})
        with self._told():
            self._check_ours()
            _each(names, lambda name: self._put(name, self.root / name))
            self._check_ours()
            self._put(every[-1], self.root / every[-1])
        self.remove_others(folder, every, [name for name in earlier if name.startswith(f"{folder}/")])
        self.write_json(inventory, {"files": every})

    def _told(self) -> AbstractContextManager[None]:
        """Say what is wrong with the store, and what to do."""
        return told_of(self.place)


def _each(names: Iterable[str], work: Callable[[str], object]) -> None:
    """Do something with every name, some at a time, beginning in their order."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="imgsieve-folder") as pool:
        begun = [pool.submit(work, name) for name in names]
        try:
            for one in begun:
                one.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
