"""Stage 4, the judgment: two pictures laid over each other under a map, and what their blocks and colors say.

The map is refined by the shifts of the blocks while that helps: first as an affine one, at last as a perspective one,
for a page that was photographed at an angle is a copy as well. A map with more freedom explains more, so it has to
prove more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import LocalConfig
from imgsieve.features.alignment import Matrix, Overlay, coverage, lay_over, mended, smooth
from imgsieve.features.blocks import Agreement, agreement, differing, refit
from imgsieve.features.content import OtherContent, other_content
from imgsieve.features.equalizing import if_equalized
from imgsieve.features.keypoints import is_plausible
from imgsieve.features.posterizing import with_equal_tones
from imgsieve.features.recoloring import Recoloring, recoloring
from imgsieve.features.smoothness import are_smooth, evenly_alike

__all__ = ["DRAWN_BLOCK_SHARE", "Judgment", "judge"]

_LEAST_TEXTURED = 6
_LEAST_FOLLOWED = 5
_LEAST_COVERAGE = 0.5
_WITHIN = 0.9
"""Share of a picture that the other shows, from which it lies within it. A copy does, as a crop, a frame and a caption
leave one picture whole; two views of one place lie beside each other, and must agree the better."""

_WITHIN_BENT = 0.96
"""The same for a perspective map, which explains another view of anything that is nearly flat."""

_BESIDE_BLOCK_SHARE, _BESIDE_STILL_SHARE = 0.9, 0.95

_LEAST_OF_BOTH = 1.65
"""What both shares come to together: where much is covered by something, the rest must stand still the better. Another
thing held before the same shelf covers a quarter, and the shelf trembles."""

_DRAWN_PLAIN_SHARE, _DRAWN_TEXTURED = 0.2, 50
"""Share of plain blocks from which, and textured ones below which, a picture is a drawing: little more than an
outline."""

DRAWN_BLOCK_SHARE = 0.91
"""Share of textured blocks that must agree then. Two signs in one ring have the ring in common, 0.71 to 0.90 of them.
Of 7,849 pairs of copies of photographs 33 are so, and have 0.92 and more."""

_REFITS = 2
_WORTH_A_REFIT, _WORTH_BENDING = 0.2, 0.5
"""Shares of blocks that agree from which a better map is looked for: an affine one, a perspective one."""

_WORTH_SMOOTHING = 0.5
"""Share of blocks that agree from which both pictures are smoothed, against noise, before they are refused."""

_WORTH_EQUAL_TONES = 0.3
"""Share of blocks that agree from which a picture of few tones lends them to the other."""

_LEAST_ON_PAPER = 4
_LEAST_REPLACED, _MOST_REPLACED = 3, 0.13
"""Blocks, and their share of all that are textured, that show another thing. Copies that bear letters, bars and
stickers have up to 0.13, rarely more than 0.1; another thing held before the same shelf 0.16 to 0.5."""

_LEAST_MOVED, _MOST_MOVED = 2, 0.02
"""Blocks, and their share of all that are textured, that each of two drawings fills alone."""

_LEAST_REWRITTEN, _MOST_REWRITTEN = 6, 0.06
"""Blocks in which other writing keeps two pictures apart: so many of ink on paper; or so many of any kind, when they
are this share of all that are textured, for texture under an opaque letter may look like writing."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """Two pictures under a map, and what speaks against their being copies."""

    matrix: Matrix
    overlay: Overlay
    found: Agreement
    covered: tuple[float, float]
    """Share of the first that the second covers, and the other way round."""
    sharper: Judgment | None = None
    """The same before both pictures were smoothed, where they agree only since."""
    colors: Recoloring | None = None
    """None where something else spoke before."""
    against: str = ""
    """The first reason against; empty for copies."""
    settled: bool = False
    """Whether blocks agree and stand still, so that another map would tell nothing else."""
    evenly: bool = False
    """Whether pictures without texture were accepted for being alike everywhere."""
    undecided: bool = False
    """Whether there is too little texture to tell, which keeps them apart as well."""

    @property
    def agreeing(self) -> float:
        """Both shares together."""
        return self.found.block_share + self.found.still_share


def judge(
    one: NDArray[np.uint8],
    other: NDArray[np.uint8],
    matrix: Matrix,
    config: LocalConfig,
    *,
    trembling: bool = False,
) -> Judgment:
    """Judge two pictures of shape (h, w, 3), uint8 RGB, under a map from the second to the first.

    Parameters
    ----------
    trembling
        Whether one of them is coded so coarsely that its blocks tremble.
    """
    best = _under(one, other, matrix, trembling)
    for _ in range(_REFITS):
        better = None
        if best.found.block_share >= _WORTH_A_REFIT and not _agree(best.found, config):
            better = _refined(one, other, best, perspective=False)
        if better is None:
            break
        best = better
    for _ in range(_REFITS):
        better = None
        if best.found.block_share >= _WORTH_BENDING and not _agree(best.found, config):
            better = _refined(one, other, best, perspective=True)
        if better is None:
            break
        best = better
    if not _agree(best.found, config) and best.found.block_share >= _WORTH_SMOOTHING:
        # Coding artifacts and noise make blocks tremble; they do not move once both pictures are smoothed.
        overlay = smooth(best.overlay)
        smoothed = replace(best, overlay=overlay, found=agreement(overlay), sharper=best)
        best = smoothed if _agree(smoothed.found, config) else best
    # Lent to a drawing, the tones of another hide what only the one of them shows.
    if not _agree(best.found, config) and best.found.block_share >= _WORTH_EQUAL_TONES and not _is_drawn(best.found):
        best = _with_equal_tones(best, config)
    return _decided(best, config)


def _under(one: NDArray[np.uint8], other: NDArray[np.uint8], matrix: Matrix, trembling: bool) -> Judgment:
    """Lay two pictures over each other."""
    overlay = replace(lay_over(one, other, matrix), trembling=trembling)
    return Judgment(matrix, overlay, agreement(overlay), coverage(one, other, matrix))


def _refined(
    one: NDArray[np.uint8], other: NDArray[np.uint8], before: Judgment, *, perspective: bool
) -> Judgment | None:
    """Return the overlay under the map that the shifts of the blocks ask for, None when it is no better."""
    correction = refit(before.found, perspective=perspective)
    if correction is None:
        return None
    better = mended(before.matrix, before.overlay, correction)
    if not is_plausible(better):
        return None
    after = _under(one, other, better, before.overlay.trembling)
    return after if after.agreeing > before.agreeing else None


def _with_equal_tones(before: Judgment, config: LocalConfig) -> Judgment:
    """Return the judgment where one picture has few tones and the other is given the same, if they agree then."""
    overlay = with_equal_tones(before.overlay)
    if overlay is None:
        return before
    after = replace(before, overlay=overlay, found=agreement(overlay), sharper=before)
    return after if _agree(after.found, config) else before


def _agree(found: Agreement, config: LocalConfig) -> bool:
    """Return whether the blocks speak for a copy."""
    return (
        _can_tell(found)
        and found.block_share >= _needed(found, config)
        and found.still_share >= config.min_still_share
        and found.block_share + found.still_share >= _LEAST_OF_BOTH
    )


def _needed(found: Agreement, config: LocalConfig) -> float:
    """Return the share of blocks that must agree."""
    return max(config.min_block_share, DRAWN_BLOCK_SHARE) if _is_drawn(found) else config.min_block_share


def _is_drawn(found: Agreement) -> bool:
    """Return whether a picture is little more than an outline, which many may have."""
    return found.plain_share >= _DRAWN_PLAIN_SHARE and found.textured < _DRAWN_TEXTURED


def _can_tell(found: Agreement) -> bool:
    """Return whether there is texture enough to tell."""
    return found.textured >= _LEAST_TEXTURED and found.followed >= _LEAST_FOLLOWED


def _decided(judged: Judgment, config: LocalConfig) -> Judgment:
    """Say what speaks against two pictures being copies."""
    found, overlay = judged.found, judged.overlay
    if not _can_tell(found) or are_smooth(overlay):
        if min(judged.covered) >= _WITHIN and evenly_alike(overlay) and found.block_share in (0.0, 1.0):
            return replace(judged, evenly=True, settled=True)
        why = f"{found.textured} textured blocks, of which {found.followed} tell their place"
        return replace(judged, against=f"undecided, so kept apart: too little texture to tell, {why}", undecided=True)
    judged = replace(judged, settled=_agree(found, config))
    against = _blocks_against(judged, config)
    if against:
        return replace(judged, against=against)
    colors = _colors(judged, config)
    return replace(judged, colors=colors, against=_colors_against(colors, config))


def _blocks_against(judged: Judgment, config: LocalConfig) -> str:
    """Return the first reason against a copy that the blocks give; empty when there is none."""
    found = judged.found
    if found.block_share < (needed := _needed(found, config)):
        return f"{found.block_share:.0%} of the blocks agree, {needed:.0%} are needed"
    if found.still_share < config.min_still_share:
        return f"{found.still_share:.0%} of the blocks stand still, {config.min_still_share:.0%} are needed"
    if judged.agreeing < _LEAST_OF_BOTH:
        return f"{found.block_share:.0%} of the blocks agree and {found.still_share:.0%} stand still: too few of both"
    return _told_by_content(_content(judged), found.textured) or _beside(judged)


def _content(judged: Judgment) -> OtherContent:
    """Return what there is of other content; what was seen of it stays seen once the pictures are smoothed."""
    found = other_content(judged.overlay, judged.found)
    return found if judged.sharper is None else found.joined(_content(judged.sharper))


def _told_by_content(found: OtherContent, textured: int) -> str:
    """Return how two pictures of one layout differ in what they show; empty when they do not."""
    if found.on_paper >= _LEAST_ON_PAPER or found.rewritten >= max(_LEAST_REWRITTEN, _MOST_REWRITTEN * textured):
        return f"other writing in the same place: {found.rewritten} blocks hold the same tones in another order"
    if found.replaced >= _LEAST_REPLACED and found.replaced > _MOST_REPLACED * textured:
        return f"something else in the same place: {found.replaced} blocks are as lively in both, and not the same"
    if found.moved >= _LEAST_MOVED and found.moved > _MOST_MOVED * textured:
        return f"other drawings on one ground: {found.moved} blocks and more are filled in one and empty in the other"
    return ""


def _beside(judged: Judgment) -> str:
    """Return what speaks against a copy of which neither lies within the other; empty when nothing does."""
    found, most = judged.found, max(judged.covered)
    if most < _LEAST_COVERAGE:
        return f"they share only {most:.0%} of their area"
    bent = len(judged.matrix) == 3
    if most >= (_WITHIN_BENT if bent else _WITHIN):
        return ""
    if bent or found.block_share < _BESIDE_BLOCK_SHARE or found.still_share < _BESIDE_STILL_SHARE:
        return f"neither lies within the other, they share {most:.0%}, and do not agree well enough for that"
    return ""


def _colors(judged: Judgment, config: LocalConfig) -> Recoloring:
    """Return how the colors differ; where too much, and the one picture equalized makes the other, then how since."""
    overlay, apart = judged.overlay, differing(judged.overlay, judged.found)
    colors = recoloring(overlay.one_rgb, overlay.other_rgb, overlay.inside, apart)
    if not _colors_against(colors, config):
        return colors
    equal = if_equalized(overlay.one_rgb, overlay.other_rgb, overlay.inside, apart)
    return colors if equal is None else recoloring(*equal, overlay.inside, apart)


def _colors_against(colors: Recoloring, config: LocalConfig) -> str:
    """Return the reason against a copy that the colors give; empty when there is none."""
    if colors.part > config.max_color_shift:
        return f"a part has another color: shift {colors.part:.0f}, {config.max_color_shift:.0f} is allowed"
    if colors.shift > config.max_color_shift:
        return f"the colors differ: shift {colors.shift:.0f}, {config.max_color_shift:.0f} is allowed"
    return ""
