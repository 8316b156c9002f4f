"""What copies and strangers measure against each threshold: gathered from a run that proposes and passes on more."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluation.ablation import changed
from evaluation.finished import Measured
from evaluation.nearest import least_distances, nearest_strangers
from evaluation.operating import Both, Threshold
from evaluation.verifying import Judged, Pictures, judged
from imgsieve.config import LocalConfig, RunConfig
from imgsieve.features.color import color_metrics
from imgsieve.features.regions import TRIMMED, WHOLE
from imgsieve.schema import Verdict

__all__ = ["Gathered", "accepted", "gather", "loosened", "thresholds"]

_HELD_VIEWS = 250
_COLORFUL = 6.0
_UNTOLD = "too little texture"
_ORIENTATIONS = 8
_RANDOM_PAIRS = 400_000

Rows = list[dict[str, Any]]


def loosened(config: RunConfig) -> RunConfig:
    """Return options under which more is proposed and nothing is rejected before stage 4.

    So scores beyond the thresholds are seen as well; stage 4 itself is as it was.
    """
    never = float("inf")
    lifted: tuple[Mapping[str, Mapping[str, Any]], ...] = (
        {"wavelet": {"max_distance_bits": config.wavelet.max_distance_bits + 8}},
        {"color": {"max_hue_shift": never, "max_far_difference": never}},
        {"refine": {"min_layout_similarity": -1.0, "min_trimmed_similarity": -1.0, "min_matches": 0}},
    )
    for changes in lifted:
        config = changed(config, changes) or config
    return config


@dataclass(frozen=True)
class Gathered:
    """Scores of one set, those of copies and those of strangers."""

    name: str
    codes: dict[bool, NDArray[np.float64]]
    """Distance of whole codes, the least of all orientations: of all copies and their originals, and of random pairs
    of different pictures."""
    pairs: dict[bool, Rows]
    """Proposed pairs with what stages 1 to 3 measured, by whether they are copies."""
    judged: dict[bool, list[Judged]]
    """What stage 4 says: of copies, and of strangers, those that were proposed and those whose codes are nearest."""
    proposed: list[bool]
    """Of each judged pair of strangers, whether a run with default options proposes it."""
    file: Mapping[int, str]
    source: Mapping[str, str]


def gather(measured: Measured, run_folder: Path, *, most: int, nearest: int, reach: int, seed: int) -> Gathered:
    """Gather scores from a run with `loosened` options.

    Parameters
    ----------
    most
        Copies that stage 4 judges at most, and strangers likewise.
    nearest
        How many of the nearest strangers of each picture are judged beside those that were proposed.
    reach
        Distance of whole codes, in bits, up to which the default options propose a pair.
    """
    columns = _columns(run_folder, ("image_id", "wavelet_codes", "color_signature"))
    codes = {
        number: np.frombuffer(row["wavelet_codes"], np.uint64).reshape(_ORIENTATIONS, 4)
        for number, row in columns.items()
    }
    rows: dict[bool, Rows] = {True: [], False: []}
    for pair, said in measured.finished.said.items():
        # Pairs that met through another image have no scores before stage 4.
        if "wavelet" in said and said["wavelet"]["exact"] is None:
            rows[measured.is_copy(pair)].append(_merged(said))
    _add_hues(rows[True] + rows[False], columns)
    known = {(row["a"], row["b"]) for row in rows[False]}
    near = [row for row in nearest_strangers(codes, measured.is_copy, nearest) if (row["a"], row["b"]) not in known]
    pictures, told = Pictures(measured, run_folder, _HELD_VIEWS), {}
    chosen = {True: _sampled([rows[True]], most, seed), False: _sampled([rows[False], near], most, seed)}
    for kind, some in chosen.items():
        told[kind] = list(judged(pictures, some, measured.config))
    proposed = [_proposed(row, reach) for row in chosen[False]]
    return Gathered(
        measured.name, _code_distances(measured, codes, seed), rows, told, proposed, measured.file, measured.source
    )


def _sampled(groups: Sequence[Rows], most: int, seed: int) -> Rows:
    """Return a random sample of rows, those of later groups only where there is room, in the order of the pairs.

    So pictures at hand serve several pairs.
    """
    chosen: Rows = []
    for rows in groups:
        chosen += Random(seed).sample(rows, min(most - len(chosen), len(rows)))
    return sorted(chosen, key=lambda row: (row["a"], row["b"]))


def _proposed(row: Mapping[str, Any], reach: int) -> bool:
    """Return whether a pair is within the default reach; what met otherwise is, as that reach was not changed."""
    return bool(row["distance_bits"] <= reach or row["region"] != WHOLE)


def _columns(run_folder: Path, names: Sequence[str]) -> dict[int, dict[str, Any]]:
    parts = sorted((run_folder / "features").glob("part-*.parquet"))
    rows = [row for part in parts for row in pq.read_table(part, columns=list(names)).to_pylist()]
    return {row["image_id"]: row for row in rows if row["wavelet_codes"] is not None}


def _merged(said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return one row of what stages 1 to 3 measured of a pair, and how it met."""
    row = {**said["wavelet"]}
    for stage in ("color", "global"):
        row |= {name: value for name, value in said.get(stage, {}).items() if name not in row}
    return row


