"""Features that an earlier run left in the run folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow.parquet as pq

from imgsieve.runs.folder import RunFolder
from imgsieve.schema import FEATURES
from imgsieve.stages.extraction import Described

__all__ = ["EarlierFeatures", "thumbs_name"]


def thumbs_name(features: str) -> str:
    """Return the part of the thumbnails that goes with one of the features."""
    return features.replace("features/", "thumbs/")


class EarlierFeatures:
    """Features that an earlier run left, by URL.

    Parts are of consecutive URLs, so only those that overlap a shard are read for it.
    """

    def __init__(self, folder: RunFolder, recipe: str, names: Sequence[str]) -> None:
        self._folder = folder
        self._parts: list[tuple[str, str, str]] = []
        folder.bring(names)
        for name in sorted(names):
            facts = folder.facts(name)
            if facts.get("imgsieve.recipe") == recipe:
                self._parts.append((facts["imgsieve.first"], facts["imgsieve.last"], name))

    def lookup(self, images: list[dict[str, Any]]) -> dict[str, Described]:
        """Return what is known of images whose size and ETag are unchanged, by URL."""
        if not self._parts:
            return {}
        wanted = {image["uri"]: image for image in images}
        low, high = min(wanted), max(wanted)
        known: dict[str, Described] = {}
        for first, last, name in self._parts:
            if first <= high and last >= low:
                known |= self._from_part(name, wanted)
        return known

    def _from_part(self, name: str, wanted: dict[str, dict[str, Any]]) -> dict[str, Described]:
        """Return what one part knows of the wanted images."""
        path = self._folder.path(name)
        keys = pq.read_table(path, columns=["uri", "size", "etag", "error_kind"])
        rows = [
            number
            for number, (uri, size, etag, error) in enumerate(
                zip(*(keys[c].to_pylist() for c in keys.column_names), strict=True)
            )
            if error is None and uri in wanted and (size, etag) == (wanted[uri]["size"], wanted[uri]["etag"])
        ]
        if not rows:
            return {}
        thumbs = self._thumbs(name)
        found = {}
        for row in pq.read_table(path, schema=FEATURES).take(rows).to_pylist():
            thumbnail = thumbs.get(row["image_id"])
            found[row["uri"]] = Described({**row, **wanted[row["uri"]]}, thumbnail)
        return found

    def _thumbs(self, name: str) -> dict[int, bytes]:
        """Return the thumbnails that go with a part of the features."""
        path = self._folder.path(thumbs_name(name))
        if not path.exists():
            return {}
        table = pq.read_table(path)
        return dict(zip(table["image_id"].to_pylist(), table["jpeg"].to_pylist(), strict=True))
