"""Content types told from names."""

from __future__ import annotations

import mimetypes

__all__ = ["content_type_of"]

_PICTURES = {
    ".apng": "image/apng",
    ".avif": "image/avif",
    ".avifs": "image/avif",
    ".bmp": "image/bmp",
    ".dib": "image/bmp",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".hif": "image/heif",
    ".jfif": "image/jpeg",
    ".jp2": "image/jp2",
    ".jxl": "image/jxl",
    ".psd": "image/vnd.adobe.photoshop",
    ".webp": "image/webp",
}
"""What the standard library does not know, or only in some versions."""


def content_type_of(name: str) -> str:
    """Return the content type that the ending of a name stands for.

    Examples
    --------
    >>> content_type_of("a/cat.JPG"), content_type_of("dog.jxl"), content_type_of("notes")
    ('image/jpeg', 'image/jxl', 'application/octet-stream')
    """
    last = name.rpartition("/")[2]
    ending = last[last.rfind(".") :].lower() if last.rfind(".") > 0 else ""
    return _PICTURES.get(ending) or mimetypes.types_map.get(ending) or "application/octet-stream"
