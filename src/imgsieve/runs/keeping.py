"""What the result says of kept images: their names, for their duplicates, and why they are kept."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import QualityConfig
from imgsieve.features.quality import COLUMNS
from imgsieve.records import RecordFile
from imgsieve.runs.assignment import Assignment
from imgsieve.runs.columns import FeatureColumns
from imgsieve.schema import QUALITY_PARTS
from imgsieve.search.groups import NO_KEEPER
from imgsieve.stages import quality

__all__ = ["GROUP_BYTES", "Keeping"]

GROUP_BYTES = 80
"""Bytes of a group; names wait on the disk."""


class Keeping:
    """Names and merits of the kept image of each group, from one pass over the features.

    Parameters
    ----------
    made
        Shape (n,): images known to be made from another one.
    """

    def __init__(
        self, features: FeatureColumns, assignment: Assignment, made: NDArray[np.bool_], config: QualityConfig
    ) -> None:
        self._config = config
        groups = len(assignment.keepers)
        self._leads = np.zeros((groups, len(QUALITY_PARTS)))
        """By how much the keeper is above its duplicates, summed over these."""
        grouped = assignment.group >= 0
        self._sizes = np.bincount(assignment.group[grouped], minlength=groups).astype(np.int32)
        copies = np.bincount(assignment.group[grouped & made], minlength=groups).astype(np.int32)
        self._copies = np.where(made[assignment.keepers], 0, copies)
        self._stack = ExitStack()
        self._names = self._stack.enter_context(RecordFile(features.folder.root))
        for start, part in features.read([*COLUMNS, "error_kind", "file"]):
            self._add(part, assignment.group[start : start + len(part)], assignment.keeper[start : start + len(part)])
        self._names.flush()

    def _add(self, part: pa.Table, group: NDArray[np.int32], keeper: NDArray[np.int32]) -> None:
        """Take in a part of the features."""
        members = np.nonzero(group >= 0)[0]
        if not len(members):
            return
        parts, _ = quality.measure(part, self._config)
        values = np.stack([parts[name] for name in QUALITY_PARTS], axis=1)[members].astype(np.float64)
        kept = keeper[members] == NO_KEEPER
        weights = np.where(kept, self._sizes[group[members]] - 1, -1)
        np.add.at(self._leads, group[members], weights[:, None] * values)
        # Groups are numbered in the order of their keepers, so names come in the order of the groups.
        for name in part["file"].take(pa.array(members[kept])).to_pylist():
            self._names.append(name.encode())

    def name(self, group: int) -> str:
        """Return the file that is kept of a group."""
        return self._names.read(group).decode()

    def reason(self, group: int) -> str:
        """Say why the kept image of a group is kept."""
        others = int(self._sizes[group]) - 1
        leads = (self._leads[group] / others).tolist()
        return quality.reason_for(leads, others + 1, int(self._copies[group]), self._config)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
