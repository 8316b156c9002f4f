"""Pictures by their codes alone, and what meets of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from codes_made import flipped, made_codes

from imgsieve.config import VotingConfig
from imgsieve.executors import ThreadExecutor
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.meeting import meet
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.schema import FEATURES, LOCAL_CODE_BYTES, LOCAL_CODES, LOCAL_PLACE_BYTES
from imgsieve.stages.wavelet import table_of

NO_CORNERS = {
    "local_codes": bytes(LOCAL_CODES * LOCAL_CODE_BYTES),
    "local_places": b"\xff" * (LOCAL_CODES * LOCAL_PLACE_BYTES),
}


def features_of(root, whole, inside, *, part=97, contrast=None):
    """Commit features of pictures without corners, with codes of shape (n, 8, 32) and, without margins, (n, 32)."""
    folder = RunFolder(root)
    count = len(whole)
    contrast = np.full(count, 30.0) if contrast is None else contrast
    names = []
    for first in range(0, count, part):
        rows = [
            {
                "image_id": i,
                "uri": f"made/{i}",
                "file": str(i),
                "size": 1,
                "etag": "",
                "wavelet_codes": whole[i].tobytes(),
                "trimmed_code": inside[i].tobytes(),
                **NO_CORNERS,
                "contrast": float(contrast[i]),
                "brightness": float(i % 7),
            }
            for i in range(first, min(first + part, count))
        ]
        names.append(f"features/part-{first:06d}.parquet")
        folder.write_table(names[-1], pa.Table.from_pylist(rows, FEATURES), "made")
    starts = np.minimum(np.arange(len(names) + 1) * part, count)
    return FeatureColumns(folder, tuple(names), starts, "made")


def met_by(features, config, workers=2, chosen=None, search=meet):
    """Return all proposals as one table, in the order of the pairs; ``workers`` are so many threads or an executor."""
    executor = workers if hasattr(workers, "map") else ThreadExecutor(workers)
    chosen = np.ones(features.count, bool) if chosen is None else chosen
    with PairSpill(features.folder, features.count) as spill:
        search(features, chosen, config, VotingConfig(), executor, spill, lambda _: None)
        ranges = [proposals for _, _, proposals in spill.read()]
    return table_of(np.concatenate(ranges)).drop_columns(["verdict", "exact"])


def made(rng, count, spread=70):
    """Codes of pictures, many of which resemble another one, in some orientation or without margins."""
    whole = made_codes(rng, count * 8).reshape(count, 8, 32)
    inside = made_codes(rng, count)
    for i in range(1, count, 2):
        other, bits = int(rng.integers(0, i)), int(rng.integers(0, spread))
        if rng.integers(0, 2):
            whole[i, rng.integers(0, 8)] = flipped(rng, whole[other, :1], bits)[0]
        else:
            inside[i] = flipped(rng, inside[other : other + 1], bits)[0]
    return whole, inside
