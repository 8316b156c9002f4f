"""Stage 2: three color metrics on stored signatures.

Reads ``color_signature`` and ``trimmed`` of both images of a pair; its table is `imgsieve.schema.PAIRS_COLOR`. A gray
or toned copy must not be lost here, so color rejects only where both pictures are colorful and their colors differ
widely in one place, or where codes that are far apart meet colors that have nothing in common; all else is passed on.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.config import ColorConfig
from imgsieve.features.color import color_metrics
from imgsieve.features.regions import SOME_PART, rectangles
from imgsieve.schema import PAIRS_COLOR, Verdict

__all__ = ["match"]

_COLORFUL = 6.0
"""Mean distance of colors from their mean (CIE a*b*) from which a picture has colors to speak of."""


def match(
    pairs: pa.Table,
    signatures: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    trimmed: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    config: ColorConfig,
) -> pa.Table:
    """Judge pairs by color.

    Parameters
    ----------
    pairs
        Undecided pairs of stage 1.
    signatures
        Shape (n, 288), uint8, of a and of b.
    trimmed
        Shape (n, 4), uint8, of a and of b.
    """
    place_a = rectangles(pairs["region"].to_numpy(), trimmed[0])
    place_b = rectangles(pairs["region"].to_numpy(), trimmed[1])
    metrics = color_metrics(
        signatures[0], signatures[1], place_a, place_b, pairs["orientation"].to_numpy().astype(np.int8)
    )
    rejected = (metrics[:, 4] > _COLORFUL) & (metrics[:, 3] > config.max_hue_shift)
    far = pairs["distance_bits"].to_numpy() > config.far_distance_bits
    rejected |= far & (metrics[:, 2] < config.min_far_correlation) & (metrics[:, 1] > config.max_far_difference)
    # Where some part of both met, the wholes may differ in color as they like.
    rejected &= (pairs["votes"].to_numpy() == 0) & (pairs["region"].to_numpy() != SOME_PART)
    verdict = np.where(rejected, Verdict.REJECTED, Verdict.UNDECIDED)
    columns = [pairs[name] for name in ("a", "b", "orientation", "region", "votes")]
    columns += [pa.array(verdict, pa.string()), pairs["stands_out"], *(pa.array(metrics[:, i]) for i in range(3))]
    return pa.Table.from_arrays(columns, schema=PAIRS_COLOR)
