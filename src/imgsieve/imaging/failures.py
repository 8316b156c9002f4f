"""Turns whatever a codec raises into a `DecodeError` of the right kind."""

from __future__ import annotations

import struct
from types import TracebackType

from PIL import Image

from imgsieve.errors import DecodeError
from imgsieve.imaging.completeness import is_cut_short

__all__ = ["codec_errors", "decode_error"]

_TRUNCATED = (
    "truncated", "premature end", "unexpected end", "end of file", "not enough", "end-of-file", "no data",
    "file too small", "unexpected eof", "file ended",
)  # fmt: skip
_UNSUPPORTED = (
    "unsupported", "not supported", "cannot handle", "unknown", "unrecognized", "unrecognised", "no decoder",
    "not implemented", "unavailable", "not installed",
)  # fmt: skip
_DAMAGED = ("data stream", "filter category", "data organization")
_LONGEST_MESSAGE = 200


class codec_errors:  # noqa: N801 - reads as a statement, and enters faster than a generator
    """Let only `DecodeError` out of a ``with`` block; requests to stop the program pass.

    Any other exception, even one that compiled code derives from BaseException, becomes a `DecodeError`.

    Parameters
    ----------
    codec
        Name of the format, for the message.
    data
        The file, to tell whether it was cut short.
    """

    __slots__ = ("_codec", "_data")

    def __init__(self, codec: str, data: bytes) -> None:
        self._codec = codec
        self._data = data

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise the `DecodeError` in place of `error`."""
        if error is None or isinstance(error, DecodeError | KeyboardInterrupt | SystemExit | GeneratorExit):
            return
        found = decode_error(self._codec, error)
        if found.kind == "malformed" and is_cut_short(self._data):
            found = DecodeError("truncated", found.message)
        raise found from None


def decode_error(codec: str, error: BaseException) -> DecodeError:
    """Return the `DecodeError` that stands for `error`, with the codec's own words, shortened."""
    words = " ".join(str(error).split())[:_LONGEST_MESSAGE] or type(error).__name__
    return DecodeError(_kind(error, words.lower()), f"{codec}: {words}")


def _kind(error: BaseException, words: str) -> str:
    if isinstance(error, MemoryError):
        return "too-large-for-memory"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "too-many-pixels"
    if isinstance(error, EOFError | struct.error) or any(phrase in words for phrase in _TRUNCATED):
        return "truncated"
    if any(phrase in words for phrase in _DAMAGED):
        return "malformed"
    if isinstance(error, NotImplementedError) or any(phrase in words for phrase in _UNSUPPORTED):
        return "unsupported"
    return "malformed"
