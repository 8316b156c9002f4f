"""Stage 5's score: how good a copy is, from the metrics of its one decode.

Each part runs from 0 to 100 and the score is their weighted mean. Parts are made so that no edit gains by them: an
enlarged copy has no more true detail, a sharpened one is no sharper than sharp, a copy saved again at a higher quality
still remembers the lower one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import QualityConfig
from imgsieve.features.reduction import SIDE
from imgsieve.schema import QUALITY_PARTS

__all__ = ["COLUMNS", "LOSSY_FORMATS", "LOSSY_QUALITY", "parts_of", "recompressed", "score_of"]

COLUMNS = (
    "format",
    "width",
    "height",
    "bit_depth",
    "metadata_bytes",
    "jpeg_quality",
    "trimmed",
    "detail",
    "sharpness",
    "blockiness",
    "noise",
    "brightness",
    "contrast",
    "clipped",
    "past_quality",
)
"""Columns of the features that the score reads."""

LOSSY_FORMATS = frozenset({"webp", "heif", "avif", "jxl"})
_FEW, _MANY = np.log2(1e3), np.log2(1e8)
_SHARP = 6.0
_GOOD_QUALITY = 70.0
LOSSY_QUALITY = 65
"""Quality that is taken for a lossy format whose own is not known."""

_RECOMPRESSED = 30.0
"""Taken off the compression part of a picture that was compressed before."""

Columns = Mapping[str, NDArray[Any]]
Floats = NDArray[np.float32]


def recompressed(columns: Columns) -> NDArray[np.bool_]:
    """Return which pictures remember an earlier, coarser compression than their own."""
    own, past = columns["jpeg_quality"], columns["past_quality"]
    again = (own > 0) & (past > 0) & (past < own - 3)
    lossy = np.isin(columns["format"], list(LOSSY_FORMATS)) & (past > 0)
    return np.asarray(again | lossy)


def parts_of(columns: Columns) -> dict[str, Floats]:
    """Return the parts of the score, each of shape (n,), float32, from 0 to 100, by name.

    Parameters
    ----------
    columns
        Arrays of shape (n,) by the names in `COLUMNS`; ``trimmed`` has shape (n, 4), and ``jpeg_quality`` and
        ``past_quality`` are 0 where there is none.
    """
    kept = _share_inside(columns["trimmed"])
    pixels = columns["width"].astype(np.float64) * columns["height"]
    octaves = np.log2(np.maximum(pixels * np.maximum(columns["detail"], 1e-3) * kept, 1.0))
    parts = {
        "resolution": (octaves - _FEW) / (_MANY - _FEW),
        "sharpness": columns["sharpness"] / _SHARP,
        "compression": _compression(columns),
        "exposure": 1 - 6.0 * columns["clipped"] - np.abs(columns["brightness"] - 118) / 236,
        "contrast": columns["contrast"] / 40,
        "noise": np.exp(-np.maximum(columns["noise"] - 1.0, 0.0) / 8),
        "completeness": 0.5 + 0.5 * kept,
        "metadata": np.log2(1 + columns["metadata_bytes"]) / 16,
    }
    return {name: np.clip(100 * parts[name], 0, 100).astype(np.float32) for name in QUALITY_PARTS}


def score_of(parts: Mapping[str, Floats], config: QualityConfig) -> Floats:
    """Return the weighted mean of the parts: shape (n,), float32, from 0 to 100."""
    weights = {name: getattr(config, name) for name in QUALITY_PARTS}
    total = sum((weights[name] * parts[name].astype(np.float64) for name in QUALITY_PARTS), np.float64(0))
    return np.asarray(total / max(sum(weights.values()), 1e-9), np.float32)


def _share_inside(trimmed: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the share of a picture's area inside its flat margins."""
    edges = trimmed.astype(np.float64) / SIDE
    return np.asarray((edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1]))


def _compression(columns: Columns) -> NDArray[np.float64]:
    """Return 0 to 1: quality of the coarsest compression, less for blocks and for having been compressed again."""
    unknown = np.where(np.isin(columns["format"], list(LOSSY_FORMATS)), LOSSY_QUALITY, 100)
    own = np.where(columns["jpeg_quality"] > 0, columns["jpeg_quality"], unknown)
    past = np.where(columns["past_quality"] > 0, columns["past_quality"], 100)
    coarsest = np.minimum(own, past).astype(np.float64)
    # Above this quality losses are hard to see, and a copy saved finely again is no better; below they grow quickly.
    value = np.where(
        coarsest >= _GOOD_QUALITY,
        95 + 5 * (coarsest - _GOOD_QUALITY) / (100 - _GOOD_QUALITY),
        coarsest * (95 / _GOOD_QUALITY),
    )
    value -= 30 * np.clip(columns["blockiness"] - 0.3, 0, 1)
    return np.asarray((value - np.where(recompressed(columns), _RECOMPRESSED, 0.0)) / 100)
