"""The judge of the groups: answers from what is known, asks a verifier for the rest, and commits what that says."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, takewhile

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.features.regions import WHOLE
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.lineage import Told
from imgsieve.runs.verdict_book import (
    ACCEPTED,
    UNKNOWN,
    VerdictBook,
    answers_of,
    keys_of,
    told_by,
)
from imgsieve.runs.verdict_table import write_verdicts
from imgsieve.runs.verdicts import Candidates, Verifier, decided, earlier_verdicts, part_name
from imgsieve.schema import PAIRS_LOCAL
from imgsieve.search.groups import pair_keys

__all__ = ["LOCAL", "Judge"]

LOCAL = "pairs/local.parquet"

_PART_ROWS = 512
_FEW = 16
"""Verdicts are committed when there are a part's worth of them, or one for as many as were committed before; so a
killed run has lost little, and many short rounds do not make a part each."""


class Judge:
    """Verifies pairs, remembering every verdict; see `imgsieve.search.groups.Judge`.

    Parameters
    ----------
    fingerprint
        What the verdicts depend on.
    judging
        The options that a verdict depends on; see `imgsieve.runs.verdicts.judging_of`.
    done
        Told how many pairs have a verdict.
    """

    def __init__(
        self,
        folder: RunFolder,
        features: FeatureColumns,
        fingerprint: str,
        judging: str,
        verifier: Verifier,
        done: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._judging = judging
        self._verifier = verifier
        self._done = done
        self._held: list[pa.Table] = []
        self._rows = 0
        self._committed = 0
        self.met = np.empty((0, 3), np.int8)
        """Shape (n, 3): how the proposals met that are asked about, by their number."""
        self._book = VerdictBook()
        self._parts = list(takewhile(folder.exists, map(part_name, count())))
        self._own = folder.holds(LOCAL, fingerprint)
        # A table of this very run has all that is needed; it is read as a part, and there is nothing to take over.
        self._earlier = earlier_verdicts(folder, LOCAL, features, "" if self._own else judging)
        for name in self._readable():
            self._load(name)

    def _readable(self) -> list[str]:
        """Return the tables with verdicts of this run."""
        names = [*([LOCAL] if self._own else []), *self._parts]
        return [name for name in names if self._folder.holds(name, self._fingerprint)]

    def _load(self, name: str) -> None:
        """Take in what an interrupted run left."""
        table, _ = decided(self._folder, name, ["a", "b", "made", "how"])
        self._book.load(keys_of(table), answers_of(table))
        self._earlier.forget(keys_of(table))

    def __call__(
        self, heads: NDArray[np.int32], tails: NDArray[np.int32], origins: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        """Return which pairs are copies."""
        keys = pair_keys(heads, tails)
        met = np.where(origins[:, None] >= 0, self.met[origins], np.int8(WHOLE))
        answers = self._book.look_up(keys)
        missing = np.nonzero(answers == UNKNOWN)[0]
        answers[missing] = self._earlier.look_up(keys[missing], met[missing])
        new = missing[answers[missing] == UNKNOWN]
        if len(new):
            new = new[np.lexsort((tails[new], heads[new]))]
            self._verify(Candidates(heads[new].astype(np.int64), tails[new].astype(np.int64), *met[new].T))
            answers[new] = self._book.look_up(keys[new])
        assert (answers != UNKNOWN).all(), "the verifier has not answered"
        self._done(self._book.used_count + self.taken_over)
        return answers >= ACCEPTED

    def _verify(self, pairs: Candidates) -> None:
        """Have new pairs verified, and remember what is said of them."""
        for table in self._verifier(pairs):
            keys = keys_of(table)
            self._book.add(keys, answers_of(table))
            self._earlier.forget(keys)
            self._held.append(table)
            self._rows += len(table)
            if self._rows >= _PART_ROWS:
                self._commit()
            self._done(self._book.used_count + self.taken_over)
        if self._rows * _FEW >= self._committed:
            self._commit()

    def _commit(self) -> None:
        """Write what is held as a part."""
        if self._held:
            name = part_name(len(self._parts))
            self._folder.write_table(name, pa.concat_tables(self._held).cast(PAIRS_LOCAL), self._fingerprint)
            self._parts.append(name)
            self._committed += self._rows
            self._held, self._rows = [], 0

    @property
    def taken_over(self) -> int:
        """Number of verdicts that were needed and had been spoken by an earlier run."""
        return self._earlier.used_count

    def told(self) -> Told:
        """Return the pairs of which one was made from the other, by the verdicts that were needed so far."""
        return told_by(*self._needed())

    def _needed(self) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Return the pairs that were asked about, and the answers."""
        earlier = self._earlier
        keys, answers = self._book.used_pairs()
        return np.concatenate([keys, earlier.keys[earlier.used]]), np.concatenate(
            [answers, earlier.answers[earlier.used]]
        )

    def write(self, name: str) -> int:
        """Write the verdicts that were needed, in the order of the pairs, in the place of the parts.

        Returns
        -------
        Pairs that could not be compared.
        """
        self._commit()
        needed = np.sort(self._needed()[0])
        tables = self._readable()
        uncompared = write_verdicts(self._folder, name, needed, tables, self._earlier, self._fingerprint, self._judging)
        # From the last to the first, so that what is left by a run that is stopped here has no gap.
        self._folder.remove_others("pairs/verdicts", (), reversed(self._parts))
        return uncompared
