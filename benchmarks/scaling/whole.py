"""What it takes to hold the features of all images at once, as deduplicators do that load everything."""

from __future__ import annotations

from typing import Any

import numpy as np

from imgsieve.memory import resident_bytes
from imgsieve.runs.columns import FeatureColumns
from scaling.process import peak_bytes

KEYPOINTS = 500
"""ORB keypoints an image: place and descriptor of each."""

_COLUMNS = ("wavelet_codes", "trimmed_code", "local_codes", "local_places", "color_signature", "true_size", "layout")


def measure_whole(features: FeatureColumns) -> dict[str, Any]:
    """Hold the features of all images in a dictionary, with local features of the usual size, and count bytes."""
    base = resident_bytes()
    held: dict[str, dict[str, Any]] = {}
    generator = np.random.default_rng(0)
    for _, part in features.read(["file", *_COLUMNS]):
        for row in part.to_pylist():
            arrays: dict[str, Any] = {name: np.frombuffer(row[name], np.uint8).copy() for name in _COLUMNS}
            arrays["descriptors"] = generator.integers(0, 256, (KEYPOINTS, 32), dtype=np.uint8)
            arrays["places"] = generator.random((KEYPOINTS, 2), dtype=np.float32)
            held[row["file"]] = arrays
    return {"images": len(held), "base": base, "peak": peak_bytes()}
