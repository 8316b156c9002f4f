"""Verdicts of stage 4 that are known already: of this run, interrupted, or of an earlier one over the same pictures.

A verdict follows from the bytes of two pictures, from the way in which they met, and from the options of decoding and
of stage 4. Where all of these are the same, it is taken over, whatever else has come to the sources since.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imgsieve.config import RunConfig, digest_of
from imgsieve.features.regions import WHOLE
from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.verdict_book import EarlierVerdicts, answers_of, not_compared
from imgsieve.search.groups import pair_keys

__all__ = ["Candidates", "Verifier", "decided", "earlier_verdicts", "judging_of", "part_name", "version_key"]

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
    region: NDArray[np.int8]
    """What met; see `imgsieve.features.regions`."""
    votes: NDArray[np.int8]
    """How many local codes agree, 127 for more; 0 where that was not found."""

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


class Verifier(Protocol):
    """How stage 4 comes to its verdicts."""

    def __call__(self, pairs: Candidates) -> Iterator[pa.Table]:
        """Verify pairs.

        Yields
        ------
        Tables of `imgsieve.schema.PAIRS_LOCAL`, a few hundred rows each or more, that hold every pair exactly once,
        in any order. ``a`` is the lower number of a pair, ``b`` the higher. ``met``, ``region`` and ``votes``
        repeat how they met (``met`` is the orientation of the candidate); ``orientation`` is the one that was found,
        0 to 7 for a copy. ``accepted`` makes the tail a duplicate of the head; ``undecided`` keeps
        both: they have too little texture to tell, or could not be compared and have no scores, and then the next run
        tries again. ``made`` and ``how`` tell what was made from what; 0 and null
        where that is not known. ``key_a`` and ``key_b`` may be null: no later run takes the verdict over then.
        """
        ...


def judging_of(config: RunConfig) -> str:
    """Return a fingerprint of all options on which a verdict depends."""
    return digest_of({"recipe": config.recipe(), "local": dataclasses.asdict(config.local)})


def version_key(image: Mapping[str, Any]) -> bytes:
    """Return 16 bytes that name a file in one version."""
    return _version(image["uri"], image["size"], image["etag"])


def _version(uri: str, size: int, etag: str) -> bytes:
    return hashlib.blake2b(f"{uri}\n{size}\n{etag}".encode(), digest_size=16).digest()


def part_name(number: int) -> str:
    """Return the name of a part of the verdicts; parts are numbered without gaps."""
    return f"pairs/verdicts/part-{number:06d}.parquet"


def decided(folder: RunFolder, name: str, columns: Sequence[str]) -> tuple[pa.Table, NDArray[np.int64]]:
    """Return the rows of a part that decide, and where they are in it.

    Pictures that could not be read again may be there now, so theirs are left out.
    """
    table = pq.read_table(folder.path(name), columns=[*columns, "verdict", "block_share"], use_threads=False)
    rows = np.nonzero(~not_compared(table))[0]
    return table.take(pa.array(rows)), rows


def earlier_verdicts(folder: RunFolder, name: str, features: FeatureColumns, judging: str) -> EarlierVerdicts:
    """Return what an earlier run said of pictures that are unchanged, under their numbers of today."""
    if folder.facts(name).get(_JUDGING) != judging:
        none = np.empty(0, np.int64)
        return EarlierVerdicts.of(none, none.astype(np.int8), np.empty((0, 3), np.int8), none)
    table, rows = decided(folder, name, ["made", "how", "met", "region", "votes", "key_a", "key_b"])
    keys = [fixed_bytes(table[key], 16).view(np.uint64) for key in ("key_a", "key_b")]
    a, b = np.split(_numbers(np.concatenate(keys), features), 2)
    met = np.stack([pc.fill_null(table[way], WHOLE).to_numpy() for way in ("met", "region", "votes")], axis=1)
    there = (a >= 0) & (a < b)
    return EarlierVerdicts.of(pair_keys(a, b)[there], answers_of(table)[there], met[there], rows[there])


def _numbers(wanted: NDArray[np.uint64], features: FeatureColumns) -> NDArray[np.int64]:
    """Return the images of today by the versions that are asked for.

    Parameters
    ----------
    wanted
        Shape (n, 2): version keys.

    Returns
    -------
    Shape (n,): images, -1 where there is none; so it is, too, for the rare one of two whose first halves are equal.
    """
    first, where = np.unique(wanted[:, 0], return_index=True)
    second, images = wanted[where, 1], np.full(len(first), -1, np.int64)
    for start, part in features.read(["uri", "size", "etag"]):
        rows = zip(*(part[name].to_pylist() for name in ("uri", "size", "etag")), strict=True)
        keys = np.frombuffer(b"".join(_version(*row) for row in rows), np.uint64).reshape(-1, 2)
        at = np.minimum(np.searchsorted(first, keys[:, 0]), max(len(first) - 1, 0))
        same = (first[at] == keys[:, 0]) & (second[at] == keys[:, 1]) if len(first) else np.zeros(len(keys), bool)
        images[at[same]] = start + np.nonzero(same)[0]
    at = np.searchsorted(first, wanted[:, 0])
    return np.where(second[at] == wanted[:, 1], images[at], -1)
