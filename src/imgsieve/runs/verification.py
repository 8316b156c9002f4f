"""Stage 4 and the groups: pairs are verified when a keeper-to-be needs them, and every verdict is committed.

Verdicts are kept in parts as they come, so a run that was killed verifies no pair twice. When the groups are formed,
the verdicts that they needed become ``pairs/local.parquet``, in the order of the pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imgsieve.config import RunConfig, digest_of
from imgsieve.features.provenance import OF_FIRST
from imgsieve.features.regions import WHOLE
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.verdicts import Candidates, earlier_verdicts, judging_of, pair_key, read_verdicts
from imgsieve.schema import PAIRS_LOCAL, Verdict
from imgsieve.search.groups import form_stars, pair_keys

__all__ = ["Verification", "Verifier", "verify"]

_LOCAL = "pairs/local.parquet"


class Verifier(Protocol):
    """How stage 4 comes to its verdicts."""

    def __call__(self, pairs: Candidates) -> Iterator[pa.Table]:
        """Verify pairs.

        Yields
        ------
        Tables of `imgsieve.schema.PAIRS_LOCAL`, a few hundred rows each or more, that hold every pair exactly once,
        in any order; each table is committed before the next is asked for. ``a`` is the lower number of a pair,
        ``b`` the higher; ``met``, ``region_a`` and ``region_b`` repeat how they met (``met`` is the orientation of
        the candidate). ``accepted`` makes the tail a duplicate of the head; ``undecided`` is for pairs that could not
        be compared, which the next run tries again. ``made`` and ``how`` tell what was made from what; 0 and null
        where that is not known. ``key_a`` and ``key_b`` may be null: no later run takes the verdict over then.
        """
        ...


@dataclass(frozen=True)
class Verification:
    """What stage 4 leaves."""

    made: NDArray[np.bool_]
    """Shape (n,): images known to be made from another one."""
    keeper: NDArray[np.int64]
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
    rank: NDArray[np.int64],
    config: RunConfig,
    verifier: Verifier,
    done: Callable[[int], None],
) -> Verification:
    """Form stars from the undecided pairs of stage 3.

    Parameters
    ----------
    rank
        Shape (n,), int64, all different: the lower, the better the image.
    """
    fingerprint = digest_of([before, config.fingerprint(), "local"])
    hints = _hints(folder)
    judge = _Judge(folder, features, fingerprint, hints, config, verifier, done)
    made = np.zeros(features.count, bool)
    while True:
        # What is known to be made from another image of the run stands behind all that is not.
        order = rank + made * features.count
        keeper = form_stars(features.count, order, hints["a"].to_numpy(), hints["b"].to_numpy(), judge)
        now = judge.made(features.count) | made
        if (now == made).all():
            break
        made = now
    verdicts = judge.used()
    folder.write_table(_LOCAL, verdicts, fingerprint, judging=judging_of(config))
    # From the last to the first, so that what is left by a run that is stopped here has no gap.
    folder.remove_others("pairs/verdicts", (), map(_part_name, reversed(range(judge.parts))))
    uncompared = pc.sum(pc.equal(verdicts["verdict"], Verdict.UNDECIDED)).as_py() or 0
    return Verification(made, keeper, fingerprint, int(uncompared), judge.taken_over)


def _hints(folder: RunFolder) -> pa.Table:
    """Return the undecided pairs of stage 3 with the way in which they met."""
    columns = ["a", "b", "orientation", "region_a", "region_b", "verdict"]
    pairs = pq.read_table(folder.path("pairs/global.parquet"), columns=columns, use_threads=False)
    return pairs.filter(pc.equal(pairs["verdict"], Verdict.UNDECIDED)).combine_chunks()


class _Judge:
    """Verifies pairs, remembering every verdict."""

    def __init__(
        self,
        folder: RunFolder,
        features: FeatureColumns,
        fingerprint: str,
        hints: pa.Table,
        config: RunConfig,
        verifier: Verifier,
        done: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._features = features
        self._fingerprint = fingerprint
        self._hints = {name: hints[name].to_numpy() for name in ("orientation", "region_a", "region_b")}
        self._verifier = verifier
        self._done = done
        self.parts = 0
        """Number of parts that the verdicts are in; they are numbered without gaps."""
        self._judging = judging_of(config)
        self._earlier: set[int] = set()
        """Pairs of which an earlier run spoke, and this one not yet."""
        self._known = self._load()
        self._used: set[int] = set()

    def _load(self) -> dict[int, dict[str, Any]]:
        """Return the verdicts that an interrupted run left, and those of an earlier one that still hold."""
        names = list(takewhile(self._folder.exists, map(_part_name, count())))
        self.parts = len(names)
        known = {}
        if self._folder.holds(_LOCAL, self._fingerprint):
            names.append(_LOCAL)
        else:
            known = earlier_verdicts(self._folder, _LOCAL, self._features, self._judging)
            self._earlier = set(known)
        for name in names:
            if self._folder.holds(name, self._fingerprint):
                rows = read_verdicts(self._folder, name)
                known |= {pair_key(row): row for row in rows}
                self._earlier.difference_update(map(pair_key, rows))
        return known

    def __call__(
        self, heads: NDArray[np.int64], tails: NDArray[np.int64], origins: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return which pairs are copies; see `imgsieve.search.groups.Judge`."""
        keys = pair_keys(heads, tails)
        new = np.array([self._is_new(*pair) for pair in zip(keys.tolist(), origins.tolist(), strict=True)], bool)
        order = np.lexsort((tails[new], heads[new]))
        heads_new, tails_new, origins_new = heads[new][order], tails[new][order], origins[new][order]
        hints = {name: np.where(origins_new >= 0, values[origins_new], WHOLE) for name, values in self._hints.items()}
        if len(heads_new):
            for table in self._verifier(Candidates(heads_new, tails_new, **hints)):
                self._commit(table)
        self._used.update(keys.tolist())
        self._done(len(self._used))
        return np.array([self._known[key]["verdict"] == Verdict.ACCEPTED for key in keys.tolist()], bool)

    def _commit(self, table: pa.Table) -> None:
        """Write verdicts as a part, and remember them."""
        self._folder.write_table(_part_name(self.parts), table, self._fingerprint)
        rows = table.to_pylist()
        self.parts += 1
        self._known |= {pair_key(row): row for row in rows}
        self._earlier.difference_update(map(pair_key, rows))
        self._done(len(self._used) + len(rows))

    @property
    def taken_over(self) -> int:
        """Number of verdicts that were needed and had been spoken by an earlier run."""
        return len(self._used & self._earlier)

    def made(self, count: int) -> NDArray[np.bool_]:
        """Return which images were made from another, by the verdicts so far: shape (count,)."""
        out = np.zeros(count, bool)
        for row in (self._known[key] for key in self._used):
            if row["verdict"] == Verdict.ACCEPTED and row["made"]:
                out[row["b"] if row["made"] == OF_FIRST else row["a"]] = True
        return out

    def used(self) -> pa.Table:
        """Return the verdicts that the groups needed, in the order of the pairs."""
        return pa.Table.from_pylist([self._known[key] for key in sorted(self._used)], PAIRS_LOCAL)

    def _is_new(self, key: int, origin: int) -> bool:
        """Return whether a pair must be verified; what an earlier run said counts where it met in the same way."""
        row = self._known.get(key)
        if row is None or key not in self._earlier:
            return row is None
        hint = self._hint(origin)
        return (row["met"], row["region_a"], row["region_b"]) != tuple(hint.values())

    def _hint(self, origin: int) -> dict[str, int]:
        """Return the way in which a pair met; one that no stage proposed met as a whole, in no known orientation."""
        return {name: int(values[origin]) if origin >= 0 else WHOLE for name, values in self._hints.items()}


def _part_name(number: int) -> str:
    return f"pairs/verdicts/part-{number:06d}.parquet"
