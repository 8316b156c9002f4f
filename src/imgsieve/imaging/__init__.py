"""From the bytes of a file to upright pixels.

The format is told by content, never by a name. All failures are `imgsieve.errors.DecodeError`. Nothing here
reads files or networks, and every function may be called from many threads at once.

Embedded color profiles are counted but not applied: two copies of a picture usually carry the same
profile, or one has lost it on the way, and neither must make them differ.
"""

from __future__ import annotations

from imgsieve.imaging.picture import DecodedImage, Header
from imgsieve.imaging.reader import decode, probe
from imgsieve.imaging.sniffing import looks_like_image

__all__ = ["DecodedImage", "Header", "decode", "looks_like_image", "probe"]
