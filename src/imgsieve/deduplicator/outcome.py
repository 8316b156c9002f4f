"""The result of a run over named images: groups of names, and scores of pairs of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from imgsieve.runs import RunFolder
from imgsieve.schema import DUPLICATE, Verdict
from imgsieve.storage import NamedImages
from imgsieve.tables import open_table

__all__ = ["Groups", "Outcome", "Scores", "read_outcome"]

Groups: TypeAlias = list[list[str]]
"""Names, keeper first; the others of a group in their order, and the groups in that of their keepers."""

Scores: TypeAlias = dict[tuple[str, str], float]
"""Scores from 0 to 1 by pairs of names, the lower name first."""

_ROWS = 16_384
_SAME = 1.0


@dataclass
class Outcome:
    """What is found among named images."""

    groups: Groups = field(default_factory=list)
    scores: Scores = field(default_factory=dict)


def read_outcome(folder: RunFolder, images: NamedImages, names: Sequence[str]) -> Outcome:
    """Read the result of a finished run over named images.

    Every name is in the result as often as it is given. Where several mean one image, the lowest stands in its group
    and each other one in a group of its own: who removes all of a group but its first never removes the only copy.

    Parameters
    ----------
    folder
        The run folder, locked.
    images
        The images of the run.
    names
        Their names, in the order in which ``images`` was made of them.

    Raises
    ------
    OSError, pyarrow.ArrowException
        A table cannot be read.
    """
    shown, spare = _first_names(images, names)
    outcome = Outcome()
    keepers: dict[int, str] = {}
    members: dict[int, list[str]] = {}
    columns = ["image_id", "status", "group", "keeper_id", "relation", "block_share"]
    for batch in _batches(folder.path("groups.parquet"), columns):
        for row in batch.to_pylist():
            name = shown[row["image_id"]]
            if row["group"] is None:
                outcome.groups.append([name])
            elif row["status"] == DUPLICATE:
                members.setdefault(row["group"], []).append(name)
                share = None if row["relation"] == "exact" else row["block_share"]
                outcome.scores[_pair(name, shown[row["keeper_id"]])] = _score(share)
            else:
                keepers[row["group"]] = name
    outcome.groups += [[keepers[group], *sorted(found)] for group, found in members.items()]
    outcome.groups += [[name] for name in spare]
    outcome.groups.sort()
    _add_verified(outcome.scores, folder.path("pairs/local.parquet"), shown)
    return outcome


def _first_names(images: NamedImages, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the lowest name of each image, and all other names."""
    shown, spare = [""] * images.count, []
    for name, image in zip(names, images.image_of.tolist(), strict=True):
        held = shown[image]
        shown[image] = min(held, name) if held else name
        if held:
            spare.append(max(held, name))
    return shown, spare


def _add_verified(scores: Scores, path: Path, shown: Sequence[str]) -> None:
    """Add the other pairs that stage 4 accepted."""
    for batch in _batches(path, ["a", "b", "verdict", "block_share"]):
        rows = batch.filter(pc.equal(batch["verdict"], Verdict.ACCEPTED))
        for a, b, share in zip(*(rows[name].to_pylist() for name in ("a", "b", "block_share")), strict=True):
            scores.setdefault(_pair(shown[a], shown[b]), _score(share))


def _batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Read a table, a bounded number of rows at a time."""
    with open_table(path) as file:
        yield from file.iter_batches(_ROWS, columns=columns, use_threads=False)


def _pair(one: str, other: str) -> tuple[str, str]:
    """Return two names, the lower first."""
    return (one, other) if one <= other else (other, one)


def _score(block_share: float | None) -> float:
    """Return the score of a pair that was accepted; smooth pictures of the same colors everywhere have no blocks."""
    return min(float(block_share), _SAME) if block_share else _SAME
