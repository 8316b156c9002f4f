"""Which objects a finished run says are to be kept, in the versions that the run has seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from imgsieve.actions.items import Item
from imgsieve.actions.origins import Origin
from imgsieve.config import NetworkConfig
from imgsieve.errors import RunFolderError
from imgsieve.runs.mirror import open_run_folder
from imgsieve.schema import FAILED, KEPT
from imgsieve.storage import ListingFilter, Traffic, parse_address
from imgsieve.tables import open_table

__all__ = ["Keepers", "open_keepers"]

_ROWS = 16_384


@contextmanager
def open_keepers(run: str, network: NetworkConfig, *, with_failed: bool) -> Iterator[Keepers]:
    """Open a run folder on this machine or, by its URL, in a store, for as long as the context lasts.

    Raises
    ------
    RunFolderError
        There is no finished run, or the run folder in the store is in use.
    """
    address = parse_address(run)
    if address.path is not None:
        yield Keepers(run, address.path.joinpath, with_failed)
        return
    with Traffic(network).open() as traffic:
        folder = open_run_folder(run, traffic, new=False)
        with folder.locked():
            yield Keepers(folder.place, folder.path, with_failed)


@dataclass
class Keepers:
    """The kept images of a run that lie within a place.

    Parameters
    ----------
    run
        What users call the run folder, without secrets.
    path_of
        Says where a part of it is on this machine.
    with_failed
        Whether images that could not be read are taken as well.
    """

    run: str
    path_of: Callable[[str], Path]
    with_failed: bool
    failed: int = 0
    """Images that failed in the run and are left out."""
    elsewhere: int = 0
    """Images to be kept that lie outside of the place."""

    def __post_init__(self) -> None:
        """Read what the run says of itself.

        Raises
        ------
        RunFolderError
            There is no finished run.
        """
        try:
            value = json.loads(self.path_of("run.json").read_text("utf-8"))
            parts, self.sources = value["manifest"]["parts"], value["sources"]
            finished = value["state"] == "finished"
        except (OSError, ValueError, KeyError, TypeError):
            raise RunFolderError(f"{self.run} is not the folder of a run; name one for --from-run") from None
        if not finished:
            raise RunFolderError(f"the run in {self.run} has not come to its end; give its command again first")
        self._parts = list(parts)

    def items(self, origin: Origin, filters: ListingFilter) -> Iterator[Item]:
        """Yield what is to be copied, in the order of the run's listing.

        Raises
        ------
        RunFolderError
            A table is missing or damaged, or nothing of the place is in the run.
        """
        taken = 0
        for row in self._rows():
            if row["status"] not in (KEPT, FAILED):
                continue
            if not row["uri"].startswith(origin.uri + "/"):
                self.elsewhere += 1
                continue
            name = origin.name_of(row["uri"])
            if not (filters.lists_name(name) and filters.lists(row["size"], 0.0)):
                continue
            if row["status"] == FAILED and not self.with_failed:
                self.failed += 1
                continue
            taken += 1
            yield Item(name=name, uri=row["uri"], size=row["size"], etag=row["etag"])
        if not taken and self.elsewhere:
            raise RunFolderError(
                f"no image that the run in {self.run} keeps lies in {origin.uri}; it was over {', '.join(self.sources)}"
            )

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of the result, each with its version from the manifest."""
        try:
            with open_table(self.path_of("groups.parquet")) as groups:
                verdicts = _rows_of(groups, ["uri", "status"])
                for part in self._parts:
                    with open_table(self.path_of(part)) as manifest:
                        for seen in _rows_of(manifest, ["uri", "size", "etag"]):
                            told = next(verdicts, None)
                            if told is None or told["uri"] != seen["uri"]:
                                raise RunFolderError(f"the tables of {self.run} do not belong together; run it again")
                            yield {**seen, "status": told["status"]}
        except (OSError, pa.ArrowException) as error:
            if isinstance(error, RunFolderError):
                raise
            raise RunFolderError(f"a table of {self.run} cannot be read: {error}") from None


def _rows_of(table: pq.ParquetFile, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, a block at a time."""
    for batch in table.iter_batches(batch_size=_ROWS, columns=columns):
        yield from batch.to_pylist()
