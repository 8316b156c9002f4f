"""Stage 4 for one picture: it is aligned and compared with the likeliest images, whose files are read again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.config import RunConfig
from imgsieve.errors import ImageError
from imgsieve.executors import Executor
from imgsieve.features.regions import SOME_PART
from imgsieve.finished.index import SearchIndex
from imgsieve.finished.pictures import CandidatePictures
from imgsieve.finished.query import Query
from imgsieve.runs.manifest import PART_ROWS, Manifest
from imgsieve.schema import Verdict
from imgsieve.stages import local

__all__ = ["Compared", "compare_with", "files_of"]

_IDENTITY = ("image_id", "uri", "file", "size", "etag")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A candidate after stage 4."""

    image: int
    verdict: str
    """One of `imgsieve.schema.Verdict`."""
    why: str
    found: local.Comparison | None
    """None where the image could not be read or compared."""


def compare_with(
    query: Query,
    pairs: Sequence[Mapping[str, Any]],
    manifest: Manifest,
    index: SearchIndex,
    pictures: CandidatePictures,
    config: RunConfig,
    executor: Executor,
) -> list[Compared]:
    """Compare a picture with images.

    Parameters
    ----------
    pairs
        Rows of `imgsieve.schema.PAIRS_GLOBAL`.

    Returns
    -------
    One for each pair, in their order.
    """
    images = np.array([pair["b"] for pair in pairs], np.int64)
    files = files_of(manifest, images)
    trimmed = index.take("trimmed", images)

    def compare(k: int) -> Compared:
        image = int(images[k])
        view = pictures.view(files[image], trimmed[k].tobytes())
        if isinstance(view, ImageError):
            return _undecided(image, view.message)
        region, orientation = pairs[k]["region"], pairs[k]["orientation"]
        regions = None if region == SOME_PART else (region, region)
        try:
            found = local.compare(query.view, view, orientation, regions=regions, config=config.local)
        except cv2.error as error:
            return _undecided(image, str(error.err))
        return Compared(image=image, verdict=found.verdict, why=found.why, found=found)

    return list(executor.map(compare, range(len(images))))


def _undecided(image: int, reason: str) -> Compared:
    """Return the account of an image that could not be compared."""
    return Compared(image=image, verdict=Verdict.UNDECIDED, why=f"could not be compared: {reason}", found=None)


def files_of(manifest: Manifest, images: NDArray[np.int64]) -> dict[int, dict[str, Any]]:
    """Return the rows of the manifest of some images, by image; only the parts that hold them are read."""
    found: dict[int, dict[str, Any]] = {}
    for part, inside in _by_part(images):
        table = manifest.part(part, _IDENTITY)
        found |= {row["image_id"]: row for row in table.take(inside - part * PART_ROWS).to_pylist()}
    return found


def _by_part(images: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield parts of the manifest and the images in each."""
    parts = images // PART_ROWS
    for part in np.unique(parts).tolist():
        yield part, images[parts == part]
