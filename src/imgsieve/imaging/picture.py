"""What is known of a picture before and after it is decoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DecodedImage", "Header", "reduction_for"]

REDUCTIONS = (8, 4, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the first bytes of a file promise. No pixel is allocated to learn it."""

    format: str
    """``jpeg``, ``png``, ``webp``, ``gif``, ``bmp``, ``tiff``, ``ppm``, ``heif``, ``avif``, ``jxl``, or a
    further name that Pillow uses, in lower case."""

    width: int
    """Pixels a row at full scale, before orientation (TIFF and HEIF codecs announce it after orientation)."""

    height: int
    """Rows at full scale, before orientation (TIFF and HEIF codecs announce it after orientation)."""

    decoded_bytes: int
    """Upper estimate of the memory that `decode` takes at its peak, beyond the file's own bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedImage:
    """Upright pixels, and what is known of the file that they came from."""

    pixels: NDArray[np.uint8]
    """Shape (rows, columns, 3): upright RGB from 0 to 255, C-contiguous, transparency laid over white."""

    width: int
    """Columns of the upright picture at full scale; ``pixels`` may be smaller, see ``reduction``."""

    height: int
    """Rows of the upright picture at full scale."""

    reduction: int
    """1, 2, 4 or 8: ``pixels`` has about ``width / reduction`` columns."""

    format: str
    """As in `Header`."""

    bit_depth: int
    """Bits a channel in the file, from 1 to 32."""

    has_alpha: bool
    """Whether the file can carry transparency; the picture may still be opaque everywhere."""

    metadata_bytes: int
    """Bytes of EXIF, XMP, IPTC and color profile in the file."""

    jpeg_quality: int | None
    """From 1 to 100 on the scale of the Independent JPEG Group, estimated; None for other formats."""


def reduction_for(width: int, height: int, min_side: int | None) -> int:
    """Return the strongest of the scales 1, 2, 4, 8 whose shorter side is still at least `min_side` pixels.

    Parameters
    ----------
    width, height
        Full-scale size in pixels.
    min_side
        Wanted pixels of the shorter side; None for full scale.
    """
    if min_side is None:
        return 1
    shorter = min(width, height)
    return next((scale for scale in REDUCTIONS if -(-shorter // scale) >= min_side), 1)
