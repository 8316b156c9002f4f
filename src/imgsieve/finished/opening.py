"""A finished run, opened: its tables, its figures, and questions to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from imgsieve.config import NetworkConfig, RunConfig, load_config
from imgsieve.errors import ConfigError, RunFolderError
from imgsieve.finished.folders import OpenedFolder, open_folder
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.extraction import SHARD_ROWS
from imgsieve.runs.manifest import Manifest
from imgsieve.storage import Traffic

if TYPE_CHECKING:
    from imgsieve.finished.answers import SearchAnswer

__all__ = ["Run", "open_run"]

Made = TypeVar("Made")

_GROUPS = "groups.parquet"
_STAGES = ("wavelet", "color", "global", "local")
_BATCH_ROWS = 8192


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a finished run.

    Parameters
    ----------
    path
        The run folder: a path, or a URL of any store that runs are written to.

    Raises
    ------
    RunFolderError
        There is no run, it has not come to its end, or it cannot be read.

    Examples
    --------
    >>> run = imgsieve.open_run("found")                           # doctest: +SKIP
    >>> run.summary["groups"], run.images(["file", "keep"]).num_rows  # doctest: +SKIP
    (12, 57)
    """
    return Run(path)


class Run:
    """A finished run, on this machine or on an object store.

    Nothing of it is read before it is asked for, and nothing but the index of `search` is ever written. It may be used
    by several threads, and as a context manager, which closes connections at its end. What is read of a run on a store
    is kept in the system's folder for temporary files until then.

    Parameters
    ----------
    path
        The run folder, a path or URL.

    Raises
    ------
    RunFolderError
        There is no run, it has not come to its end, or it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._holding = ExitStack()
        self._traffic = self._holding.enter_context(Traffic(NetworkConfig()).open())
        self._making = threading.Lock()
        self._made: dict[str, Any] = {}
        self._folder = open_folder(path, self._traffic)
        self._state = self._folder.read_json("run.json") or {}
        if self._state.get("state") != "finished" or "manifest" not in self._state:
            raise RunFolderError(f"the run in {self.place} has not come to its end; give its command again first")

    @property
    def place(self) -> str:
        """The run folder, as users call it, without secrets."""
        return self._folder.place

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What ``summary.json`` has: counts, times, requests, memory, options."""
        found = self._folder.read_json("summary.json")
        if found is None:
            raise RunFolderError(f"summary.json of {self.place} is missing or damaged; give the run's command again")
        return found

    @property
    def sources(self) -> tuple[str, ...]:
        """URLs of the places that the run is over."""
        return tuple(self._state["sources"])

    @cached_property
    def config(self) -> RunConfig:
        """The options of the run.

        Raises
        ------
        RunFolderError
            They are those of another version of this package.
        """
        try:
            config = load_config(None, self._state["config"])
        except ConfigError as error:
            raise RunFolderError(f"{self._of_other_version}: {error}") from error
        if config.fingerprint() != self._state["fingerprint"]:
            raise RunFolderError(self._of_other_version)
        return config

    @property
    def _of_other_version(self) -> str:
        """Say that features cannot be compared."""
        return (
            f"the run in {self.place} was made by another version of the algorithms, or its model has changed since; "
            "run again into a new folder"
        )

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the rows of all images, some thousands at a time, in the order of the listing.

        Parameters
        ----------
        columns
            Names of `imgsieve.schema.GROUPS`; None for all.
        """
        with self._open(_GROUPS) as file:
            for batch in file.iter_batches(_BATCH_ROWS, columns=_listed(columns), use_threads=False):
                yield pa.Table.from_batches([batch])

    def images(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the result, one row an image, as `imgsieve.schema.GROUPS` tells; ``.to_pandas()`` makes a frame.

        Parameters
        ----------
        columns
            Those that are wanted; None for all.

        Raises
        ------
        RunFolderError
            The table cannot be read.
        """
        return self._table(_GROUPS, columns)

    def groups(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the images that are in groups, by group; the keeper first, then its duplicates as listed.

        Parameters
        ----------
        columns
            Those that are wanted, of the same table as those of `images`; None for all.
        """
        wanted = None if columns is None else list(dict.fromkeys([*columns, "group", "keep", "image_id"]))
        rows = self._table(_GROUPS, wanted)
        rows = rows.filter(pc.is_valid(rows["group"]))
        rows = rows.sort_by([("group", "ascending"), ("keep", "descending"), ("image_id", "ascending")])
        return rows if columns is None else rows.select(list(columns))

    def pairs(self, stage: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the pairs that a stage looked at, with its scores and verdicts.

        Parameters
        ----------
        stage
            ``wavelet``, ``color``, ``global`` or ``local``.
        columns
            Names of the stage's table in `imgsieve.schema`; None for all.

        Raises
        ------
        ValueError
            There is no such stage.
        """
        if stage not in _STAGES:
            raise ValueError(f"there is no stage {stage!r} with pairs; there are {', '.join(_STAGES)}")
        return self._table(f"pairs/{stage}.parquet", columns)

    def search(self, picture: str | os.PathLike[str] | bytes, *, limit: int = 20) -> SearchAnswer:
        """Return the images of the run that match a picture, by the same stages as a run, without a new run.

        At the first question an index of some 3 KB an image is written: into the folder ``search`` of the run where
        that is on this machine and can be written, else into the user's cache folder. Every further question reads it
        in blocks, so memory does not grow with the run.

        Parameters
        ----------
        picture
            A path, a URL of any store, or the bytes of a file.
        limit
            Candidates that stage 4 compares at most, the likeliest first, and so the most near matches; from 1.
            How many are left is told.

        Raises
        ------
        FetchError, SourceError, DecodeError
            The picture cannot be had, or is none.
        RunFolderError
            The run's features cannot be read, or are those of another version.
        ConfigError
            The model of the run cannot be used, or ``limit`` makes no sense.
        """
        from imgsieve.finished.searching import search_run  # noqa: PLC0415 - loads what only questions need

        return search_run(self, picture, limit)

    @cached_property
    def features(self) -> FeatureColumns:
        """The features of the run, for what asks for columns of them."""
        parts = tuple(self._state.get("features", {}).get("committed", ()))
        starts = np.minimum(np.arange(len(parts) + 1) * SHARD_ROWS, self.manifest.rows)
        return FeatureColumns(self._folder, parts, starts, self.manifest.fingerprint)

    @cached_property
    def manifest(self) -> Manifest:
        """The listing that the run is about."""
        return Manifest.from_dict(self._folder, self._state["manifest"])

    @property
    def folder(self) -> OpenedFolder:
        """The opened folder."""
        return self._folder

    @property
    def traffic(self) -> Traffic:
        """The requests that go out for this object."""
        return self._traffic

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Return what ``make`` made when it was first asked for by this name."""
        with self._making:
            if name not in self._made:
                self._made[name] = make()
            made: Made = self._made[name]
            return made

    def rows(self, images: Sequence[int], columns: Sequence[str]) -> list[dict[str, Any]]:
        """Return some rows of `images`, in the order asked for; of the table only the pieces that hold them are read.

        Parameters
        ----------
        images
            Numbers of images.
        columns
            Names of `imgsieve.schema.GROUPS`.
        """
        wanted = np.asarray(images, np.int64)
        found: dict[int, dict[str, Any]] = {}
        with self._open(_GROUPS) as file:
            sizes = [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)]
            edges = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
            for piece in np.unique(np.searchsorted(edges, wanted, side="right") - 1).tolist():
                inside = wanted[(wanted >= edges[piece]) & (wanted < edges[piece + 1])]
                table = file.read_row_group(piece, columns=list(columns), use_threads=False)
                chosen = table.take(pa.array(inside - edges[piece]))
                found |= dict(zip(inside.tolist(), chosen.to_pylist(), strict=True))
        return [found[image] for image in wanted.tolist()]

    def close(self) -> None:
        """Let go of connections, and of what was brought from a store; nothing more can be read from there."""
        self._holding.close()
        self._folder.close()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Run({self.place!r})"

    def _table(self, name: str, columns: Sequence[str] | None) -> pa.Table:
        """Read a table, or some of its columns."""
        with self._open(name) as file:
            return file.read(columns=_listed(columns), use_threads=False)

    def _open(self, name: str) -> pq.ParquetFile:
        """Open a table."""
        try:
            return pq.ParquetFile(self._folder.path(name))
        except (OSError, pa.ArrowException) as error:
            raise RunFolderError(
                f"{name} of {self.place} cannot be read ({error}); give the run's command again"
            ) from error


def _listed(columns: Sequence[str] | None) -> list[str] | None:
    """Return names as the library of tables takes them."""
    return None if columns is None else list(columns)
