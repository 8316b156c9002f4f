"""Loads or compiles the inner loops before memory is measured and threads start.

Compiled code is kept beside the package (or in the user's cache folder), so only the first run on a machine compiles.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import ColorConfig, GlobalConfig, LocalConfig
from imgsieve.features.describing import describe
from imgsieve.search.crowds import thin
from imgsieve.search.hamming import self_join
from imgsieve.search.nearest import Nearest
from imgsieve.search.tables import search, tables_for
from imgsieve.stages import color, local, refinement
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
    _search(found.wavelet_codes)
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


def _search(codes: NDArray[np.uint8]) -> None:
    """Run the loops that search codes of shape (k, 32)."""
    thin(codes, np.zeros(len(codes), np.float32), 0)
    self_join(codes, 0, lambda _: None)
    nearest = Nearest(1, 1, 1)
    search(codes[None], np.zeros(1, np.int32), codes, tables_for(len(codes), 1, 0), nearest)
