"""One pass over the tables of a run: counts, a few numbers of every grouped image, and records for the pages.

Reads all columns of ``groups.parquet``, and ``image_id`` and ``jpeg`` of ``thumbs/part-*.parquet``. In memory
stay about 50 bytes a grouped image and 20 a failed one; images that are alone are only counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve import schema
from imgsieve.errors import RunFolderError
from imgsieve.records import RecordFile
from imgsieve.tables import open_table

__all__ = ["FAILED_COLUMNS", "MEMBER_COLUMNS", "Inventory", "take_inventory"]

FAILED_COLUMNS = ("image_id", "uri", "file", "size", "error_kind", "error")

MEMBER_COLUMNS = tuple(
    name for name in schema.GROUPS.names if name not in {"status", "keeper_id", "error_kind", "error"}
)

GROUP_ROWS_A_BATCH = 2048
"""A row of text and scores is near 500 bytes, and four times that as objects of Python: 4 MB a batch."""

THUMBS_A_BATCH = 512
"""A thumbnail is near 5 KB: 3 MB a batch."""


@dataclass(kw_only=True)
class Inventory:
    """What the pages need to know of a run.

    Members and failed images are numbered in the order of ``image_id``.
    """

    members: RecordFile
    """The rows of grouped images: JSON lists in the order of `MEMBER_COLUMNS`."""

    thumbs: RecordFile
    """JPEG files of grouped images."""

    failures: RecordFile
    """The rows of failed images: JSON lists in the order of `FAILED_COLUMNS`."""

    counts: Counter[str] = field(default_factory=Counter)
    """``images``, ``bytes``, each status, ``exact`` and ``near`` with ``exact_bytes`` and ``near_bytes``."""

    kinds: list[str] = field(default_factory=list)
    """The kind of each failed image."""

    ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """``image_id`` of each member, ascending."""

    groups: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Group of each member."""

    freed: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Bytes that a member would free: its size, and 0 if it is kept."""

    kept: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    """Whether a member is kept."""

    thumb_numbers: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """Number of each member's thumbnail in `thumbs`, -1 for none."""

    def member(self, number: int) -> dict[str, Any]:
        """Return the row of a member."""
        return dict(zip(MEMBER_COLUMNS, json.loads(self.members.read(number)), strict=True))

    def failure(self, number: int) -> dict[str, Any]:
        """Return the row of a failed image."""
        return dict(zip(FAILED_COLUMNS, json.loads(self.failures.read(number)), strict=True))

    def thumb(self, number: int) -> bytes:
        """Return the thumbnail of a member as JPEG, or nothing."""
        place = int(self.thumb_numbers[number])
        return self.thumbs.read(place) if place >= 0 else b""


def take_inventory(run: Path, scratch: Path, stack: ExitStack) -> Inventory:
    """Read the tables of a run once.

    Parameters
    ----------
    run
        The run folder.
    scratch
        An empty folder for the records.
    stack
        Closes the records when it ends.

    Raises
    ------
    RunFolderError
        If ``groups.parquet`` is missing or is not a table of groups.
    """
    files = [stack.enter_context(RecordFile(scratch)) for _ in range(3)]
    inventory = Inventory(members=files[0], thumbs=files[1], failures=files[2])
    _read_groups(run / "groups.parquet", inventory)
    _read_thumbs(sorted((run / "thumbs").glob("part-*.parquet")), inventory)
    for file in files:
        file.flush()
    return inventory


def _read_groups(path: Path, inventory: Inventory) -> None:
    parts: list[pa.RecordBatch] = []
    for batch in _batches(path, schema.GROUPS, GROUP_ROWS_A_BATCH):
        _count(batch, inventory.counts)
        grouped = batch.filter(batch["group"].is_valid())
        _append(grouped, MEMBER_COLUMNS, inventory.members)
        parts.append(grouped.select(["image_id", "group", "keep", "size"]))
        failed = batch.filter(pc.equal(batch["status"], schema.FAILED))
        _append(failed, FAILED_COLUMNS, inventory.failures)
        inventory.kinds += [intern(kind or "unknown") for kind in failed["error_kind"].to_pylist()]
    _set_columns(inventory, pa.Table.from_batches(parts) if parts else schema.GROUPS.empty_table())


def _batches(path: Path, expected: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    try:
        with open_table(path) as file:
            if missing := sorted(set(expected.names) - set(file.schema_arrow.names)):
                raise RunFolderError(f"{path} lacks the columns {', '.join(missing)}; run imgsieve again.")
            yield from file.iter_batches(rows, columns=expected.names, use_threads=False)
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} does not exist; a report needs a finished run.") from error
    except pa.ArrowInvalid as error:
        raise RunFolderError(f"{path} cannot be read as a table: {error}") from error


def _count(batch: pa.RecordBatch, counts: Counter[str]) -> None:
    sizes = batch["size"].to_numpy()
    counts["images"] += batch.num_rows
    counts["bytes"] += int(sizes.sum())
    for entry in pc.value_counts(batch["status"]).to_pylist():
        counts[entry["values"]] += entry["counts"]
    duplicate = batch["keep"].to_numpy() == 0
    for relation in ("exact", "near"):
        mask = duplicate & pc.equal(batch["relation"], relation).fill_null(False).to_numpy(zero_copy_only=False)
        counts[relation] += int(mask.sum())
        counts[f"{relation}_bytes"] += int(sizes[mask].sum())


def _append(batch: pa.RecordBatch, columns: tuple[str, ...], records: RecordFile) -> None:
    values = [_short(batch[name]).to_pylist() for name in columns]
    for row in zip(*values, strict=True):
        records.append(json.dumps(row).encode())


def _short(column: pa.Array) -> pa.Array:
    """Round scores, which are shown with three digits; the rest would only fill the records."""
    return pc.round(column.cast(pa.float64()), 5) if pa.types.is_floating(column.type) else column


def _set_columns(inventory: Inventory, table: pa.Table) -> None:
    sizes = table["size"].to_numpy()
    inventory.ids = table["image_id"].to_numpy()
    inventory.groups = table["group"].to_numpy()
    inventory.kept = table["keep"].to_numpy() != 0
    inventory.freed = np.where(inventory.kept, 0, sizes)
    inventory.thumb_numbers = np.full(len(sizes), -1, np.int32)


def _read_thumbs(parts: list[Path], inventory: Inventory) -> None:
    if not len(inventory.ids):
        return
    for path in parts:
        for batch in _batches(path, schema.THUMBS, THUMBS_A_BATCH):
            ids = batch["image_id"].to_numpy()
            places = np.minimum(np.searchsorted(inventory.ids, ids), len(inventory.ids) - 1)
            for row in np.flatnonzero(inventory.ids[places] == ids):
                jpeg = batch["jpeg"][int(row)].as_py()
                if jpeg:
                    inventory.thumb_numbers[places[row]] = inventory.thumbs.append(jpeg)
