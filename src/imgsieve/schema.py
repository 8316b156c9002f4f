"""The Arrow schema of every table: the contract between the rooms.

Tables are written in parts under the run folder. ``image_id`` is the row of the manifest, which freezes the
order of the listing (by source, then by path); every other table refers to it.
"""

from __future__ import annotations

import pyarrow as pa

__all__ = [
    "DESCRIPTOR_BYTES",
    "FEATURES",
    "GROUPS",
    "HASH_BYTES",
    "KEPT",
    "LAYOUT_BYTES",
    "LOCAL_CODES",
    "LOCAL_CODE_BYTES",
    "LOCAL_PLACE_BYTES",
    "MANIFEST",
    "ORIENTATIONS",
    "PAIRS_COLOR",
    "PAIRS_GLOBAL",
    "PAIRS_LOCAL",
    "PAIRS_WAVELET",
    "QUALITY_PARTS",
    "SCORES",
    "SIGNATURE_BYTES",
    "THUMBS",
    "TRIMMED_BYTES",
    "Verdict",
]

HASH_BYTES = 32
"""Bytes of one wavelet code: 256 bits."""

ORIENTATIONS = 8
"""Quarter turns and mirrors of a rectangle; see `imgsieve.features.orientation`."""

SIGNATURE_BYTES = 288
"""Bytes of one color signature; see `imgsieve.features.color`."""

LOCAL_CODES = 80
"""Local codes of one picture at most; see `imgsieve.features.local_codes`."""

LOCAL_CODE_BYTES = 16
"""Bytes of one local code: 128 bits."""

LOCAL_PLACE_BYTES = 3
"""Bytes of the place of one local code."""

TRIMMED_BYTES = 4
"""Bytes of the rectangle inside a picture's margins."""

TRUE_SIZE_BYTES = 2
"""Bytes of the shape in which the places of corners are told."""

DESCRIPTOR_BYTES = 128
LAYOUT_BYTES = 1024
"""Bytes of one layout; see `imgsieve.features.layout`."""

QUALITY_PARTS = (
    "resolution",
    "sharpness",
    "compression",
    "exposure",
    "contrast",
    "noise",
    "completeness",
    "metadata",
)
"""The parts of the quality score, each from 0 to 100; columns are named ``quality_<part>``."""

KEPT, DUPLICATE, FAILED = "kept", "duplicate", "failed"


