"""Every threshold of stages 1 to 4, with the scores that copies and strangers have there."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.gathering import Gathered, Rows, accepted
from evaluation.operating import Both, Threshold
from evaluation.verifying import Judged
from imgsieve.config import LocalConfig, RunConfig
from imgsieve.features.regions import SOME_PART, WHOLE

__all__ = ["thresholds"]

_UNTOLD = "too little texture"


def thresholds(all_gathered: Sequence[Gathered], config: RunConfig) -> list[Threshold]:
    """Return every threshold of stages 1 to 4 with the scores that are held against it."""
    codes = Both(*(np.concatenate([g.codes[kind] for g in all_gathered]) for kind in (True, False)))
    pairs = {kind: [row for g in all_gathered for row in g.pairs[kind]] for kind in (True, False)}
    # Where there is too little texture to tell, scores say nothing, and pairs are kept apart whatever they are.
    told = {
        kind: [entry for g in all_gathered for entry in g.judged[kind] if _UNTOLD not in entry.found.why]
        for kind in (True, False)
    }
    reach = config.wavelet.max_distance_bits
    first = Threshold("wavelet.max_distance_bits", reach, codes, at_least=False, step=1, high=140)
    return [first, *_early(pairs, config), *_late(told, config.local)]


def _early(pairs: Mapping[bool, Rows], config: RunConfig) -> list[Threshold]:
    """Return the thresholds of stages 2 and 3; what they hold apart only later stages know, so nothing is `alone`."""
    wavelet, color, refine = config.wavelet, config.color, config.refine

    def whole(row: Mapping[str, Any]) -> bool:
        return bool(row["distance_bits"] <= wavelet.max_distance_bits and row["region"] == WHOLE and not row["votes"])

    def framed(row: Mapping[str, Any]) -> bool:
        return bool(row["region"] != SOME_PART and not row["votes"])

    def far(row: Mapping[str, Any]) -> bool:
        return bool(row["distance_bits"] > color.far_distance_bits and not row["votes"])

    def voted(row: Mapping[str, Any]) -> bool:
        return bool(row["votes"])

    def scored(name: str, chosen: Callable[[Mapping[str, Any]], bool]) -> Both:
        return Both(
            *(
                _clean(row[name] for row in pairs[kind] if chosen(row) and row.get(name) is not None)
                for kind in (True, False)
            )
        )

    hue, correlation = scored("hue_shift", whole), scored("histogram_correlation", far)
    difference, votes = scored("pixel_difference", far), scored("votes", voted)
    laid, frames = scored("agreement", voted), scored("similarity", framed)
    cosines = scored("cosine", lambda _: True)
    matches, share = scored("matches", lambda _: True), scored("match_share", lambda _: True)
    return [
        Threshold("voting.min_votes", config.voting.min_votes, votes, at_least=True, step=1, high=30),
        Threshold("refine.propose_similarity", refine.propose_similarity, cosines, at_least=True),
        Threshold("refine.sure_similarity", refine.sure_similarity, cosines, at_least=True),
        Threshold("color.max_hue_shift", color.max_hue_shift, hue, at_least=False, step=1, high=100),
        Threshold("color.min_far_correlation", color.min_far_correlation, correlation, at_least=True, low=-0.5),
        Threshold("color.max_far_difference", color.max_far_difference, difference, at_least=False, step=1, high=80),
        Threshold("refine.min_agreement", refine.min_agreement, laid, at_least=True, high=1.4),
        Threshold("refine.min_frame_similarity", refine.min_frame_similarity, frames, at_least=True),
        Threshold("refine.min_matches", refine.min_matches, matches, at_least=True, step=1, high=30),
        Threshold("refine.min_match_share", refine.min_match_share, share, at_least=True),
    ]


def _clean(values: Iterable[float]) -> NDArray[np.float64]:
    scores = np.array(list(values), np.float64)
    return scores[np.isfinite(scores)]


@dataclass(frozen=True)
class _Late:
    """One threshold of stage 4: where its score is, and what a pair must have for it to count."""

    name: str
    value: float
    score: Callable[[Judged], float]
    at_least: bool
    step: float
    high: float

    def passes(self, entry: Judged) -> bool:
        score = self.score(entry)
        return score >= self.value if self.at_least else score <= self.value


def _late(told: Mapping[bool, list[Judged]], config: LocalConfig) -> list[Threshold]:
    """Return the thresholds of stage 4, in the order in which pairs come to them."""
    parts = (
        _Late("local: at a glance", _constant("_LEAST_AT_A_GLANCE"), lambda e: e.at_a_glance, True, 0.01, 1),
        _Late("local.min_inliers", config.min_inliers, _inliers, True, 1, 100),
        _Late("local.min_block_share", config.min_block_share, lambda e: e.found.block_share, True, 0.01, 1),
        _Late("local.min_still_share", config.min_still_share, lambda e: e.found.still_share, True, 0.01, 1),
        _Late("local: covered", _constant("_LEAST_COVERAGE"), _covered, True, 0.01, 1),
        _Late("local.max_color_shift", config.max_color_shift, lambda e: e.found.color_shift, False, 0.5, 60),
    )
    found = []
    for number, part in enumerate(parts):
        scores = Both(
            *(
                _clean(part.score(e) for e in told[kind] if all(before.passes(e) for before in parts[:number]))
                for kind in (True, False)
            )
        )
        others = [other for other in parts if other is not part]
        # Those that pass this one as well and were rejected all the same broke a rule that has no score.
        alone = _clean(
            part.score(e)
            for e in told[False]
            if all(other.passes(e) for other in others) and (accepted([e]) or not part.passes(e))
        )
        found.append(
            Threshold(
                part.name, part.value, scores, at_least=part.at_least, alone=alone, step=part.step, high=part.high
            )
        )
    return found


def _constant(name: str) -> float:
    """Return a threshold of stage 4 that is no option, wherever it stands."""
    for module in ("local", "judging"):
        try:
            return float(getattr(importlib.import_module(f"imgsieve.stages.{module}"), name))
        except (ImportError, AttributeError):
            continue
    raise AttributeError(f"stage 4 has no constant {name}")


def _inliers(entry: Judged) -> float:
    """Return the inliers of the map; infinite where none was needed."""
    return float("inf") if entry.found.inliers is None else float(entry.found.inliers)


def _covered(entry: Judged) -> float:
    return max(entry.found.coverage_a, entry.found.coverage_b)
