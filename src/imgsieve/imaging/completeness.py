"""Tells a file that was cut short from one that is damaged, where its outer shell states a length."""

from __future__ import annotations

from imgsieve.imaging.boxes import brands

__all__ = ["is_cut_short"]

_BOXED = (b"\0\0\0\x0cJXL ", b"\0\0\0\x0cjP  ")


def is_cut_short(data: bytes) -> bool:
    """Tell whether a file is shorter than its shell says; False where the format states no length.

    Parameters
    ----------
    data
        A file in RIFF (WebP) or ISO boxes (HEIF, AVIF, JPEG XL, JPEG 2000), or any other.
    """
    if data[:4] == b"RIFF":
        return 8 + int.from_bytes(data[4:8], "little") > len(data)
    if not brands(data) and not data.startswith(_BOXED):
        return False
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:
            return False  # the last box, up to the end whatever it is, or nonsense
        at += size
    return at != len(data)
