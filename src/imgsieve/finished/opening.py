"""A finished run, opened: its tables, its figures, and questions to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from imgsieve.config import NetworkConfig, RunConfig
from imgsieve.finished.contents import GROUPS_TABLE, RunContents
from imgsieve.finished.folders import open_folder
from imgsieve.storage import Traffic

if TYPE_CHECKING:
    from imgsieve.finished.answers import SearchAnswer

__all__ = ["Run", "open_run"]

_STAGES = ("wavelet", "color", "global", "local")


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
        traffic = self._holding.enter_context(Traffic(NetworkConfig()).open())
        self._contents = RunContents(open_folder(path, traffic), traffic)

    @property
    def place(self) -> str:
        """The run folder, as users call it, without secrets."""
        return self._contents.folder.place

    @property
    def summary(self) -> dict[str, Any]:
        """What ``summary.json`` has: counts, times, requests, memory, options.

        Raises
        ------
        RunFolderError
            It is missing or damaged.
        """
        return self._contents.summary

    @property
    def sources(self) -> tuple[str, ...]:
        """URLs of the places that the run is over."""
        return tuple(self._contents.state["sources"])

    @property
    def config(self) -> RunConfig:
        """The options of the run.

        Raises
        ------
        RunFolderError
            They are those of another version of this package.
        """
        return self._contents.config

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the rows of all images, some thousands at a time, in the order of the listing.

        Parameters
        ----------
        columns
            Names of `imgsieve.schema.GROUPS`; None for all.
        """
        return self._contents.batches(columns)

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
        return self._contents.table(GROUPS_TABLE, columns)

    def groups(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the images that are in groups, by group; the keeper first, then its duplicates as listed.

        Parameters
        ----------
        columns
            Those that are wanted, of the same table as those of `images`; None for all.
        """
        wanted = None if columns is None else list(dict.fromkeys([*columns, "group", "keep", "image_id"]))
        rows = self._contents.table(GROUPS_TABLE, wanted)
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
        return self._contents.table(f"pairs/{stage}.parquet", columns)

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

        return search_run(self._contents, picture, limit)

    def close(self) -> None:
        """Let go of connections, and of what was brought from a store; nothing more can be read from there."""
        self._holding.close()
        self._contents.folder.close()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Run({self.place!r})"
