"""What copies and strangers measure against each threshold: gathered from a run that proposes and passes on more."""

from __future__ import annotations

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
from evaluation.operating import Threshold
from evaluation.verifying import Judged, Pictures, judged
from imgsieve.config import ColorConfig, GlobalConfig, LocalConfig, RunConfig, WaveletConfig
from imgsieve.features.color import color_metrics
from imgsieve.schema import Verdict
from imgsieve.stages import local

__all__ = ["Gathered", "accepted", "gather", "loosened", "thresholds"]

_HELD_VIEWS = 250
_COLORFUL = 6.0
_UNTOLD = "too little texture"
_WHOLE = -1
_ORIENTATIONS = 8

Rows = list[dict[str, Any]]


def loosened(config: RunConfig) -> RunConfig:
    """Return options under which more is proposed and nothing is rejected before stage 4.

    So scores beyond the thresholds are seen as well; stage 4 itself is as it was.
    """
    never = float("inf")
    for changes in (
        {"wavelet": {"max_distance_bits": config.wavelet.max_distance_bits + 8}},
        {"color": {"max_hue_shift": never, "max_far_difference": never}},
        {"refine": {"min_layout_similarity": -1.0, "min_region_similarity": -1.0}},
    ):
        config = changed(config, changes) or config
    return config


@dataclass(frozen=True)
class Gathered:
    """Scores of one set, those of copies and those of strangers."""

    codes: dict[bool, NDArray[np.float64]]
    """Distance of whole codes, the least of all orientations: of all copies and their originals, and of random pairs
    of different pictures."""
    pairs: dict[bool, Rows]
    """Proposed pairs with what stages 1 to 3 measured, by whether they are copies."""
    judged: dict[bool, list[Judged]]
    """What stage 4 says: of all copies, and of a sample of the strangers."""
    proposed: int
    """Strangers that were proposed under the defaults, by the sample's share of them."""


def gather(measured: Measured, run_folder: Path, *, most: int, seed: int) -> Gathered:
    """Gather scores from a run with `loosened` options.

    Parameters
    ----------
    most
        Copies that stage 4 judges at most, and strangers likewise.
    """
    columns = _columns(run_folder, ("image_id", "wavelet_codes", "color_signature"))
    rows: dict[bool, Rows] = {True: [], False: []}
    for pair, said in measured.finished.said.items():
        if said["wavelet"]["exact"] is None:
            rows[measured.is_copy(pair)].append(_merged(said))
    _add_hues(rows[True] + rows[False], columns)
    pictures = Pictures(measured, run_folder, _HELD_VIEWS)
    told = {}
    for kind, some in rows.items():
        chosen = Random(seed).sample(some, min(most, len(some)))
        # In the order of the pairs, so that pictures at hand serve several of them.
        told[kind] = list(judged(pictures, sorted(chosen, key=lambda row: (row["a"], row["b"])), measured.config))
    return Gathered(_code_distances(measured, columns, seed), rows, told, len(rows[False]))


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
    whole = [row for row in rows if row["region_a"] == _WHOLE == row["region_b"]]
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
    measured: Measured, columns: Mapping[int, Mapping[str, Any]], seed: int
) -> dict[bool, NDArray[np.float64]]:
    """Return distances of whole codes, of copies and of random strangers."""
    image = {file: number for number, file in measured.file.items() if number in columns}
    copies = [
        (image[row.file], image[measured.original[row.source]])
        for row in measured.copies()
        if row.file in image and measured.original[row.source] in image
    ]
    drawn = np.random.default_rng(seed).choice(sorted(columns), (400_000, 2))
    strangers = [(a, b) for a, b in drawn.tolist() if a != b and not measured.is_copy((a, b))]
    codes = {
        number: np.frombuffer(row["wavelet_codes"], np.uint64).reshape(_ORIENTATIONS, 4)
        for number, row in columns.items()
    }
    return {True: _least(copies, codes), False: _least(strangers, codes)}


def _least(pairs: Sequence[tuple[int, int]], codes: Mapping[int, NDArray[np.uint64]]) -> NDArray[np.float64]:
    """Return the least distance of the upright code of one picture from the eight codes of another."""
    out = [
        np.bitwise_count(
            np.stack([codes[a][0] for a, _ in some])[:, None] ^ np.stack([codes[b] for _, b in some])
        ).sum(axis=2, dtype=np.int64).min(axis=1)
        for some in (pairs[k : k + 20_000] for k in range(0, len(pairs), 20_000))
    ]  # fmt: skip
    return np.concatenate(out).astype(np.float64) if out else np.empty(0)


