"""What a finished run answers when it is asked about a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["DIFFERENT", "EXACT", "NEAR", "UNDECIDED", "Candidate", "SearchAnswer"]

EXACT, NEAR, DIFFERENT, UNDECIDED = "exact", "near", "different", "undecided"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An image of the run that was held against the picture."""

    image_id: int
    uri: str
    file: str
    """Path within its source."""
    relation: str
    """``exact``: equal bytes or pixels. ``near``: verified to be made from one picture. ``undecided``: the stages
    before left it open, and stage 4 could not tell or could not read the file. ``different``: rejected."""
    stage: str
    """The stage that decided: ``wavelet``, ``color``, ``global`` or ``local``; the last one that spoke where it is
    undecided."""
    why: str
    """What decided, in words."""
    orientation: int = 0
    """Turns the image into the picture; from 0 to 7, see `imgsieve.features.orientation`."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """What the stages measured, by the names of `imgsieve.schema`: ``distance_bits`` (0 to 256), ``votes`` (0 to 127),
    ``dominant_distance`` and ``pixel_difference`` (CIE76), ``histogram_correlation`` (-1 to 1), ``similarity``,
    ``block_share``, ``still_share``, ``coverage`` (0 to 1; the share of the image that is seen in the picture),
    ``inliers``, ``color_shift``. Only what was measured is there."""
    made: str = ""
    """``from picture``, ``from image`` or nothing: which of both was made from the other, where that is known."""
    how: str = ""
    """By what, such as ``cropped``."""
    status: str = ""
    """What the run made of the image: ``kept`` or ``duplicate``."""
    group: int | None = None
    """The group that it is in, None for an image alone."""
    keeper: str | None = None
    """The file that was kept in its place, for a duplicate."""


@dataclass(frozen=True, kw_only=True)
class SearchAnswer:
    """Which images of a run match a picture, and what became of those that came near.

    Iterating over it gives the matches.
    """

    matches: tuple[Candidate, ...]
    """Exact ones first, then near ones, those with the largest share of agreeing blocks first."""
    undecided: tuple[Candidate, ...] = ()
    """Those that may match: their files could not be read, or have too little texture to tell."""
    rejected: tuple[Candidate, ...] = ()
    """The closest of those that do not match: what stage 4 rejected, then what stages 3 and 2 did."""
    images: int = 0
    """Images of the run that were asked: all that could be described."""
    proposed: int = 0
    """Of these, so many came near in stage 1, equal ones among them;"""
    left_by_color: int = 0
    """so many were left by stage 2, and"""
    left_by_descriptor: int = 0
    """so many by stage 3;"""
    from_groups: int = 0
    """so many more are in one group with a match, as the run has it;"""
    compared: int = 0
    """so many were compared in stage 4, the likeliest first, and"""
    not_compared: int = 0
    """so many were not, as ``limit`` was reached."""
    why: str = ""
    """The answer in one sentence; what came closest, where nothing matches."""
    seconds: float = 0.0
    """From the question to the answer, by the clock."""

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.matches)

    def __len__(self) -> int:
        return len(self.matches)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, fit for JSON."""
        return asdict(self)
