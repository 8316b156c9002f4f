"""Stage 5: ranks images by quality, and says in words why a keeper is kept.

Reads the columns that `imgsieve.features.quality.COLUMNS` names. Ties in the score, taken to a tenth of a point, go to
the picture with more pixels, then to the larger file, then to the first in the order of the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.config import QualityConfig
from imgsieve.features.quality import COLUMNS, parts_of, score_of
from imgsieve.schema import QUALITY_PARTS

__all__ = ["better_parts", "measure", "rank_of", "reason_for"]

_WORDS = {
    "resolution": "more true detail",
    "sharpness": "sharper",
    "compression": "less worn by compression",
    "exposure": "better exposed",
    "contrast": "more contrast",
    "noise": "less noise",
    "completeness": "no margins around it",
    "metadata": "keeps more metadata",
}
_LEAST_GAIN = 0.1


def measure(features: pa.Table, config: QualityConfig) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    """Return the parts and the score of images; not a number for those that failed."""
    columns = {}
    for name in COLUMNS:
        if name == "trimmed":
            filled = pc.fill_null(features[name], pa.scalar(bytes((0, 0, 160, 160)), pa.binary(4)))
            columns[name] = np.frombuffer(b"".join(filled.to_pylist()), np.uint8).reshape(-1, 4)
        elif name == "format":
            columns[name] = np.asarray(pc.fill_null(features[name], "").to_pylist(), dtype=np.str_)
        else:
            columns[name] = pc.fill_null(features[name], 0).to_numpy()
    failed = pc.is_valid(features["error_kind"]).to_numpy()
    parts = parts_of(columns)
    score = np.where(failed, np.nan, score_of(parts, config)).astype(np.float32)
    return {name: np.where(failed, np.nan, values).astype(np.float32) for name, values in parts.items()}, score


def rank_of(score: NDArray[np.float32], pixels: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the rank of each image, 0 for the best; images that failed come last."""
    tenths = np.nan_to_num(np.rint(score.astype(np.float64) * 10), nan=-1.0).astype(np.int16)
    # Backwards, ascending, and the result backwards again: descending, and of equal images the first comes first.
    order = np.lexsort((size[::-1], pixels[::-1], tenths[::-1]))[::-1]
    np.subtract(len(order) - 1, order, out=order)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank


def better_parts(keeper: Mapping[str, float], other: Mapping[str, float], config: QualityConfig) -> list[str]:
    """Say in what a keeper is better than another image, from the parts of both; at most three words."""
    return _gains([keeper[name] - other[name] for name in QUALITY_PARTS], config)


def reason_for(leads: Sequence[float], members: int, copies: int, config: QualityConfig) -> str:
    """Say why a keeper is kept.

    Parameters
    ----------
    leads
        By how much each part of the keeper, in the order of `QUALITY_PARTS`, is above the mean of its duplicates.
    members, copies
        Images of the group, the keeper counted, and those of them that are known to be made from another, which the
        keeper is not.
    """
    words = _gains(leads, config)
    if copies:
        many = f"{copies} of the others known to be made from another"
        words.insert(0, "the source of its copies" if copies == members - 1 else many)
    if not words:
        return f"equal in quality to the other {members - 1}; kept for its size or its place in the listing"
    return f"best of {members}: " + ", ".join(words)


def _gains(leads: Sequence[float], config: QualityConfig) -> list[str]:
    """Say which leads count most, at most three of them."""
    gains = {name: getattr(config, name) * lead for name, lead in zip(QUALITY_PARTS, leads, strict=True)}
    best = sorted((name for name in QUALITY_PARTS if gains[name] > _LEAST_GAIN), key=lambda name: -gains[name])
    return [_WORDS[name] for name in best[:3]]