class Verdict:
    """What a stage says of a pair."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"


_IDENTITY = [
    pa.field("image_id", pa.int64(), nullable=False),
    pa.field("uri", pa.string(), nullable=False),
    pa.field("file", pa.string(), nullable=False),
    pa.field("size", pa.int64(), nullable=False),
    pa.field("etag", pa.string(), nullable=False),
]

MANIFEST = pa.schema(_IDENTITY)
"""One row a listed file. ``file`` is the path within its source; ``etag`` names its version."""

_METRICS = [
    pa.field(name, pa.float32())
    for name in ("detail", "sharpness", "blockiness", "noise", "brightness", "contrast", "clipped", "past_quality")
]

FEATURES = pa.schema(
    [
        *_IDENTITY,
        pa.field("error_kind", pa.string()),
        pa.field("error", pa.string()),
        pa.field("format", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("reduction", pa.int8()),
        pa.field("bit_depth", pa.int8()),
        pa.field("has_alpha", pa.bool_()),
        pa.field("metadata_bytes", pa.int32()),
        pa.field("jpeg_quality", pa.int8()),
        pa.field("content_digest", pa.binary(16)),
        pa.field("pixel_digest", pa.binary(16)),
        pa.field("wavelet_codes", pa.binary(HASH_BYTES * ORIENTATIONS)),
        pa.field("color_signature", pa.binary(SIGNATURE_BYTES)),
        pa.field("trimmed", pa.binary(TRIMMED_BYTES)),
        pa.field("trimmed_code", pa.binary(HASH_BYTES)),
        pa.field("local_codes", pa.binary(LOCAL_CODES * LOCAL_CODE_BYTES)),
        pa.field("local_places", pa.binary(LOCAL_CODES * LOCAL_PLACE_BYTES)),
        pa.field("true_size", pa.binary(TRUE_SIZE_BYTES)),
        pa.field("layout", pa.binary(LAYOUT_BYTES)),
        pa.field("descriptor", pa.binary(DESCRIPTOR_BYTES)),
        pa.field("embedding", pa.binary()),
        *_METRICS,
    ]
)
"""One row an image. A failed image has ``error_kind`` and ``error`` and nulls in all columns that follow."""

THUMBS = pa.schema([pa.field("image_id", pa.int64(), nullable=False), pa.field("jpeg", pa.binary(), nullable=False)])

_PAIR = [
    pa.field("a", pa.int64(), nullable=False),
    pa.field("b", pa.int64(), nullable=False),
    pa.field("orientation", pa.int8(), nullable=False),
    pa.field("region", pa.int8(), nullable=False),
    pa.field("votes", pa.int8(), nullable=False),
    pa.field("verdict", pa.string(), nullable=False),
]

_STANDS_OUT = pa.field("stands_out", pa.bool_(), nullable=False)

PAIRS_WAVELET = pa.schema([*_PAIR, _STANDS_OUT, pa.field("distance_bits", pa.int16()), pa.field("exact", pa.string())])
"""Proposed pairs, ``a < b``. ``orientation`` turns ``b`` into ``a``; ``region`` tells what met, see
`imgsieve.features.regions`; ``votes`` is how many local codes agree, 127 for more; ``stands_out`` tells that the
descriptor of one is far nearer to that of the other than to all but a few; ``exact`` is ``bytes``, ``pixels`` or
null."""

PAIRS_COLOR = pa.schema(
    [
        *_PAIR,
        _STANDS_OUT,
        pa.field("dominant_distance", pa.float32()),
        pa.field("pixel_difference", pa.float32()),
        pa.field("histogram_correlation", pa.float32()),
    ]
)

PAIRS_GLOBAL = pa.schema(
    [
        *_PAIR,
        _STANDS_OUT,
        pa.field("similarity", pa.float32()),
        pa.field("matches", pa.int16()),
        pa.field("visible", pa.int16()),
        pa.field("cosine", pa.float32()),
    ]
)
"""``matches`` is how many corners of both pictures one map brings together, ``visible`` how many of a it has within b;
null where that was not looked at. ``cosine`` is that of the built-in descriptors, null without them."""

PAIRS_LOCAL = pa.schema(
    [
        *_PAIR,
        pa.field("exact", pa.string()),
        pa.field("inliers", pa.int32()),
        pa.field("block_share", pa.float32()),
        pa.field("still_share", pa.float32()),
        pa.field("color_shift", pa.float32()),
        pa.field("coverage_a", pa.float32()),
        pa.field("coverage_b", pa.float32()),
        pa.field("made", pa.int8()),
        pa.field("how", pa.string()),
        pa.field("why", pa.string()),
        pa.field("met", pa.int8()),
        pa.field("key_a", pa.binary(16)),
        pa.field("key_b", pa.binary(16)),
    ]
)
"""``coverage_a`` is the share of picture a that is seen in b, from 0 to 1, and the other way round. ``made`` is 1
where b was made from a, -1 where a was made from b, 0 where nothing is known; ``how`` says by what.
An ``undecided`` pair is kept apart; where ``block_share`` is null, a picture could not be read again.
``met`` is the orientation in which the pair was proposed; ``key_a`` and ``key_b`` name both files in their versions."""

SCORES = (
    pa.field("orientation", pa.int8()),
    pa.field("distance_bits", pa.int16()),
    pa.field("dominant_distance", pa.float32()),
    pa.field("pixel_difference", pa.float32()),
    pa.field("histogram_correlation", pa.float32()),
    pa.field("similarity", pa.float32()),
    pa.field("inliers", pa.int32()),
    pa.field("block_share", pa.float32()),
    pa.field("still_share", pa.float32()),
    pa.field("color_shift", pa.float32()),
    pa.field("coverage", pa.float32()),
)
"""Scores of a duplicate against its keeper; null where no stage measured one."""

GROUPS = pa.schema(
    [
        pa.field("image_id", pa.int64(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("group", pa.int64()),
        pa.field("keep", pa.int8(), nullable=False),
        pa.field("keeper", pa.string()),
        pa.field("keeper_id", pa.int64()),
        pa.field("relation", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("format", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("quality", pa.float32()),
        *[pa.field(f"quality_{part}", pa.float32()) for part in QUALITY_PARTS],
        *SCORES,
        pa.field("error_kind", pa.string()),
        pa.field("error", pa.string()),
    ]
)
"""One row an image, in the order of ``image_id``.

``status`` is ``kept``, ``duplicate`` or ``failed``. ``group`` is null for an image alone. ``keep`` is 1 for all but
duplicates. A duplicate names its ``keeper`` (the keeper's ``file``), its ``relation`` (``exact`` or ``near``) and the
``stage`` that decided; ``reason`` tells why a keeper is kept, or what shows a duplicate to be one.
"""
