"""The picture that a question is about, described as a run describes it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import RunConfig
from imgsieve.errors import DecodeError
from imgsieve.features.embedding import open_models
from imgsieve.imaging import DecodedImage, decode, probe
from imgsieve.stages.extraction import describe_image
from imgsieve.stages.views import View, view_of_decoded

__all__ = ["QUERY", "Query", "describe_query"]

QUERY = -1
"""The number of the picture among the images of a run: before all of them."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A described picture."""

    row: Mapping[str, Any]
    """A row of `imgsieve.schema.FEATURES`."""
    view: View
    """What stage 4 sees of it."""

    def bytes_of(self, column: str) -> NDArray[np.uint8]:
        """Return a column of bytes: shape (1, width), uint8."""
        return np.frombuffer(self.row[column], np.uint8)[None]


def describe_query(data: bytes, config: RunConfig) -> Query:
    """Decode and describe a picture.

    Raises
    ------
    DecodeError
        It cannot be decoded.
    ConfigError
        The model of stage 3 cannot be used.
    """
    views: list[View] = []

    @contextmanager
    def read(_: Mapping[str, Any]) -> Iterator[tuple[bytes, DecodedImage]]:
        header = probe(data, max_pixels=config.decode.max_pixels, min_side=config.decode.min_side)
        decoded = decode(data, header, min_side=config.decode.min_side)
        views.append(view_of_decoded(decoded, config.local))
        yield data, decoded

    image = {"image_id": QUERY, "uri": "", "file": "", "size": len(data), "etag": ""}
    plain = dataclasses.replace(config, decode=dataclasses.replace(config.decode, thumbnails=False))
    row = describe_image(image, read, plain, open_models(config.refine)).row
    if row.get("error_kind") is not None:
        raise DecodeError(row["error_kind"], f"the picture cannot be used: {row['error']}")
    view = dataclasses.replace(views[0], trimmed=np.frombuffer(row["trimmed"], np.uint8))
    return Query(row=row, view=view)
