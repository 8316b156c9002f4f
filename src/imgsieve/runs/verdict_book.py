"""What stage 4 has said so far, in a few bytes a pair; the rows themselves are on the disk."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.features.provenance import NEITHER, OF_FIRST, weight_of
from imgsieve.runs.lineage import Told
from imgsieve.schema import Verdict
from imgsieve.search.groups import pair_keys

__all__ = [
    "ACCEPTED",
    "PAIR_BYTES",
    "UNKNOWN",
    "EarlierVerdicts",
    "VerdictBook",
    "answers_of",
    "keys_of",
    "not_compared",
    "places_of",
    "told_by",
]

PAIR_BYTES = 10
"""Bytes of a pair in a book, beside those that are not merged yet."""

UNKNOWN, REFUSED, ACCEPTED = -1, 0, 1
"""Answers; those above `ACCEPTED` are of copies of which one is known to be made from the other."""

_WAYS = np.array([127, 127, 1], np.int8)
"""How many local codes voted makes no difference, only whether any did."""

_MERGED_AT = 16_384
"""Verdicts that are kept in a dictionary before they are merged into the arrays."""


def answers_of(verdicts: pa.Table) -> NDArray[np.int8]:
    """Return the answers that the rows of `imgsieve.schema.PAIRS_LOCAL` give."""
    accepted = pc.equal(verdicts["verdict"], Verdict.ACCEPTED).to_numpy()
    made = pc.fill_null(verdicts["made"], NEITHER).to_numpy().astype(np.int8)
    hows = verdicts["how"].combine_chunks().dictionary_encode()
    weights = np.array([weight_of(how or "") for how in [*hows.dictionary.to_pylist(), ""]], np.int8)
    weight = weights[pc.fill_null(hows.indices, len(weights) - 1).to_numpy()]
    copies = np.where(made == NEITHER, ACCEPTED, ACCEPTED + 2 * weight - (made == OF_FIRST))
    return np.where(accepted, copies, REFUSED).astype(np.int8)


def not_compared(verdicts: pa.Table) -> NDArray[np.bool_]:
    """Return which rows tell of a pair that could not be compared, and so have no scores.

    A pair that was compared and has too little texture to tell is undecided as well, and stays so.
    """
    undecided = pc.equal(verdicts["verdict"], Verdict.UNDECIDED)
    return np.asarray(pc.and_(undecided, pc.is_null(verdicts["block_share"])).to_numpy(), np.bool_)


def told_by(keys: NDArray[np.int64], answers: NDArray[np.int8]) -> Told:
    """Return what answers on pairs say of which was made from which."""
    told = answers > ACCEPTED
    first, second, answers = keys[told] >> 32, keys[told] & 0xFFFFFFFF, answers[told] - ACCEPTED
    of_first = answers % 2 == 1
    return Told(
        copies=np.where(of_first, second, first),
        sources=np.where(of_first, first, second),
        weights=(answers.astype(np.int64) + 1) // 2,
    )


@dataclass
class VerdictBook:
    """Answers by pair; pairs are numbered by `imgsieve.search.groups.pair_keys`."""

    keys: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    answers: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    used: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    """Which were asked for."""
    recent: dict[int, int] = field(default_factory=dict)
    """Those that are not merged yet; all of them were asked for."""
    used_count: int = 0

    def load(self, keys: NDArray[np.int64], answers: NDArray[np.int8]) -> None:
        """Add what an interrupted run left; it counts as asked for when it is."""
        self._merge(keys, answers, np.zeros(len(keys), bool))

    def add(self, keys: NDArray[np.int64], answers: NDArray[np.int8]) -> None:
        """Add new verdicts on pairs that are not in the book."""
        self.recent |= dict(zip(keys.tolist(), answers.tolist(), strict=True))
        self.used_count += len(keys)
        if len(self.recent) >= _MERGED_AT:
            self._settle()

    def look_up(self, keys: NDArray[np.int64]) -> NDArray[np.int8]:
        """Return the answers on pairs, `UNKNOWN` where there is none."""
        at, found = places_of(self.keys, keys)
        answers = np.full(len(keys), UNKNOWN, np.int8)
        answers[found] = self.answers[at[found]]
        self._use(at[found])
        if self.recent:
            missing = np.nonzero(~found)[0]
            answers[missing] = [self.recent.get(key, UNKNOWN) for key in keys[missing].tolist()]
        return answers

    def _use(self, places: NDArray[np.int64]) -> None:
        """Note that answers were asked for."""
        fresh = np.unique(places[~self.used[places]])
        self.used[fresh] = True
        self.used_count += len(fresh)

    def used_pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Return the pairs that were asked for, in order, and the answers."""
        self._settle()
        return self.keys[self.used], self.answers[self.used]

    def _settle(self) -> None:
        """Merge what is recent."""
        if self.recent:
            keys = np.fromiter(self.recent.keys(), np.int64, len(self.recent))
            answers = np.fromiter(self.recent.values(), np.int8, len(self.recent))
            self._merge(keys, answers, np.ones(len(keys), bool))
            self.recent = {}

    def _merge(self, keys: NDArray[np.int64], answers: NDArray[np.int8], used: NDArray[np.bool_]) -> None:
        """Merge entries into the arrays; of equal pairs the last counts."""
        keys = np.concatenate([self.keys, keys])
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        last = np.ones(len(keys), bool)
        last[:-1] = keys[1:] != keys[:-1]
        self.keys = keys[last]
        self.answers = np.concatenate([self.answers, answers])[order[last]]
        self.used = np.concatenate([self.used, used])[order[last]]


