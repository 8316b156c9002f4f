"""One question to a finished run, from the picture to the answer: the stages of a run, one after another."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imgsieve.errors import ConfigError
from imgsieve.executors import ThreadExecutor
from imgsieve.features.provenance import NEITHER, OF_FIRST
from imgsieve.finished.answers import DIFFERENT, EXACT, NEAR, UNDECIDED, Candidate, SearchAnswer
from imgsieve.finished.comparing import Compared, compare_with
from imgsieve.finished.index import SearchIndex, open_index
from imgsieve.finished.pictures import CandidatePictures
from imgsieve.finished.query import Query, describe_query
from imgsieve.finished.scanning import Scan, scan
from imgsieve.finished.sifting import Sifted, propose_embedded, sift
from imgsieve.schema import DUPLICATE, Verdict
from imgsieve.storage.single import FileReader

if TYPE_CHECKING:
    from imgsieve.finished.opening import Run

__all__ = ["Search", "search_run"]

_THREADS = 4
"""Workers at most: a question is over before more of them have anything to do."""

_RELATIONS = {Verdict.ACCEPTED: NEAR, Verdict.REJECTED: DIFFERENT, Verdict.UNDECIDED: UNDECIDED}
_SHOWN = ("image_id", "uri", "file", "status", "group", "keeper")
_COLOR = ("dominant_distance", "pixel_difference", "histogram_correlation")
_LOCAL = ("inliers", "block_share", "still_share", "color_shift")


def search_run(run: Run, picture: str | os.PathLike[str] | bytes, limit: int) -> SearchAnswer:
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

    def __init__(self, run: Run) -> None:
        cv2.setNumThreads(1)
        self._run = run
        self._config = run.config
        self._index: SearchIndex = open_index(run.folder, run.features)
        self._executor = ThreadExecutor(min(_THREADS, os.cpu_count() or 1))
        self._pictures = CandidatePictures(run.traffic, self._config)

    @classmethod
    def of(cls, run: Run) -> Search:
        """Return that of a run, made at its first question."""
        return run.once("search", lambda: cls(run))

    def ask(self, data: bytes, limit: int, began: float) -> SearchAnswer:
        """Answer one question."""
        query = describe_query(data, self._config)
        found = scan(self._index, query, self._config, self._executor)
        proposed = found.proposed
        if self._config.refine.descriptor is not None:
            proposed = propose_embedded(query, self._run.features, self._config, proposed)
        sifted = sift(proposed, query, self._index, self._run.features, self._config)
        left = sifted.refined.filter(pc.equal(sifted.refined["verdict"], Verdict.UNDECIDED))
        pairs = _likeliest(left, proposed)
        compared = compare_with(
            query, pairs[:limit], self._run.manifest, self._index, self._pictures, self._config, self._executor
        )
        account = _Account(self._run, proposed, sifted)
        candidates = [account.compared(one) for one in compared]
        near = _by_share(candidates)
        others = self._index.equal_to([one.image_id for one in near]).tolist()
        matches = [*account.equal(found), *near, *account.copies(others)]
        return SearchAnswer(
            matches=tuple(matches),
            undecided=tuple(one for one in candidates if one.relation == UNDECIDED),
            rejected=tuple([one for one in candidates if one.relation == DIFFERENT] + account.rejected(limit)),
            images=found.images,
            proposed=len(found.exact) + len(proposed),
            left_by_color=len(sifted.refined),
            left_by_descriptor=len(left),
            compared=len(compared),
            not_compared=len(left) - len(compared),
            why=self._why(matches, query, found, candidates),
            seconds=time.perf_counter() - began,
        )

    def _why(self, matches: Sequence[Candidate], query: Query, found: Scan, candidates: Sequence[Candidate]) -> str:
        """Say the answer in a sentence."""
        if matches:
            exact = sum(one.relation == EXACT for one in matches)
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


class _Account:
    """Puts together what the stages say of images.

    Parameters
    ----------
    run
        Names the images.
    proposed, sifted
        What stages 1 to 3 say, in the order of the images.
    """

    def __init__(self, run: Run, proposed: pa.Table, sifted: Sifted) -> None:
        self._run = run
        self._tables = {"wavelet": proposed, "color": sifted.color, "global": sifted.refined}
        self._places = {name: table["b"].to_numpy() for name, table in self._tables.items()}

    def equal(self, found: Scan) -> list[Candidate]:
        """Return the images that are equal to the picture."""
        return [
            Candidate(**shown, relation=EXACT, stage="wavelet", why=f"equal {found.exact[shown['image_id']]}")
            for shown in self._shown(sorted(found.exact))
        ]

    def copies(self, images: Sequence[int]) -> list[Candidate]:
        """Return images that are equal to matches, which stood for them."""
        why = "equal to one of the images above"
        return [Candidate(**shown, relation=NEAR, stage="wavelet", why=why) for shown in self._shown(images)]

    def compared(self, one: Compared) -> Candidate:
        """Return an image that stage 4 looked at."""
        scores, told = self._scores(one.image), one.found
        if told is not None:
            scores |= {name: getattr(told, name) for name in _LOCAL if getattr(told, name) is not None}
            scores["coverage"] = told.coverage_b
        made = told.made if told is not None else NEITHER
        return Candidate(
            **self._shown([one.image])[0],
            relation=_RELATIONS[one.verdict],
            stage="local",
            why=one.why,
            orientation=told.orientation if told is not None else self._row("wavelet", one.image)["orientation"],
            scores=scores,
            made="" if made == NEITHER else "from picture" if made == OF_FIRST else "from image",
            how=told.how if told is not None else "",
        )

    def rejected(self, most: int) -> list[Candidate]:
        """Return the closest of the images that stages 3 and 2 rejected."""
        found: list[Candidate] = []
        for stage, score, order in (("global", "similarity", "descending"), ("color", "pixel_difference", "ascending")):
            table = self._tables[stage]
            rows = table.filter(pc.equal(table["verdict"], Verdict.REJECTED))
            rows = rows.sort_by([(score, order), ("b", "ascending")]).slice(0, most - len(found))
            images = rows["b"].to_pylist()
            found += [
                Candidate(
                    **shown,
                    relation=DIFFERENT,
                    stage=stage,
                    why=_reason(stage, self._row(stage, shown["image_id"])),
                    orientation=self._row("wavelet", shown["image_id"])["orientation"],
                    scores=self._scores(shown["image_id"]),
                )
                for shown in self._shown(images)
            ]
        return found

    def _shown(self, images: Sequence[int]) -> list[dict[str, Any]]:
        """Return what is told of images by the result of the run."""
        rows = self._run.rows(images, _SHOWN) if images else []
        return [{**row, "keeper": row["keeper"] if row["status"] == DUPLICATE else None} for row in rows]

    def _row(self, stage: str, image: int) -> dict[str, Any]:
        """Return the row of an image in the table of a stage, nothing where it is not there."""
        place = int(np.searchsorted(self._places[stage], image))
        if place == len(self._places[stage]) or self._places[stage][place] != image:
            return {}
        row: dict[str, Any] = self._tables[stage].slice(place, 1).to_pylist()[0]
        return row

    def _scores(self, image: int) -> dict[str, float]:
        """Return what stages 1 to 3 measured of an image."""
        first, second, third = (self._row(stage, image) for stage in self._tables)
        told = {"distance_bits": first["distance_bits"], "votes": first["votes"]}
        told |= {name: second[name] for name in _COLOR if name in second}
        return told | ({"similarity": third["similarity"]} if third else {})


def _reason(stage: str, row: Mapping[str, Any]) -> str:
    """Say why stage 2 or 3 rejected a pair."""
    if stage == "color":
        return "the colors differ where the pictures lie over each other"
    if row["matches"] is None:
        return f"the embeddings agree by {row['similarity']:.2f} only"
    return f"{row['matches']} corners lie alike, and {row['similarity']:.0%} of what lies around them looks alike"
