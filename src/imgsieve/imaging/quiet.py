"""Keeps codecs from warning about harmless oddities of a file, from any number of threads."""

from __future__ import annotations

import ctypes
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock

__all__ = ["mute_libtiff", "no_warnings"]

_MAPPED_FILES = Path("/proc/self/maps")

# Where a program has set up no logging, Pillow's messages would go to the standard error stream.
logging.getLogger("PIL").addHandler(logging.NullHandler())


class _Guard:
    """Saves the filters for the first that enters and restores them for the last that leaves.

    Nested `warnings.catch_warnings` of several threads would restore each other's filters.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._saved: warnings.catch_warnings[None] | None = None

    def enter(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._saved = _ignore_codecs()

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._saved is not None:
                self._saved.__exit__(None, None, None)
                self._saved = None


def _ignore_codecs() -> warnings.catch_warnings[None]:
    saved = warnings.catch_warnings()
    saved.__enter__()
    warnings.filterwarnings("ignore", module=r"(PIL|pillow_heif)\b")
    return saved


_guard = _Guard()


@contextmanager
def no_warnings() -> Iterator[None]:
    """Ignore the warnings of codecs within the block; those of other modules are as before."""
    if getattr(sys.flags, "context_aware_warnings", False):
        saved = _ignore_codecs()  # the interpreter keeps filters apart by thread
        try:
            yield
        finally:
            saved.__exit__(None, None, None)
        return
    _guard.enter()
    try:
        yield
    finally:
        _guard.leave()


@cache
def mute_libtiff() -> None:
    """Keep the libtiff that Pillow loaded from writing complaints to the standard error stream.

    They are also in the exceptions. Where the library cannot be found (not on Linux), it keeps writing.
    """
    with suppress(OSError, AttributeError, UnicodeDecodeError):
        files = {line.split()[-1] for line in _MAPPED_FILES.read_text().splitlines() if "libtiff" in line}
        for file in files:
            library = ctypes.CDLL(file)
            library.TIFFSetErrorHandler(None)
            library.TIFFSetWarningHandler(None)
