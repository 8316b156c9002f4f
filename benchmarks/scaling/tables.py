"""Made-up images as the tables that the extraction pass leaves, and the truth about them beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.features.color import color_signature
from imgsieve.schema import FEATURES
from scaling.describing import Made, make
from scaling.descriptors import descriptors
from scaling.plan import EXACT, KINDS, SINGLE, SKEWED, Plan
from scaling.randomness import mixed, shares

TRUTH = pa.schema(
    [
        pa.field("image_id", pa.int64(), nullable=False),
        pa.field("cluster", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("distance_bits", pa.int16(), nullable=False),
        pa.field("orientation", pa.int8(), nullable=False),
        pa.field("area", pa.float32(), nullable=False),
    ]
)
"""One row an image. ``cluster`` is the original's ``image_id``, -1 for those with the codes of one picture, -2 for
nearly blank pages, -3 for images that are copies of nothing. ``distance_bits`` is that between a copy's code and its
original's, in the ``orientation`` that turns the copy into the original; that of a framed copy is the one without its
frame. ``area`` is the share of its original that a crop shows, 1 for all others; its code is compared with that of what
it shows."""

ALONE = -3

_QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
_METRICS = {
    "detail": (0.02, 0.23, 0.36, 0.52, 0.74, 0.95, 1.0),
    "sharpness": (0.9, 5.4, 7.4, 9.8, 12.6, 15.3, 34.0),
    "blockiness": (0.0, 0.11, 0.16, 0.22, 0.34, 0.48, 1.4),
    "noise": (0.0, 0.18, 0.31, 0.5, 0.77, 1.08, 12.4),
    "clipped": (0.0, 0.0, 0.0, 0.0, 0.001, 0.006, 0.4),
}
"""Quantiles of the metrics of 1,511 photographs."""

_LONGER_SIDES = np.array([480, 640, 800, 1024, 1280, 1600, 2048, 3000, 4000])
_FORMATS = np.array(["jpeg", "jpeg", "jpeg", "jpeg", "jpeg", "jpeg", "png", "webp"])


def shard_tables(plan: Plan, seed: int, mix: str, first: int, rows: int) -> tuple[pa.Table, pa.Table]:
    """Make up the images of one shard.

    Parameters
    ----------
    first, rows
        The first image, and how many.

    Returns
    -------
    The table of `imgsieve.schema.FEATURES`, and that of `TRUTH`.
    """
    images = np.arange(first, first + rows, dtype=np.int64)
    sources, kinds = plan.sources(images)
    made = make(seed, images, sources, kinds, mix)
    # Exact copies have the bytes of their originals, and all that follows from them.
    content = np.where(kinds == EXACT, sources, images)
    columns = {**_names(images), **_facts(content, made), **_described(made)}
    columns["descriptor"] = descriptors(content, sources, made.bits)
    table = pa.Table.from_arrays([_column(columns.get(field.name), field, rows) for field in FEATURES], schema=FEATURES)
    return table, _truth(images, sources, made)


def _column(values: Any, field: pa.Field, rows: int) -> pa.Array:
    """Return a column in its type; nulls where nothing is known."""
    if values is None:
        return pa.nulls(rows, field.type)
    if isinstance(values, pa.Array):
        return values
    if pa.types.is_fixed_size_binary(field.type):
        data = np.ascontiguousarray(values).view(np.uint8).reshape(rows, -1)
        assert data.shape[1] == field.type.byte_width
        return pa.FixedSizeBinaryArray.from_buffers(field.type, rows, [None, pa.py_buffer(data)])
    return pa.array(values).cast(field.type)


def _names(images: NDArray[np.int64]) -> dict[str, Any]:
    """Return where images are said to be."""
    files = [f"{number // 10_000:05d}/{number:010d}.jpg" for number in images.tolist()]
    return {
        "image_id": images,
        "file": files,
        "uri": [f"az://made-up/pictures/{file}" for file in files],
        "etag": [f"0x8D{number:014X}" for number in images.tolist()],
    }


def _facts(content: NDArray[np.int64], made: Made) -> dict[str, Any]:
    """Return what files say of themselves, and the metrics of their pixels."""
    longer = _LONGER_SIDES[mixed(content, 0) % np.uint64(len(_LONGER_SIDES))]
    width = np.where(made.aspect >= 1, longer, np.rint(longer * made.aspect)).astype(np.int32)
    height = np.where(made.aspect >= 1, np.rint(longer / made.aspect), longer).astype(np.int32)
    formats = _FORMATS[mixed(content, 1) % np.uint64(len(_FORMATS))]
    jpeg = formats == "jpeg"
    reduction = np.select([np.minimum(width, height) >= 512 * scale for scale in (8, 4, 2)], [8, 4, 2], 1)
    digests = [np.stack([mixed(content, k), mixed(content, k + 1)], axis=1) for k in (2, 4)]
    whole = ~jpeg | (reduction == 1)
    pixels = [bytes(digest) if known else None for digest, known in zip(digests[1], whole, strict=True)]
    metrics = {
        name: np.interp(shares(content, 6 + k), _QUANTILES, quantiles)
        for k, (name, quantiles) in enumerate(_METRICS.items())
    }
    return {
        "size": (width.astype(np.int64) * height * (0.12 + 0.3 * shares(content, 11))).astype(np.int64) + 600,
        "format": formats.tolist(),
        "width": width,
        "height": height,
        "reduction": np.where(jpeg, reduction, 1),
        "bit_depth": np.full(len(content), 8),
        "has_alpha": (formats == "png") & (shares(content, 12) < 0.2),
        "metadata_bytes": (shares(content, 13) ** 4 * 20_000).astype(np.int32),
        "jpeg_quality": np.where(jpeg, 60 + 36 * shares(content, 14), 0).astype(np.int8),
        "content_digest": digests[0],
        "pixel_digest": pa.array(pixels, pa.binary(16)),
        **metrics,
        "past_quality": np.where(shares(content, 15) < 0.4, 75.0, 0.0),
    }


def _described(made: Made) -> Mapping[str, Any]:
    """Return the columns that the small picture gives."""
    return {
        "wavelet_codes": made.codes,
        "trimmed": made.trimmed,
        "trimmed_code": made.trimmed_codes,
        "local_codes": made.local_codes,
        "local_places": made.local_places,
        "true_size": made.true_size,
        "layout": made.layout,
        "color_signature": np.stack([color_signature(cells) for cells in made.cells]),
        "brightness": made.light[:, 0],
        "contrast": made.light[:, 1],
    }


def _truth(images: NDArray[np.int64], sources: NDArray[np.int64], made: Made) -> pa.Table:
    """Return what is known of the images of a shard."""
    cluster = np.where(np.isin(made.kinds, (SINGLE, SKEWED)), ALONE, sources)
    kinds = pa.array(KINDS).take(pa.array(made.kinds))
    return pa.Table.from_arrays(
        [pa.array(c) for c in (images, cluster)]
        + [kinds]
        + [pa.array(c) for c in (made.bits, made.orientation, made.area)],
        schema=TRUTH,
    )
