"""Loads or compiles the inner loops before memory is measured and threads start.

Compiled code is kept beside the package (or in the user's cache folder), so only the first run on a machine compiles.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from imgsieve.config import ColorConfig, GlobalConfig, LocalConfig, WaveletConfig
from imgsieve.features.describing import describe
from imgsieve.schema import HASH_BYTES
from imgsieve.search.hamming import as_words
from imgsieve.stages import color, local, refinement, wavelet
from imgsieve.stages.views import view_of

__all__ = ["warm_up"]


def warm_up() -> None:
    """Run every compiled loop once on a small made picture."""
    y, x = np.mgrid[0:200, 0:200]
    gray = ((x * 7 + y * 13 + (x // 20 + y // 20) % 2 * 90) % 256).astype(np.uint8)
    pixels = np.ascontiguousarray(np.dstack([gray, gray[::-1], gray[:, ::-1]]))
    view = view_of(pixels, LocalConfig())
    local.compare(view, view_of(pixels[:150, :150], LocalConfig()), 0, whole=True, config=LocalConfig())
    found = describe(pixels, thumbnail=True)
    words = as_words(found.wavelet_codes[:1])
    ids = np.zeros(1, np.int64)
    block = wavelet.CodeBlock(ids, found.wavelet_codes[None], found.region_codes[None])
    assert found.region_codes.shape[1] == HASH_BYTES
    wavelet.propose(block, wavelet.CodeIndex(ids + 1, words, words), WaveletConfig())
    pairs = pa.table(
        {
            name: pa.array([value], kind)
            for name, value, kind in (
                ("a", 0, pa.int64()),
                ("b", 1, pa.int64()),
                ("orientation", 0, pa.int8()),
                ("region_a", -1, pa.int8()),
                ("region_b", -1, pa.int8()),
                ("distance_bits", 0, pa.int16()),
            )
        }
    )
    signature, layout, trimmed = found.color_signature[None], found.layout[None], found.trimmed[None]
    color.match(pairs, (signature, signature), (trimmed, trimmed), ColorConfig())
    refinement.match(pairs, (layout, layout), (trimmed, trimmed), GlobalConfig())