def thresholds(all_gathered: Sequence[Gathered], config: RunConfig) -> list[Threshold]:
    """Return every threshold of stages 1 to 4 with the scores that are held against it."""
    codes = {kind: np.concatenate([g.codes[kind] for g in all_gathered]) for kind in (True, False)}
    none = np.empty(0)
    found = [
        Threshold("wavelet.max_distance_bits", config.wavelet.max_distance_bits, codes[True], codes[False], False, none,
                  1, 0, 140)
    ]  # fmt: skip
    pairs = {kind: [row for g in all_gathered for row in g.pairs[kind]] for kind in (True, False)}
    found += _early(pairs, config.wavelet, config.color, config.refine)
    # Where there is too little texture to tell, scores say nothing, and pairs are kept apart whatever they are.
    told = {
        kind: [entry for g in all_gathered for entry in g.judged[kind] if not entry.found.why.startswith(_UNTOLD)]
        for kind in (True, False)
    }
    return found + _late(told, config.local)


def _early(
    pairs: Mapping[bool, Rows], wavelet: WaveletConfig, color: ColorConfig, refine: GlobalConfig
) -> list[Threshold]:
    """Return the thresholds of stages 2 and 3; what they hold apart only later stages know, so nothing is `alone`."""

    def whole(row: Mapping[str, Any]) -> bool:
        near = row["distance_bits"] <= wavelet.max_distance_bits
        return bool(near and row["region_a"] == _WHOLE == row["region_b"])

    def regional(row: Mapping[str, Any]) -> bool:
        return not (row["region_a"] == _WHOLE == row["region_b"])

    def far(row: Mapping[str, Any]) -> bool:
        return bool(row["distance_bits"] > color.far_distance_bits)

    def scored(name: str, chosen: Callable[[Mapping[str, Any]], bool]) -> list[NDArray[np.float64]]:
        return [
            _clean(row[name] for row in pairs[kind] if chosen(row) and row.get(name) is not None)
            for kind in (True, False)
        ]

    none = np.empty(0)
    return [
        Threshold("color.max_hue_shift", color.max_hue_shift, *scored("hue_shift", whole), False, none, 1, 0, 100),
        Threshold("color.min_far_correlation", color.min_far_correlation, *scored("histogram_correlation", far), True,
                  none, 0.01, -0.5, 1),
        Threshold("color.max_far_difference", color.max_far_difference, *scored("pixel_difference", far), False, none,
                  1, 0, 80),
        Threshold("refine.min_layout_similarity", refine.min_layout_similarity, *scored("similarity", whole), True,
                  none, 0.01, 0, 1),
        Threshold("refine.min_region_similarity", refine.min_region_similarity, *scored("similarity", regional), True,
                  none, 0.01, 0, 1),
    ]  # fmt: skip


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
        _Late("local: at a glance", local._LEAST_AT_A_GLANCE, lambda e: e.at_a_glance, True, 0.01, 1),
        _Late("local.min_inliers", config.min_inliers, _inliers, True, 1, 100),
        _Late("local.min_block_share", config.min_block_share, lambda e: e.found.block_share, True, 0.01, 1),
        _Late("local.min_still_share", config.min_still_share, lambda e: e.found.still_share, True, 0.01, 1),
        _Late("local: covered", local._LEAST_COVERAGE, _covered, True, 0.01, 1),
        _Late("local.max_color_shift", config.max_color_shift, lambda e: e.found.color_shift, False, 0.5, 60),
    )
    found = []
    for number, part in enumerate(parts):
        scores = [
            _clean(part.score(e) for e in told[kind] if all(before.passes(e) for before in parts[:number]))
            for kind in (True, False)
        ]
        others = [other for other in parts if other is not part]
        alone = _clean(part.score(e) for e in told[False] if all(other.passes(e) for other in others))
        found.append(Threshold(part.name, part.value, *scores, part.at_least, alone, part.step, 0, part.high))
    return found


def _inliers(entry: Judged) -> float:
    """Return the inliers of the map; infinite where none was needed."""
    return float("inf") if entry.found.inliers is None else float(entry.found.inliers)


def _covered(entry: Judged) -> float:
    return max(entry.found.coverage_a, entry.found.coverage_b)


def accepted(entries: Iterable[Judged]) -> int:
    """Return how many pairs stage 4 accepted."""
    return sum(entry.found.verdict == Verdict.ACCEPTED for entry in entries)
