"""One question to a finished run, from the picture to the answer: the stages of a run, one after another."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imgsieve.errors import ConfigError
from imgsieve.executors import ThreadExecutor
from imgsieve.features.regions import SOME_PART, WHOLE
from imgsieve.finished.accounts import Account
from imgsieve.finished.answers import DIFFERENT, EXACT, NEAR, UNDECIDED, Candidate, SearchAnswer
from imgsieve.finished.comparing import compare_with
from imgsieve.finished.contents import GROUPS_TABLE, RunContents
from imgsieve.finished.index import SearchIndex, open_index
from imgsieve.finished.pictures import CandidatePictures
from imgsieve.finished.query import Query, describe_query
from imgsieve.finished.scanning import Scan, scan
from imgsieve.finished.sifting import propose_described, propose_embedded, sift
from imgsieve.schema import Verdict
from imgsieve.storage.single import FileReader

__all__ = ["Search", "search_run"]

_THREADS = 4
"""Workers at most: a question is over before more of them have anything to do."""


def search_run(run: RunContents, picture: str | os.PathLike[str] | bytes, limit: int) -> SearchAnswer:
    """Answer which images of a run match a picture; see `imgsieve.finished.Run.search`."""
    began = time.perf_counter()
    if limit < 1:
        raise ConfigError(f"limit = {limit}: at least one candidate must be compared")
    search = Search.of(run)
    data = picture if isinstance(picture, bytes) else FileReader(run.traffic).read(picture)
    return search.ask(data, limit, began)


class Search:
    """What questions to one run share: its index, and the threads that read and compare.

    Parameters
    ----------
    run
        The run.
    """

    def __init__(self, run: RunContents) -> None:
        cv2.setNumThreads(1)
        self._run = run
        self._config = run.config
        self._index: SearchIndex = open_index(run.folder, run.features)
        self._executor = ThreadExecutor(min(_THREADS, os.cpu_count() or 1))
        self._pictures = CandidatePictures(run.traffic, self._config)

    @classmethod
    def of(cls, run: RunContents) -> Search:
        """Return that of a run, made at its first question."""
        return run.once("search", lambda: cls(run))

    def ask(self, data: bytes, limit: int, began: float) -> SearchAnswer:
        """Answer one question."""
        query = describe_query(data, self._config)
        found = scan(self._index, query, self._config, self._executor)
        proposed = found.proposed
        if self._config.refine.descriptor is not None:
            proposed = propose_embedded(query, self._index, self._run.features, self._config, proposed, found.exact)
        elif self._config.refine.trained:
            proposed = propose_described(query, self._index, self._config, proposed, found.exact)
        sifted = sift(proposed, query, self._index, self._run.features, self._config)
        left = sifted.refined.filter(pc.equal(sifted.refined["verdict"], Verdict.UNDECIDED))
        pairs = _likeliest(left, proposed)
        account = Account(self._run, proposed, sifted)
        equal = account.equal(found)
        candidates = self._compared(query, pairs[:limit], account)
        known = {*found.exact, *(pair["b"] for pair in pairs)}
        mates = self._mates([*equal, *candidates], known)
        candidates += self._compared(query, mates[: limit - len(candidates)], account)
        near = _by_share(candidates)
        others = [
            image for image in self._index.equal_to([one.image_id for one in near]).tolist() if image not in known
        ]
        return SearchAnswer(
            matches=(*equal, *near, *account.copies(others)),
            undecided=tuple(one for one in candidates if one.relation == UNDECIDED),
            rejected=(*(one for one in candidates if one.relation == DIFFERENT), *account.rejected(limit, candidates)),
            images=found.images,
            proposed=len(found.exact) + len(proposed),
            left_by_color=len(sifted.refined),
            left_by_descriptor=len(left),
            from_groups=len(mates),
            compared=len(candidates),
            not_compared=len(pairs) + len(mates) - len(candidates),
            why=self._why([*equal, *near, *others], query, found, candidates),
            seconds=time.perf_counter() - began,
        )

    def _compared(self, query: Query, pairs: Sequence[Mapping[str, Any]], account: Account) -> list[Candidate]:
        """Return what stage 4 says of pairs."""
        run, config = self._run, self._config
        told = compare_with(query, pairs, run.manifest, self._index, self._pictures, config, self._executor)
        return [account.compared(one) for one in told]

    def _mates(self, candidates: Sequence[Candidate], known: Collection[int]) -> list[dict[str, int]]:
        """Return pairs with the images that the run has in one group with a match, and that are not known yet.

        What the run found by a detour, such as a crop of a mirrored copy, would be missed otherwise.
        """
        groups = {one.group for one in candidates if one.group is not None and one.relation in (EXACT, NEAR)}
        if not groups:
            return []
        column = self._run.table(GROUPS_TABLE, ["group"])["group"].fill_null(-1).to_numpy()
        mates = np.nonzero(np.isin(column, list(groups)))[0]
        alone = self._index.take("first", mates).view(np.int32)[:, 0] == mates
        return [
            {"b": image, "orientation": WHOLE, "region": SOME_PART}
            for image in mates[alone].tolist()
            if image not in known
        ]

    def _why(self, matches: Sequence[object], query: Query, found: Scan, candidates: Sequence[Candidate]) -> str:
        """Say the answer in a sentence."""
        if matches:
            exact = len(found.exact)
            return f"{exact} equal and {len(matches) - exact} near duplicates of the picture are in the run"
        undecided = sum(one.relation == UNDECIDED for one in candidates)
        if undecided:
            return f"no image is known to match, but {undecided} could not be told apart from it"
        if found.closest is None or query.row["contrast"] < 0:
            return "the run has no image that could be compared"
        if not len(found.proposed):
            return self._far(found)
        return "images came near, but the stages tell all of them apart from the picture"

    def _far(self, found: Scan) -> str:
        """Say how far away the closest image is."""
        assert found.closest is not None
        file = self._run.rows([found.closest.image], ["file"])[0]["file"]
        return (
            f"no image comes near: the closest, {file}, is {found.closest.bits} of 256 bits apart, "
            f"{self._config.wavelet.max_distance_bits} are allowed, and of no image do "
            f"{self._config.voting.min_votes} corners lie alike"
        )


def _likeliest(left: pa.Table, proposed: pa.Table) -> list[dict[str, Any]]:
    """Return the pairs that stage 3 left, those first that look most alike."""
    places = np.searchsorted(proposed["b"].to_numpy(), left["b"].to_numpy())
    bits = proposed["distance_bits"].to_numpy()[places]
    order = np.lexsort((left["b"].to_numpy(), bits, -left["similarity"].to_numpy()))
    rows: list[dict[str, Any]] = left.take(pa.array(order)).to_pylist()
    return rows


def _by_share(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the near ones, the surest first."""
    near = [one for one in candidates if one.relation == NEAR]
    return sorted(near, key=lambda one: (-one.scores.get("block_share", 0.0), one.image_id))
