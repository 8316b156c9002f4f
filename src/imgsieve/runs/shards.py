"""Shards of the extraction: pictures described, and the parts that they become.

A shard is described in pieces, by threads that share one reader of pictures, or whole, by another process, which then
writes its parts as well. Both give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from socket import gethostname
from typing import Any

import pyarrow as pa

from imgsieve.config import RunConfig, digest_of
from imgsieve.errors import ConfigError
from imgsieve.features.embedding import Models, open_models
from imgsieve.runs.earlier_features import thumbs_name
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.pictures import Image, PictureReader
from imgsieve.runs.places import RunFolderPlace
from imgsieve.schema import FEATURES, THUMBS
from imgsieve.stages.extraction import Described, describe_image

__all__ = [
    "FAILED",
    "RETRY",
    "DescribePiece",
    "DescribeShard",
    "Piece",
    "Shard",
    "failures_of_all",
    "features_name",
    "recipe_of",
]

FAILED = "imgsieve.failed"
"""Metadata of a part: number of its failures by content, on which all that is made from the part depends."""
RETRY = "imgsieve.retry"
"""Metadata of a part: number of failures that may pass."""

_PASSING = frozenset(("vanished", "changed", "permission", "unreadable", "too-large-for-memory"))
"""Kinds of failure that an unchanged file may get over."""

_DIGITS = 32

Piece = tuple["Shard", list[dict[str, Any]]]


@dataclass
class Shard:
    """One shard while it is worked on."""

    number: int
    images: list[dict[str, Any]]
    fingerprint: str
    known: dict[str, Described] = field(default_factory=dict)
    found: list[Described] = field(default_factory=list)

    def unknown(self, images: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Return those of some images that must be read."""
        return (image for image in images if image["uri"] not in self.known)

    def write(self, folder: RunFolder, recipe: str, *, thumbnails: bool) -> None:
        """Write the thumbnails of a shard, then its features, which make it count."""
        name = features_name(self.number, self.fingerprint)
        thumbs = [
            {"image_id": image["image_id"], "jpeg": described.thumbnail}
            for image, described in zip(self.images, self.found, strict=True)
            if described.thumbnail is not None
        ]
        if thumbnails:
            folder.write_table(thumbs_name(name), pa.Table.from_pylist(thumbs, THUMBS), self.fingerprint)
        rows = [described.row for described in self.found]
        failures = [(row["uri"], row["error_kind"], row["error"]) for row in rows if row.get("error_kind")]
        uris = [image["uri"] for image in self.images]
        folder.write_table(
            name,
            pa.Table.from_pylist(rows, FEATURES),
            self.fingerprint,
            recipe=recipe,
            failed=failures_of_all(_number_of(failure) for failure in failures),
            retry=sum(kind in _PASSING for _, kind, _ in failures),
            first=min(uris),
            last=max(uris),
        )


def features_name(number: int, fingerprint: str) -> str:
    """Return the name of the part of a shard."""
    return f"features/part-{number:06d}-{fingerprint}.parquet"


def failures_of_all(numbers: Iterable[str]) -> str:
    """Put the failures of several images or parts together; the sum does not tell how images were divided."""
    total = sum(int(number, 16) for number in numbers)
    return f"{total % 16**_DIGITS:0{_DIGITS}x}"


def _number_of(failure: tuple[str, str, str]) -> str:
    """Return a failure as a number in hexadecimal digits."""
    return hashlib.sha256(json.dumps(failure).encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class DescribePiece:
    """Describes some images of a shard; see `imgsieve.runs.pictures.PictureWork`."""

    config: RunConfig
    models: Models

    def title_of(self, piece: Piece) -> str:
        """Return what people call a task."""
        return f"extract: shard {piece[0].number}"

    def images_of(self, piece: Piece) -> Iterator[Image]:
        """Return the images that are read."""
        shard, images = piece
        return shard.unknown(images)

    def do(self, piece: Piece, reader: PictureReader) -> tuple[Shard, list[Described]]:
        """Describe them."""
        shard, images = piece
        return shard, [
            shard.known.get(image["uri"]) or describe_image(image, reader.picture, self.config, self.models)
            for image in images
        ]


@dataclass(frozen=True)
class DescribeShard:
    """Describes a shard and writes its parts, in a process of its own; see `imgsieve.runs.pictures.PictureWork`."""

    config: RunConfig
    recipe: str
    """What the parts are told to be made by."""
    folder: RunFolderPlace

    def title_of(self, shard: Shard) -> str:
        """Return what people call a task."""
        return f"extract: shard {shard.number}"

    def images_of(self, shard: Shard) -> Iterator[Image]:
        """Return no image: the work itself reads ahead, as a shard has more images than are fetched at one time."""
        del shard
        return iter(())

    def do(self, shard: Shard, reader: PictureReader) -> int:
        """Describe all images; return how many there are."""
        models = _models(self.config, self.recipe)
        for image in reader.ahead(shard.images, lambda image: shard.unknown([image])):
            known = shard.known.get(image["uri"])
            shard.found.append(known or describe_image(image, reader.picture, self.config, models))
        shard.write(self.folder.opened(), self.recipe, thumbnails=self.config.decode.thumbnails)
        return len(shard.images)


def recipe_of(config: RunConfig) -> str:
    """Return a fingerprint of all options on which the parts depend."""
    return digest_of({"config": config.recipe(), "thumbnails": config.decode.thumbnails})


@lru_cache(maxsize=1)
def _models(config: RunConfig, recipe: str) -> Models:
    """Return what describes whole pictures, opened once a process, as it lies on this machine.

    Raises
    ------
    ConfigError
        It is another one here.
    """
    if recipe_of(config) != recipe:
        raise ConfigError(f"the model {config.refine.descriptor} is another one on {gethostname()}; copy it again")
    return open_models(config.refine)
