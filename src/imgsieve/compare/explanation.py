"""What the stages say of one pair, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgsieve.features.alignment import Matrix
from imgsieve.stages.views import View

__all__ = ["DIFFERENT", "EXACT", "NEAR", "Explanation", "Overlaying", "Score", "StageAccount"]

EXACT, NEAR, DIFFERENT = "exact duplicates", "near duplicates", "different"


@dataclass(frozen=True, kw_only=True)
class Score:
    """One figure of a stage."""

    name: str
    value: float | int | str | None
    """None where it was not needed."""
    limit: str = ""
    """What it is held against, such as ``at most 60``; empty for figures that decide nothing."""


@dataclass(frozen=True, kw_only=True)
class StageAccount:
    """What one stage says."""

    name: str
    title: str
    verdict: str
    """One of `imgsieve.schema.Verdict`; ``proposed`` or ``not proposed`` for stage 1; empty for stage 5."""
    why: str
    scores: tuple[Score, ...]


@dataclass(frozen=True, kw_only=True)
class Overlaying:
    """What a drawing needs: both pictures, and how stage 4 laid them over each other."""

    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    """Each of shape (h, w, 3), uint8 RGB, large enough to look at."""
    views: tuple[View, View]
    """The same as stage 4 saw them."""
    orientation: int
    """Turns the second view into the first."""
    matrix: Matrix | None
    """Affine map from the turned second view to the first; None when there is none."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a run would say of a pair of pictures, and why."""

    verdict: str
    """`EXACT`, `NEAR` or `DIFFERENT`."""
    decided_by: str
    """Title of the stage that decided."""
    why: str
    keep: str | None
    """``a`` or ``b``: which a run would keep; None when it would keep both."""
    keep_why: str
    stages: tuple[StageAccount, ...]
    overlaying: Overlaying = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return all but the pixels, fit for JSON."""
        return {
            "verdict": self.verdict,
            "decided_by": self.decided_by,
            "why": self.why,
            "keep": self.keep,
            "keep_why": self.keep_why,
            "stages": [
                {
                    "name": stage.name,
                    "title": stage.title,
                    "verdict": stage.verdict,
                    "why": stage.why,
                    "scores": [{"name": s.name, "value": s.value, "limit": s.limit} for s in stage.scores],
                }
                for stage in self.stages
            ],
        }