@dataclass
class EarlierVerdicts:
    """What an earlier run said of pictures that are unchanged, under their numbers of today."""

    keys: NDArray[np.int64]
    """Shape (n,), ascending: pairs."""
    answers: NDArray[np.int8]
    met: NDArray[np.int8]
    """Shape (n, 3): orientation and region in which they met, and 1 if local codes voted for them."""
    rows: NDArray[np.int64]
    """Where the whole rows are in the table that they come from."""
    used: NDArray[np.bool_]
    """Which were asked for."""
    used_count: int = 0

    @classmethod
    def of(
        cls, keys: NDArray[np.int64], answers: NDArray[np.int8], met: NDArray[np.int8], rows: NDArray[np.int64]
    ) -> EarlierVerdicts:
        """Put verdicts in order; of equal pairs the last counts."""
        order = np.argsort(keys, kind="stable")
        last = np.ones(len(keys), bool)
        last[:-1] = keys[order][1:] != keys[order][:-1]
        order = order[last]
        ways = np.minimum(met[order], _WAYS)
        return cls(keys[order], answers[order], ways, rows[order], np.zeros(len(order), bool))

    def forget(self, keys: NDArray[np.int64]) -> None:
        """Leave out pairs on which there is a newer verdict."""
        at, found = places_of(self.keys, keys)
        if found.any():
            stays = np.ones(len(self.keys), bool)
            stays[at[found]] = False
            self.keys, self.answers, self.met = self.keys[stays], self.answers[stays], self.met[stays]
            self.rows, self.used = self.rows[stays], self.used[stays]
            self.used_count = int(self.used.sum())

    def look_up(self, keys: NDArray[np.int64], met: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the answers on pairs that met in the same way, `UNKNOWN` elsewhere."""
        at, found = places_of(self.keys, keys)
        found[found] = (self.met[at[found]] == np.minimum(met[found], _WAYS)).all(axis=1)
        answers = np.full(len(keys), UNKNOWN, np.int8)
        answers[found] = self.answers[at[found]]
        fresh = np.unique(at[found][~self.used[at[found]]])
        self.used[fresh] = True
        self.used_count += len(fresh)
        return answers


def places_of(known: NDArray[np.int64], keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return where keys are in an ascending array, and whether they are."""
    at = np.searchsorted(known, keys)
    found = at < len(known)
    found[found] = known[at[found]] == keys[found]
    return at, found


def keys_of(verdicts: pa.Table) -> NDArray[np.int64]:
    """Return the pairs of rows."""
    return pair_keys(verdicts["a"].to_numpy(), verdicts["b"].to_numpy())
