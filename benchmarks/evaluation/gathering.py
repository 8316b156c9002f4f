"""What copies and strangers measure at each stage: gathered from a run that proposes and passes on more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluation.ablation import changed
from evaluation.finished import Measured, Pair
from evaluation.nearest import least_distances, nearest_strangers
from evaluation.verifying import Judged, Pictures, judged
from imgsieve.config import RunConfig
from imgsieve.features.color import color_metrics
from imgsieve.features.regions import WHOLE
from imgsieve.schema import Verdict
from imgsieve.stages.refinement import agreement

__all__ = ["Gathered", "Rows", "accepted", "gather", "loosened"]

_HELD_VIEWS = 250
_COLORFUL = 6.0
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
        {"refine": {"propose_similarity": 0.8 * config.refine.propose_similarity}},
        {"color": {"max_hue_shift": never, "max_far_difference": never}},
        {"refine": {"min_agreement": 0.0, "min_frame_similarity": 0.0, "min_plain_similarity": 0.0}},
        {"refine": {"min_matches": 0, "min_match_share": 0.0}},
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
    collages: list[Judged]
    """What it says of collages and other pictures, which are no strangers where they are parts, and no copies."""
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
    rows, parts = _proposals(measured)
    _add_hues(rows[True] + rows[False], columns)

    def related(pair: Pair) -> bool:
        return measured.is_copy(pair) or _with_collage(measured, pair)

    known = {(row["a"], row["b"]) for row in rows[False]}
    near = [row for row in nearest_strangers(codes, related, nearest) if (row["a"], row["b"]) not in known]
    chosen = {True: _sampled([rows[True]], most, seed), False: _sampled([rows[False], near], most, seed)}
    pictures, config = Pictures(measured, run_folder, _HELD_VIEWS), measured.config
    return Gathered(
        name=measured.name,
        codes=_code_distances(measured, codes, seed),
        pairs=rows,
        judged={kind: list(judged(pictures, some, config)) for kind, some in chosen.items()},
        collages=list(judged(pictures, _sampled([parts], most, seed), config)),
        proposed=[_proposed(row, reach) for row in chosen[False]],
        file=measured.file,
        source=measured.source,
    )


def _proposals(measured: Measured) -> tuple[dict[bool, Rows], Rows]:
    """Return the proposed pairs by whether they are copies, and apart from them those with a collage."""
    rows: dict[bool, Rows] = {True: [], False: []}
    parts: Rows = []
    for pair, said in measured.finished.said.items():
        # Pairs that met through another image have no scores before stage 4.
        if "wavelet" in said and said["wavelet"]["exact"] is None:
            (parts if _with_collage(measured, pair) else rows[measured.is_copy(pair)]).append(_merged(said))
    return rows, parts


def _with_collage(measured: Measured, pair: Pair) -> bool:
    """Return whether one of two images is a collage."""
    return any(measured.source[measured.file[image]].startswith("collage-") for image in pair)


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
    if row.get("visible") is not None:
        figures = (np.array([row[name]]) for name in ("similarity", "matches", "visible"))
        row["agreement"] = float(agreement(*figures)[0])
    if row.get("visible"):
        row["match_share"] = row["matches"] / row["visible"]
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


def accepted(entries: Iterable[Judged]) -> int:
    """Return how many pairs stage 4 accepted."""
    return sum(entry.found.verdict == Verdict.ACCEPTED for entry in entries)