def _add_hues(rows: Rows, columns: Mapping[int, Mapping[str, Any]]) -> None:
    """Measure the hue shift of pairs of whole pictures, of which no table tells; NaN where a picture is gray."""
    whole = [row for row in rows if row["region"] == WHOLE]
    if not whole:
        return
    both = [
        np.stack([np.frombuffer(columns[row[side]]["color_signature"], np.uint8) for row in whole]) for side in "ab"
    ]
    place = np.tile(np.array([0, 0, 1, 1], np.float32), (len(whole), 1))
    metrics = color_metrics(both[0], both[1], place, place, np.array([row["orientation"] for row in whole], np.int8))
    for row, measures in zip(whole, metrics, strict=True):
        row["hue_shift"] = float(measures[3]) if measures[4] > _COLORFUL else float("nan")


def _code_distances(
    measured: Measured, codes: Mapping[int, NDArray[np.uint64]], seed: int
) -> dict[bool, NDArray[np.float64]]:
    """Return distances of whole codes, of copies and of random strangers."""
    image = {file: number for number, file in measured.file.items() if number in codes}
    copies = [
        (image[row.file], image[measured.original[row.source]])
        for row in measured.copies()
        if row.file in image and measured.original[row.source] in image
    ]
    drawn = np.random.default_rng(seed).choice(sorted(codes), (_RANDOM_PAIRS, 2))
    strangers = [(a, b) for a, b in drawn.tolist() if a != b and not measured.is_copy((a, b))]
    return {True: least_distances(copies, codes), False: least_distances(strangers, codes)}


def thresholds(all_gathered: Sequence[Gathered], config: RunConfig) -> list[Threshold]:
    """Return every threshold of stages 1 to 4 with the scores that are held against it."""
    codes = Both(*(np.concatenate([g.codes[kind] for g in all_gathered]) for kind in (True, False)))
    pairs = {kind: [row for g in all_gathered for row in g.pairs[kind]] for kind in (True, False)}
    # Where there is too little texture to tell, scores say nothing, and pairs are kept apart whatever they are.
    told = {
        kind: [entry for g in all_gathered for entry in g.judged[kind] if not entry.found.why.startswith(_UNTOLD)]
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

    def trimmed(row: Mapping[str, Any]) -> bool:
        return bool(row["region"] == TRIMMED and not row["votes"])

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
    difference, layout = scored("pixel_difference", far), scored("similarity", whole)
    margins, votes = scored("similarity", trimmed), scored("votes", voted)
    matches = scored("matches", lambda _: True)
    return [
        Threshold("voting.min_votes", config.voting.min_votes, votes, at_least=True, step=1, high=30),
        Threshold("color.max_hue_shift", color.max_hue_shift, hue, at_least=False, step=1, high=100),
        Threshold("color.min_far_correlation", color.min_far_correlation, correlation, at_least=True, low=-0.5),
        Threshold("color.max_far_difference", color.max_far_difference, difference, at_least=False, step=1, high=80),
        Threshold("refine.min_layout_similarity", refine.min_layout_similarity, layout, at_least=True),
        Threshold("refine.min_trimmed_similarity", refine.min_trimmed_similarity, margins, at_least=True),
        Threshold("refine.min_matches", refine.min_matches, matches, at_least=True, step=1, high=30),
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


def accepted(entries: Iterable[Judged]) -> int:
    """Return how many pairs stage 4 accepted."""
    return sum(entry.found.verdict == Verdict.ACCEPTED for entry in entries)
