"""All features of a run in memory at once: the plain way, against which the sparing one is held."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pyarrow as pa

from imgsieve.errors import MemoryBudgetError
from imgsieve.memory import MemoryPlan
from imgsieve.runs.columns import FeatureColumns
from imgsieve.schema import FEATURES

__all__ = ["HeldColumns", "admit_held"]

_IMAGE_BYTES = 4096
"""What the features of an image take at most in memory, but for its embedding: 3,300 bytes, its URL and its path."""


class HeldColumns(FeatureColumns):
    """Features that are read once, all of them, and stay in memory as long as this lasts."""

    _tables: dict[str, pa.Table]

    @classmethod
    def of(cls, features: FeatureColumns) -> HeldColumns:
        """Load all parts of some features."""
        held = cls(**{field.name: getattr(features, field.name) for field in dataclasses.fields(features)})
        tables = {part: features._part(part, FEATURES.names) for part in features.parts}
        object.__setattr__(held, "_tables", tables)
        return held

    def _part(self, part: str, columns: Sequence[str]) -> pa.Table:
        """Return one part from memory."""
        return self._tables[part].select(list(columns))


def admit_held(plan: MemoryPlan) -> None:
    """Refuse to hold the features of more images than the budget of a run has room for.

    Raises
    ------
    MemoryBudgetError
        They do not fit; the message has the numbers and says how to go on.
    """
    needed = plan.projected_bytes + plan.images * _IMAGE_BYTES
    if needed > plan.budget_bytes:
        raise MemoryBudgetError(
            f"the features of all {plan.images:,} images at once need {needed // 10**6:,} MB with all else, and "
            f"{plan.budget_bytes // 10**6:,} MB are allowed; MemoryEfficientDeduplicator finds the same with less"
        )
