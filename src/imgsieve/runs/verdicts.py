"""Verdicts of stage 4 that are known already: of this run, interrupted, or of an earlier one over the same pictures.

A verdict follows from the bytes of two pictures, from the way in which they met, and from the options of decoding and
of stage 4. Where all of these are the same, it is taken over, whatever else has come to the sources since.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imgsieve.config import RunConfig, digest_of
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.schema import PAIRS_LOCAL, Verdict

__all__ = ["Candidates", "earlier_verdicts", "judging_of", "pair_key", "read_verdicts", "version_key"]

_JUDGING = "imgsieve.judging"


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs to verify, those of one head next to each other; all arrays have the shape (n,)."""

    head: NDArray[np.int64]
    """The better image of each pair, which is about to become a keeper."""
    tail: NDArray[np.int64]
    orientation: NDArray[np.int8]
    """How the pair met, as in `imgsieve.schema.PAIRS_GLOBAL`: turns the image with the higher number into the other.
    -1 where no stage proposed the pair: it met through another image."""
    region_a: NDArray[np.int8]
    """Region of the image with the lower number in which they met, -1 for the whole; likewise ``region_b``."""
    region_b: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.head)

    def __getitem__(self, some: slice | NDArray[Any]) -> Candidates:
        """Return some of the pairs."""
        return Candidates(*(getattr(self, field.name)[some] for field in dataclasses.fields(self)))

    def rows(self) -> list[dict[str, int]]:
        """Return the pairs one by one."""
        names = [field.name for field in dataclasses.fields(self)]
        columns = (getattr(self, name).tolist() for name in names)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def judging_of(config: RunConfig) -> str:
    """Return a fingerprint of all options on which a verdict depends."""
    return digest_of({"recipe": config.recipe(), "local": dataclasses.asdict(config.local)})


def version_key(image: Mapping[str, Any]) -> bytes:
    """Return 16 bytes that name a file in one version."""
    text = f"{image['uri']}\n{image['size']}\n{image['etag']}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def pair_key(row: Mapping[str, Any]) -> int:
    """Return the number of a row's pair; see `imgsieve.search.groups.pair_keys`."""
    return int(row["a"]) << 32 | int(row["b"])


def read_verdicts(folder: RunFolder, name: str) -> list[dict[str, Any]]:
    """Return the verdicts of a part; pictures that could not be read again may be there now, so theirs are left out."""
    rows = pq.read_table(folder.path(name), schema=PAIRS_LOCAL).to_pylist()
    return [row for row in rows if row["verdict"] != Verdict.UNDECIDED]


def earlier_verdicts(folder: RunFolder, name: str, features: FeatureColumns, judging: str) -> dict[int, dict[str, Any]]:
    """Return what an earlier run said of pictures that are unchanged, under their numbers of today, by pair."""
    if folder.facts(name).get(_JUDGING) != judging:
        return {}
    rows = read_verdicts(folder, name)
    number = _numbers({key for row in rows for key in (row["key_a"], row["key_b"])}, features)
    found = {}
    for row in rows:
        a, b = number.get(row["key_a"], -1), number.get(row["key_b"], -1)
        if 0 <= a < b:
            known = {**row, "a": a, "b": b}
            found[pair_key(known)] = known
    return found


def _numbers(keys: set[bytes], features: FeatureColumns) -> dict[bytes, int]:
    """Return the images of today by the versions that are asked for."""
    found = {}
    for start, part in features.read(["uri", "size", "etag"]):
        for row, image in enumerate(part.to_pylist()):
            key = version_key(image)
            if key in keys:
                found[key] = start + row
    return found
