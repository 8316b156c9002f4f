"""A run folder as other processes find it: by its name, to write parts that nobody else writes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from socket import gethostname

from imgsieve.config import NetworkConfig
from imgsieve.errors import RunFolderError
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.mirror import RemoteRunFolder
from imgsieve.storage import Traffic, is_remote, parse_address

__all__ = ["RunFolderPlace"]


@dataclass(frozen=True, kw_only=True)
class RunFolderPlace:
    """Where a run folder is: a name alone, and nothing that is secret."""

    place: str
    """Its path, or its URL without secrets; a process finds what opens it in its own environment."""
    network: NetworkConfig
    """The share of each process."""

    def opened(self) -> RunFolder:
        """Return the folder, for writing parts whose names tell what they are made from.

        The process that runs the whole holds its lock.

        Raises
        ------
        RunFolderError
            It is not there, or cannot be used.
        """
        return _opened(self)


@lru_cache(maxsize=1)
def _opened(place: RunFolderPlace) -> RunFolder:
    """Return the folder of this process; it is opened once."""
    if is_remote(place.place):
        return _WorkersFolder(place)
    if not (Path(place.place) / "run.json").exists():
        raise RunFolderError(
            f"the run folder {place.place} is not there on {gethostname()}; name a store with --out, or a folder of a "
            "file system that all nodes share"
        )
    return RunFolder(Path(place.place))


class _WorkersFolder(RemoteRunFolder):
    """A run folder on an object store to which parts are written by a process that does not hold its lock.

    Such a part has the same bytes whoever writes it. So nothing is lost when the lock was.
    """

    def __init__(self, place: RunFolderPlace) -> None:
        self._own = tempfile.TemporaryDirectory(prefix="imgsieve-")  # gone with this process
        super().__init__(parse_address(place.place), Traffic(place.network), new=False, scratch=Path(self._own.name))

    def _check_ours(self) -> None:
        """Nothing: the lock is held elsewhere."""

    @contextmanager
    def _written(self, name: str) -> Iterator[Path]:
        """Give the temporary path of a part, which is committed when the context ends, and is not kept here."""
        with super()._written(name) as partial:
            yield partial
        self.path(name).unlink()
