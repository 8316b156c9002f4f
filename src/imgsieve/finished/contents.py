"""What lies in the folder of a finished run, read when it is first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from imgsieve.config import RunConfig, load_config
from imgsieve.errors import ConfigError, RunFolderError
from imgsieve.finished.folders import OpenedFolder
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.extraction import SHARD_ROWS
from imgsieve.runs.manifest import Manifest
from imgsieve.storage import Traffic
from imgsieve.tables import open_table

__all__ = ["GROUPS_TABLE", "RunContents"]

Made = TypeVar("Made")

GROUPS_TABLE = "groups.parquet"
_BATCH_ROWS = 8192


class RunContents:
    """The state, tables and features of a finished run; for any number of threads.

    Parameters
    ----------
    folder
        Where they are.
    traffic
        Counts and bounds requests.

    Raises
    ------
    RunFolderError
        The run has not come to its end.
    """

    def __init__(self, folder: OpenedFolder, traffic: Traffic) -> None:
        self.folder = folder
        self.traffic = traffic
        self._making = threading.Lock()
        self._made: dict[str, Any] = {}
        self.state = folder.read_json("run.json") or {}
        if self.state.get("state") != "finished" or "manifest" not in self.state:
            raise RunFolderError(f"the run in {folder.place} has not come to its end; give its command again first")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What ``summary.json`` has."""
        found = self.folder.read_json("summary.json")
        if found is None:
            raise RunFolderError(
                f"summary.json of {self.folder.place} is missing or damaged; give the run's command again"
            )
        return found

    @cached_property
    def config(self) -> RunConfig:
        """The options of the run.

        Raises
        ------
        RunFolderError
            They are those of another version of this package.
        """
        refusal = (
            f"the run in {self.folder.place} was made by another version of the algorithms, or its model has changed "
            "since; run again into a new folder"
        )
        try:
            config = load_config(None, self.state["config"])
        except ConfigError as error:
            raise RunFolderError(f"{refusal}: {error}") from error
        if config.fingerprint() != self.state["fingerprint"]:
            raise RunFolderError(refusal)
        return config

    @cached_property
    def features(self) -> FeatureColumns:
        """The features of all images.

        Raises
        ------
        RunFolderError
            The run does not say where they are.
        """
        parts = tuple(self.state.get("features", {}).get("committed", ()))
        rows = self.state.get("config", {}).get("execution", {}).get("shard_rows", SHARD_ROWS)
        starts = np.minimum(np.arange(len(parts) + 1) * rows, self.manifest.rows)
        if starts[-1] != self.manifest.rows:
            raise RunFolderError(
                f"run.json of {self.folder.place} does not name the features; give the run's command again"
            )
        return FeatureColumns(self.folder, parts, starts, self.manifest.fingerprint)

    @cached_property
    def manifest(self) -> Manifest:
        """The listing that the run is about."""
        return Manifest.from_dict(self.folder, self.state["manifest"])

    def table(self, name: str, columns: Sequence[str] | None) -> pa.Table:
        """Read a table, or some of its columns."""
        with self._open(name) as file:
            return file.read(columns=_listed(columns), use_threads=False)

    def batches(self, columns: Sequence[str] | None) -> Iterator[pa.Table]:
        """Yield the result, some thousands of rows at a time."""
        with self._open(GROUPS_TABLE) as file:
            for batch in file.iter_batches(_BATCH_ROWS, columns=_listed(columns), use_threads=False):
                yield pa.Table.from_batches([batch])

    def rows(self, images: Sequence[int], columns: Sequence[str]) -> list[dict[str, Any]]:
        """Return rows of the result, in the order asked for; only the pieces of the table that hold them are read."""
        wanted = np.asarray(images, np.int64)
        found: dict[int, dict[str, Any]] = {}
        with self._open(GROUPS_TABLE) as file:
            sizes = [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)]
            edges = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
            for piece in np.unique(np.searchsorted(edges, wanted, side="right") - 1).tolist():
                inside = wanted[(wanted >= edges[piece]) & (wanted < edges[piece + 1])]
                table = file.read_row_group(piece, columns=list(columns), use_threads=False)
                chosen = table.take(pa.array(inside - edges[piece]))
                found |= dict(zip(inside.tolist(), chosen.to_pylist(), strict=True))
        return [found[image] for image in wanted.tolist()]

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Return what ``make`` made when it was first asked for by this name."""
        with self._making:
            if name not in self._made:
                self._made[name] = make()
            made: Made = self._made[name]
            return made

    def _open(self, name: str) -> pq.ParquetFile:
        """Open a table."""
        try:
            return open_table(self.folder.path(name))
        except (OSError, pa.ArrowException) as error:
            raise RunFolderError(
                f"{name} of {self.folder.place} cannot be read ({error}); give the run's command again"
            ) from error


def _listed(columns: Sequence[str] | None) -> list[str] | None:
    """Return names as the library of tables takes them."""
    return None if columns is None else list(columns)
