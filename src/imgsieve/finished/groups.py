"""The groups of a finished run, one after another, however many there are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.schema import SCORES

if TYPE_CHECKING:
    from imgsieve.finished.opening import Run

__all__ = ["Group", "Member", "iter_groups"]

_MOST_RANGES = 64
"""Files that are open at once at most."""
_SCORES = tuple(score.name for score in SCORES)
_FACTS = ("image_id", "uri", "file", "relation", "stage", "reason", "format", "width", "height", "size", "quality")
_COLUMNS = ("group", "keep", *_FACTS, *_SCORES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """An image of a group."""

    image_id: int
    uri: str
    file: str
    """Path within its source."""
    keep: bool
    """Whether it is the one that is kept."""
    relation: str | None
    """For a duplicate, ``exact`` or ``near``."""
    stage: str | None
    """For a duplicate, the stage that decided."""
    reason: str | None
    """Why it is kept, or what shows it to be a duplicate."""
    format: str
    width: int
    height: int
    size: int
    """Bytes of the file."""
    quality: float
    """From 0 to 100."""
    scores: Mapping[str, float]
    """Of a duplicate against its keeper, as `imgsieve.schema.SCORES` names them; only those that were measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Images that are copies of one picture."""

    number: int
    """Groups are numbered in the order of their keepers."""
    keeper: Member
    duplicates: tuple[Member, ...]
    """In the order of the listing."""

    @property
    def members(self) -> tuple[Member, ...]:
        """The keeper, then the duplicates."""
        return (self.keeper, *self.duplicates)


def iter_groups(run: Run, *, members_at_once: int = 32_768) -> Iterator[Group]:
    """Yield the groups of a finished run in their order, in bounded memory.

    Rows of the result are divided by ranges of groups, into files without names in the system's folder for temporary
    files, where there are more than some ten thousand of them; one range at a time is read and put in order. In memory
    are 12 bytes a group, a range, and the group that is yielded.

    Parameters
    ----------
    run
        As `imgsieve.open_run` returns it.
    members_at_once
        Members of a range, about; more where one group has more, or where there would be more than 64 ranges.

    Raises
    ------
    RunFolderError
        The result cannot be read.
    """
    sizes = _sizes(run)
    for rows in _ranges(run, _bounds(sizes, members_at_once)):
        ordered = rows.sort_by([("group", "ascending"), ("keep", "descending"), ("image_id", "ascending")])
        yield from _groups_of(ordered)


def _sizes(run: Run) -> NDArray[np.int32]:
    """Return how many members each group has."""
    sizes = np.zeros(0, np.int32)
    for batch in run.batches(["group"]):
        numbers = batch["group"].drop_null().to_numpy()
        if len(numbers):
            counts = np.bincount(numbers, minlength=len(sizes)).astype(np.int32)
            counts[: len(sizes)] += sizes
            sizes = counts
    return sizes


def _bounds(sizes: NDArray[np.int32], members_at_once: int) -> NDArray[np.int64]:
    """Return the groups at which ranges begin, but for the first one."""
    ends = np.cumsum(sizes, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    members = max(members_at_once, -(-total // _MOST_RANGES))
    return np.unique(np.searchsorted(ends, np.arange(members, total, members), side="left") + 1)


def _ranges(run: Run, bounds: NDArray[np.int64]) -> Iterator[pa.Table]:
    """Yield the members of each range of groups."""
    if not len(bounds):
        pieces = [*_members(run)]
        if pieces:
            yield pa.concat_tables(pieces)
        return
    with ExitStack() as holding:
        files: list[IO[bytes]] = [holding.enter_context(tempfile.TemporaryFile()) for _ in range(len(bounds) + 1)]
        writers: dict[int, Any] = {}
        for rows in _members(run):
            places = np.searchsorted(bounds, rows["group"].to_numpy(), side="right")
            for number in np.unique(places).tolist():
                if number not in writers:
                    writers[number] = pa.ipc.new_stream(files[number], rows.schema)
                writers[number].write_table(rows.filter(pa.array(places == number)))
        for number in sorted(writers):
            writers.pop(number).close()
            files[number].seek(0)
            with pa.ipc.open_stream(files[number]) as reader:
                yield reader.read_all()


def _members(run: Run) -> Iterator[pa.Table]:
    """Yield the images that are in groups, batch by batch."""
    for batch in run.batches(_COLUMNS):
        yield batch.filter(pc.is_valid(batch["group"]))


def _groups_of(rows: pa.Table) -> Iterator[Group]:
    """Yield the groups of rows that are in order."""
    held: list[Member] = []
    number = -1
    for batch in rows.to_batches(max_chunksize=1024):
        for row in batch.to_pylist():
            if row["keep"] and held:
                yield _group(number, held)
                held = []
            number = row["group"]
            held.append(_member(row))
    if held:
        yield _group(number, held)


def _group(number: int, members: Sequence[Member]) -> Group:
    """Put a group together; the keeper comes first."""
    return Group(number=number, keeper=members[0], duplicates=tuple(members[1:]))


def _member(row: Mapping[str, Any]) -> Member:
    """Return the member that a row tells of."""
    scores = {name: row[name] for name in _SCORES if row[name] is not None}
    return Member(keep=bool(row["keep"]), scores=scores, **{name: row[name] for name in _FACTS})
