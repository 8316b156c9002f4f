"""Working copies of run folders that lie on object stores: one folder of this machine for each, for one process."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from imgsieve.errors import RunFolderError

__all__ = ["own_scratch", "scratch_path"]


def scratch_path(identity: str, environment: Mapping[str, str] | None = None) -> Path:
    """Return where the working copy of a run folder lies.

    Within ``$IMGSIEVE_SCRATCH`` when that is set, else within ``imgsieve/runs`` of the user's cache folder.

    Raises
    ------
    RunFolderError
        There is no such folder for this user.
    """
    environment = os.environ if environment is None else environment
    name = hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
    base = environment.get("IMGSIEVE_SCRATCH")
    return (Path(base) if base else _cache_folder(environment) / "imgsieve" / "runs").absolute() / name


def _cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the user's folder for what can be made again."""
    try:
        return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        raise RunFolderError(
            "there is no home folder for the working copy of the run folder; set IMGSIEVE_SCRATCH to a folder"
        ) from None


@contextmanager
def own_scratch(folder: Path) -> Iterator[None]:
    """Have a folder, empty at the start and gone at the end; a process that was killed leaves it to the next one.

    Raises
    ------
    BlockingIOError
        Another process has it.
    OSError
        It cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder.with_name(f"{folder.name}.lock")):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock file, which the system frees when this process ends, however it does."""
    while True:
        with lock.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_still(lock, handle.fileno()):
                continue  # its last holder removed it before we had it
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
            return


def _is_still(lock: Path, handle: int) -> bool:
    """Return whether an open file is the one that has the name."""
    try:
        return os.path.samestat(lock.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
