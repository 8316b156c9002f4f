"""What the stages say of images, put together for an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imgsieve.features.provenance import NEITHER, OF_FIRST
from imgsieve.finished.answers import DIFFERENT, EXACT, NEAR, UNDECIDED, Candidate
from imgsieve.finished.comparing import Compared
from imgsieve.finished.contents import RunContents
from imgsieve.finished.scanning import Scan
from imgsieve.finished.sifting import Sifted
from imgsieve.schema import DUPLICATE, Verdict

__all__ = ["Account"]

_RELATIONS = {Verdict.ACCEPTED: NEAR, Verdict.REJECTED: DIFFERENT, Verdict.UNDECIDED: UNDECIDED}
_SHOWN = ("image_id", "uri", "file", "status", "group", "keeper")
_COLOR = ("dominant_distance", "pixel_difference", "histogram_correlation")
_LOCAL = ("inliers", "block_share", "still_share", "color_shift")


class Account:
    """Puts together what the stages say of images.

    Parameters
    ----------
    run
        Names the images.
    proposed, sifted
        What stages 1 to 3 say, in the order of the images.
    """

    def __init__(self, run: RunContents, proposed: pa.Table, sifted: Sifted) -> None:
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
            orientation=told.orientation if told is not None else self._row("wavelet", one.image).get("orientation", 0),
            scores=scores,
            made="" if made == NEITHER else "from picture" if made == OF_FIRST else "from image",
            how=told.how if told is not None else "",
        )

    def rejected(self, most: int, known: Sequence[Candidate]) -> list[Candidate]:
        """Return the closest of the images that stages 3 and 2 rejected, but for those that were compared still."""
        found: list[Candidate] = []
        seen = pa.array([one.image_id for one in known], pa.int64())
        for stage, score, order in (("global", "similarity", "descending"), ("color", "pixel_difference", "ascending")):
            table = self._tables[stage]
            rows = table.filter(pc.equal(table["verdict"], Verdict.REJECTED))
            rows = rows.filter(pc.invert(pc.is_in(rows["b"], seen)))
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
        told: dict[str, float] = {name: first[name] for name in ("distance_bits", "votes") if name in first}
        told |= {name: second[name] for name in _COLOR if name in second}
        return told | ({"similarity": third["similarity"]} if third else {})


def _reason(stage: str, row: Mapping[str, Any]) -> str:
    """Say why stage 2 or 3 rejected a pair."""
    if stage == "color":
        return "the colors differ where the pictures lie over each other"
    if row["matches"] is None:
        return f"the embeddings agree by {row['similarity']:.2f} only"
    return f"{row['matches']} corners lie alike, and {row['similarity']:.0%} of what lies around them looks alike"
