"""How hard a run searches: named points of the trade between what is found and what it takes.

Each names what it has other than the defaults, which are those of ``balanced``; docs/benchmarks.md has their figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

__all__ = ["EFFORTS", "Effort"]


class Effort(StrEnum):
    """What ``--search`` takes."""

    FAST = "fast"
    """Whole pictures alone: copies of another size, codec, tone or orientation, with a little cut off or around."""
    BALANCED = "balanced"
    """Parts as well: crops to half of the picture, screenshots, tilted pictures."""
    THOROUGH = "thorough"
    """Smaller parts, and parts of pictures that are turned by quarters or mirrored."""


EFFORTS: Mapping[Effort, Mapping[str, Mapping[str, Any]]] = {
    Effort.FAST: {"wavelet": {"tables": 48}, "voting": {"tables": 0}, "refine": {"trained": False}},
    Effort.BALANCED: {},
    Effort.THOROUGH: {
        "wavelet": {"tables": 288, "neighbors": 32},
        "voting": {
            "tables": 6,
            "neighbors": 6,
            "max_distance_bits": 22,
            "turned": True,
        },
        "refine": {"min_agreement": 0.88},
    },
}
"""Options by table, as a configuration file would give them."""
