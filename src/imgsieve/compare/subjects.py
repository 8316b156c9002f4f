"""The two pictures, decoded and described as a run does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import RunConfig
from imgsieve.errors import DecodeError
from imgsieve.features.alignment import fit_side
from imgsieve.features.embedding import open_models
from imgsieve.imaging import DecodedImage, decode, probe
from imgsieve.schema import FEATURES, HASH_BYTES, ORIENTATIONS
from imgsieve.stages.extraction import describe_image
from imgsieve.stages.matching import Corners
from imgsieve.stages.refinement import DESCRIPTOR_COLUMNS, SKETCH_COLUMNS, Sketches
from imgsieve.stages.views import View, view_of_decoded

__all__ = ["Subjects", "describe_both"]

_NAMES = ("A", "B")
_DRAWN_SIDE = 640


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """Two described pictures; the first has the number 0."""

    features: pa.Table
    """Two rows of `imgsieve.schema.FEATURES`."""
    views: tuple[View, View]
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    """Each of shape (h, w, 3), uint8 RGB, for looking at."""

    def fact(self, name: str) -> tuple[Any, Any]:
        """Return one column as Python values."""
        one, other = self.features[name].to_pylist()
        return one, other

    def bytes_of(self, name: str) -> NDArray[np.uint8]:
        """Return one column of bytes: shape (2, n), uint8."""
        return np.stack([np.frombuffer(value, np.uint8) for value in self.fact(name)])

    def codes(self) -> NDArray[np.uint8]:
        """Return the wavelet codes: shape (2, 8, 32)."""
        return self.bytes_of("wavelet_codes").reshape(2, ORIENTATIONS, HASH_BYTES)

    def descriptors(self) -> NDArray[np.int8]:
        """Return what the built-in net says of each: shape (2, 128), int8."""
        return self.bytes_of("descriptor").view(np.int8)

    def sketches(self) -> tuple[Sketches, Sketches]:
        """Return what stage 3 reads of each."""
        names = [*SKETCH_COLUMNS, *(name for name in DESCRIPTOR_COLUMNS if None not in self.fact(name))]
        columns = {name: self.bytes_of(name) for name in names}
        one, other = ({name: part[k : k + 1] for name, part in columns.items()} for k in range(2))
        return Sketches.of(one), Sketches.of(other)

    def corners(self) -> tuple[Corners, Corners]:
        """Return the local codes of each."""
        codes, places = self.bytes_of("local_codes"), self.bytes_of("local_places")
        return Corners.of(codes[:1], places[:1]), Corners.of(codes[1:], places[1:])


def describe_both(a: bytes, b: bytes, config: RunConfig) -> Subjects:
    """Decode and describe two pictures.

    Raises
    ------
    DecodeError
        One cannot be decoded; the message names it as A or B.
    ConfigError
        The model of stage 3 cannot be used.
    """
    models = open_models(config.refine)
    views: list[View] = []
    pictures: list[NDArray[np.uint8]] = []

    @contextmanager
    def read(image: Mapping[str, Any]) -> Iterator[tuple[bytes, DecodedImage]]:
        data = (a, b)[image["image_id"]]
        header = probe(data, max_pixels=config.decode.max_pixels, min_side=config.decode.min_side)
        decoded = decode(data, header, min_side=config.decode.min_side)
        views.append(view_of_decoded(decoded, config.local))
        pictures.append(fit_side(decoded.pixels, _DRAWN_SIDE))
        yield data, decoded

    rows = []
    for number, data in enumerate((a, b)):
        image = {"image_id": number, "uri": "", "file": _NAMES[number], "size": len(data), "etag": ""}
        row = describe_image(image, read, config, models).row
        if row.get("error_kind") is not None:
            raise DecodeError(row["error_kind"], f"{_NAMES[number]} cannot be used: {row['error']}")
        rows.append(row)
    return Subjects(
        features=pa.Table.from_pylist(rows, FEATURES),
        views=(views[0], views[1]),
        pictures=(pictures[0], pictures[1]),
    )
