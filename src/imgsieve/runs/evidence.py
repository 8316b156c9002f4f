"""What shows a duplicate to be one: the scores of its pair with its keeper, from every stage that looked at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imgsieve.features import orientation
from imgsieve.features.provenance import OF_FIRST, OF_SECOND
from imgsieve.runs.folder import RunFolder
from imgsieve.search.groups import pair_keys

__all__ = ["Evidence"]

_STAGES = {
    "wavelet": ("distance_bits",),
    "color": ("dominant_distance", "pixel_difference", "histogram_correlation"),
    "global": ("similarity",),
    "local": (
        "orientation",
        "inliers",
        "block_share",
        "still_share",
        "color_shift",
        "coverage_a",
        "coverage_b",
        "made",
        "how",
        "why",
    ),
}
_NO_DISTANCE = 256
"""Written where a pair was proposed by something else than codes."""


@dataclass(frozen=True)
class Evidence:
    """Scores of pairs, by stage."""

    first: NDArray[np.int64]
    keys: dict[str, NDArray[np.int64]]
    tables: dict[str, pa.Table]
    exact: dict[int, str]
    """How each image that is not the first of its equals is equal to that one."""

    @classmethod
    def load(cls, folder: RunFolder, first: NDArray[np.int64]) -> Evidence:
        """Read the pairs of all stages; ``first`` is that of `imgsieve.runs.proposals.Identities`."""
        keys, tables = {}, {}
        for stage, columns in _STAGES.items():
            path = folder.path(f"pairs/{stage}.parquet")
            extra = ["exact"] if stage == "wavelet" else []
            table = pq.read_table(path, columns=["a", "b", *columns, *extra], use_threads=False).combine_chunks()
            numbers = pair_keys(table["a"].to_numpy(), table["b"].to_numpy())
            order = np.argsort(numbers, kind="stable")
            keys[stage], tables[stage] = numbers[order], table.take(pa.array(order))
        pairs = tables["wavelet"]
        equal = pairs.filter(pairs["exact"].is_valid())
        exact = dict(zip(equal["b"].to_pylist(), equal["exact"].to_pylist(), strict=True))
        return cls(first, keys, tables, exact)

    def of(self, image: int, keeper: int) -> dict[str, Any]:
        """Return relation, stage, reason and scores of a duplicate."""
        a, b = int(self.first[image]), int(self.first[keeper])
        if a == b:
            how = {self.exact.get(image, "bytes"), self.exact.get(keeper, "bytes")}
            kind = "pixels" if "pixels" in how else "bytes"
            reason = "the same pixels as the kept file" if kind == "pixels" else "the same bytes as the kept file"
            return {"relation": "exact", "stage": "wavelet", "reason": reason, "distance_bits": 0}
        scores: dict[str, Any] = {}
        for stage in _STAGES:
            scores |= self._scores(stage, min(a, b), max(a, b))
        why, turn = scores.pop("why", None), int(scores.get("orientation") or 0)
        of_lower, of_higher = scores.pop("coverage_a", None), scores.pop("coverage_b", None)
        if scores.get("distance_bits") == _NO_DISTANCE:
            scores["distance_bits"] = None
        reason = str(why)
        how, made = scores.pop("how", None), scores.pop("made", None)
        if how and made == (OF_FIRST if b < a else OF_SECOND):
            reason = f"made from the kept file ({how}); {reason}"
        if turn:
            reason = f"{orientation.describe(turn)}; {reason}"
        return {
            "relation": "near",
            "stage": "local",
            "reason": reason,
            "coverage": of_lower if a < b else of_higher,
            **scores,
        }

    def _scores(self, stage: str, a: int, b: int) -> dict[str, Any]:
        """Return the scores of one pair in one stage, nothing where the stage did not see it."""
        key = a << 32 | b
        at = int(np.searchsorted(self.keys[stage], key))
        if at == len(self.keys[stage]) or self.keys[stage][at] != key:
            return {}
        row = self.tables[stage].slice(at, 1).to_pylist()[0]
        return {name: row[name] for name in _STAGES[stage]}
