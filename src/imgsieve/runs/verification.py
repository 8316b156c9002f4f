"""Stage 4 and the groups: pairs are verified when a keeper-to-be needs them, and every verdict is committed.

Verdicts are kept in parts as they come, so a run that was killed verifies no pair twice. When the groups are formed,
the verdicts that they needed become ``pairs/local.parquet``, in the order of the pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.config import RunConfig, digest_of
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.judging import LOCAL, Judge
from imgsieve.runs.lineage import balance, rivals
from imgsieve.runs.progress import Done
from imgsieve.runs.spill import Spill
from imgsieve.runs.verdicts import Verifier, judging_of
from imgsieve.schema import Verdict
from imgsieve.search.components import Components
from imgsieve.search.groups import NO_KEEPER, form_stars, pair_keys
from imgsieve.tables import open_table

__all__ = ["Verification", "verify"]

_BATCH_PAIRS = 200_000
"""Pairs that stars are formed of at once: at most 48 MB, see `imgsieve.search.groups`."""
_MOST_BATCHES = 200
"""As many files are open at once at most."""

_PAIRS = pa.schema(
    [("a", pa.int32()), ("b", pa.int32()), *((name, pa.int8()) for name in ("orientation", "region", "votes"))]
)

_READ_ROWS = 16_384
_QUESTIONS = 65_536
"""The most pairs that are asked about at once."""


@dataclass(frozen=True)
class Verification:
    """What stage 4 leaves."""

    made: NDArray[np.bool_]
    """Shape (n,): images known to be made from another one."""
    keeper: NDArray[np.int32]
    """Shape (n,): the keeper of each image among the first of their equals, ``NO_KEEPER`` for none."""
    fingerprint: str
    uncompared: int
    """Pairs of which an image could not be read again."""
    taken_over: int
    """Verdicts of an earlier run."""


def verify(
    folder: RunFolder,
    features: FeatureColumns,
    before: str,
    rank: NDArray[np.int32],
    config: RunConfig,
    verifier: Verifier,
    done: Done,
    admit: Callable[[int, int], None] = lambda _pairs, _connected: None,
) -> Verification:
    """Form stars from the undecided pairs of stage 3.

    Images that no pair connects have nothing to do with each other, so a bounded number of pairs is worked on at a
    time; images that very many pairs connect are worked on together.

    Parameters
    ----------
    rank
        Shape (n,), int32: the lower, the better the image. Images that a pair connects have different ranks.
    admit
        Told, before any pair is verified, how many there are, and how many of them are worked on together at most;
        may raise.
    """
    fingerprint = digest_of([before, config.fingerprint(), "local"])
    judging = judging_of(config)
    judge = Judge(folder, features, fingerprint, judging, verifier, done)
    made = np.zeros(features.count, bool)
    keeper = np.full(features.count, NO_KEEPER, np.int32)

    def told(pairs: int, connected: int) -> None:
        admit(pairs, connected)
        done(0, most=pairs)

    for pairs in _batches(folder, features.count, told):
        _form(pairs, rank, made, keeper, judge)
    uncompared = judge.write(LOCAL)
    return Verification(made, keeper, fingerprint, uncompared, judge.taken_over)


def _form(
    pairs: Pairs, rank: NDArray[np.int32], made: NDArray[np.bool_], keeper: NDArray[np.int32], judge: Judge
) -> None:
    """Form the stars of some pairs; ``made`` and ``keeper`` are of all images, and those of these pairs are set.

    Stars are formed again in the order that their verdicts tell until these tell no other: it ends, as each time there
    are more of them, and no more than there are pairs.
    """
    judge.met = pairs.met
    images = np.unique(np.concatenate([pairs.a, pairs.b]))
    order, sourced = rank.copy(), np.zeros(len(images), np.int64)
    while True:
        # Of what others were made comes before what was made from others, and then the better before the worse.
        order[images[np.lexsort((rank[images], sourced))]] = np.arange(len(images), dtype=order.dtype)
        duplicates, keepers = form_stars(order, pairs.a, pairs.b, judge)
        _meet(judge, pairs, *rivals(duplicates, keepers, images, order[images], judge.told()))
        told, before = judge.told(), sourced
        sourced = balance(images, told)
        if (sourced == before).all():
            break
    keeper[duplicates] = keepers
    made[told.copies] = True
    # A verdict that most others speak against does not count.
    outvoted = np.isin(images, keepers) & (sourced <= 0)
    made[images[outvoted]] = False


def _meet(judge: Judge, pairs: Pairs, heads: NDArray[np.int32], tails: NDArray[np.int32]) -> None:
    """Have pairs verified, in the way in which they were proposed if they were."""
    keys = pair_keys(pairs.a, pairs.b)
    by_key = np.argsort(keys, kind="stable").astype(np.int32)
    keys, wanted = keys[by_key], pair_keys(heads, tails)
    last = np.searchsorted(keys, wanted, side="right") - 1
    there = (last >= 0) & (keys[last] == wanted)
    origins = np.where(there, by_key[last], np.int32(-1))
    for some in range(0, len(heads), _QUESTIONS):
        rows = slice(some, some + _QUESTIONS)
        judge(heads[rows], tails[rows], origins[rows])


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs that wait for a verdict, and how they met."""

    a: NDArray[np.int32]
    b: NDArray[np.int32]
    met: NDArray[np.int8]
    """Shape (n, 3): orientation, region and votes."""


def _batches(folder: RunFolder, count: int, admit: Callable[[int, int], None]) -> Iterator[Pairs]:
    """Yield the undecided pairs of stage 3; those that images connect are in one batch."""
    components, total = Components(count), 0
    for some in _undecided(folder):
        components.join(some.a, some.b)
        total += len(some.a)
    most = max(_BATCH_PAIRS, -(-total // _MOST_BATCHES))
    admit(total, max(components.largest(), min(total, most)))
    batch, batches = components.batches(most)
    del components
    with Spill(folder.root, _PAIRS, np.arange(1, batches)) as spill:
        for some in _undecided(folder):
            columns = [some.a, some.b, *some.met.T]
            spill.add(pa.Table.from_arrays(list(map(pa.array, columns)), schema=_PAIRS), batch[some.a])
        del batch
        for table in spill.tables():
            a, b, *met = (column.to_numpy() for column in table.columns)
            pairs = Pairs(a, b, np.stack(met, axis=1))
            del table, a, b, met
            yield pairs


def _undecided(folder: RunFolder) -> Iterator[Pairs]:
    """Yield the undecided pairs of stage 3, a bounded number at a time."""
    with open_table(folder.path("pairs/global.parquet")) as file:
        for batch in file.iter_batches(_READ_ROWS, columns=[*_PAIRS.names, "verdict"], use_threads=False):
            rows = batch.filter(pc.equal(batch["verdict"], Verdict.UNDECIDED))
            met = np.stack([rows[name].to_numpy() for name in _PAIRS.names[2:]], axis=1)
            yield Pairs(rows["a"].to_numpy().astype(np.int32), rows["b"].to_numpy().astype(np.int32), met)
