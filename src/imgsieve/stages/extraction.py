"""The one decode: an image becomes a row of features.

Reads the columns of `imgsieve.schema.MANIFEST` and adds all others of `imgsieve.schema.FEATURES`. Nothing that a
picture does can end the run: what cannot be described is a row with ``error_kind`` and ``error``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import xxhash

from imgsieve.config import RunConfig
from imgsieve.errors import ImageError
from imgsieve.features.describing import Description, describe
from imgsieve.features.embedding import NO_MODELS, Models
from imgsieve.imaging import DecodedImage

__all__ = ["Described", "ReadPicture", "describe_image"]

ReadPicture = Callable[[Mapping[str, Any]], AbstractContextManager[tuple[bytes, DecodedImage]]]
"""Fetches and decodes the image of a manifest row, and holds its memory for as long as the context lasts."""


@dataclass(frozen=True, slots=True)
class Described:
    """What is kept of one image."""

    row: dict[str, Any]
    """A row of `imgsieve.schema.FEATURES`."""
    thumbnail: bytes | None


def describe_image(
    image: Mapping[str, Any], read: ReadPicture, config: RunConfig, models: Models = NO_MODELS
) -> Described:
    """Fetch, decode and describe one image of the manifest."""
    try:
        with read(image) as (data, decoded):
            described = describe(decoded.pixels, thumbnail=config.decode.thumbnails, net=models.net)
            row = {
                **image,
                **_facts(data, decoded),
                **_features(described),
                "embedding": models.embed(decoded.pixels) if models.embed is not None else None,
            }
    except ImageError as error:
        return Described({**image, "error_kind": error.kind, "error": error.message}, None)
    return Described(row, described.thumbnail)


def _facts(data: bytes, decoded: DecodedImage) -> dict[str, Any]:
    """Return what the file itself says."""
    return {
        "format": decoded.format,
        "width": decoded.width,
        "height": decoded.height,
        "reduction": decoded.reduction,
        "bit_depth": decoded.bit_depth,
        "has_alpha": decoded.has_alpha,
        "metadata_bytes": decoded.metadata_bytes,
        "jpeg_quality": decoded.jpeg_quality,
        "content_digest": hashlib.sha256(data).digest()[:16],
        "pixel_digest": pixel_digest(decoded),
    }


def pixel_digest(decoded: DecodedImage) -> bytes | None:
    """Return a digest that pictures with equal upright pixels share; None for a picture that was decoded smaller."""
    if decoded.reduction != 1:
        return None
    digest = xxhash.xxh3_128(f"{decoded.width}x{decoded.height} {decoded.bit_depth > 8} {decoded.has_alpha}".encode())
    digest.update(decoded.pixels.data)
    return digest.digest()


def _features(described: Description) -> dict[str, Any]:
    """Return the columns of a description."""
    metrics = described.metrics
    return {
        "wavelet_codes": described.wavelet_codes.tobytes(),
        "color_signature": described.color_signature.tobytes(),
        "trimmed": described.trimmed.tobytes(),
        "trimmed_code": described.trimmed_code.tobytes(),
        "local_codes": described.local_codes.tobytes(),
        "local_places": described.local_places.tobytes(),
        "true_size": described.true_size.tobytes(),
        "layout": described.layout.tobytes(),
        "descriptor": None if described.descriptor is None else described.descriptor.tobytes(),
        "detail": metrics.detail,
        "sharpness": metrics.sharpness,
        "blockiness": metrics.blockiness,
        "noise": metrics.noise,
        "brightness": described.brightness,
        "contrast": described.contrast,
        "clipped": metrics.clipped,
        "past_quality": metrics.past_quality,
    }
