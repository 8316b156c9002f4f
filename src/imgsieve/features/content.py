"""Stage 4: whether two aligned pictures whose blocks agree show other content in the same places.

Looked at only where all else speaks for a copy, for it takes as long as the rest.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from imgsieve.features.alignment import Overlay
from imgsieve.features.blocks import Agreement, fine_structure
from imgsieve.features.rewriting import moved_on_one_ground, replaced, rewritten

__all__ = ["OtherContent", "other_content"]


@dataclass(frozen=True, slots=True)
class OtherContent:
    """Numbers of blocks; see `imgsieve.features.rewriting`."""

    rewritten: int
    """They hold the same tones in another order."""
    on_paper: int
    """How many of them are ink on plain paper."""
    moved: int
    """Only one of two drawings on one ground fills them."""
    replaced: int
    """They show something as lively in both pictures, and not the same."""

    def joined(self, other: OtherContent) -> OtherContent:
        """Return the larger of each number."""
        return OtherContent(*map(max, astuple(self), astuple(other)))


def other_content(overlay: Overlay, found: Agreement) -> OtherContent:
    """Count the blocks of an overlay that show other content, by what its blocks say."""
    one, other = overlay.one, overlay.other
    fine, other_fine = fine_structure(one), fine_structure(other)
    changed, on_paper = rewritten(one, other, fine, other_fine, np.ascontiguousarray(found.unsure), found.side)
    return OtherContent(
        rewritten=changed,
        on_paper=on_paper,
        moved=moved_on_one_ground(one, other, found.apart, found.side),
        replaced=replaced(fine, other_fine, np.ascontiguousarray(found.strange), found.side),
    )
