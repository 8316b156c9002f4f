"""Errors as one line for people, and the exit codes.

0 done; 1 an error; 2 wrong usage or configuration; 3 ``--strict`` and not everything could be used, or not everything
could be copied; 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress

from imgsieve.cli.signals import INTERRUPTED
from imgsieve.cli.texts import visible
from imgsieve.errors import ConfigError, ImgsieveError, Interrupted

__all__ = ["DONE", "INCOMPLETE", "INTERRUPTED", "USAGE", "complain", "explain", "tell"]

DONE, FAILED, USAGE, INCOMPLETE = 0, 1, 2, 3

_TRACEBACK = "IMGSIEVE_TRACEBACK"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_ADVICE = {
    "sources": "no SOURCE is given; name a folder of pictures, as in: imgsieve run PHOTOS --out RUN",
    "out": "no run folder is given; name a new folder for the results, as in: imgsieve run PHOTOS --out RUN",
}


def tell(message: str) -> None:
    """Write one line to standard error, whatever the message holds."""
    # Where standard error is closed, there is nobody left to tell.
    with suppress(OSError):
        sys.stderr.write(f"imgsieve: {visible(message)}\n")
        sys.stderr.flush()


def complain(error: Exception) -> int:
    """Tell of an error and return the exit code that goes with it."""
    if os.environ.get(_TRACEBACK) and not hasattr(error, "format_message"):
        traceback.print_exception(error)
    message, code = explain(error)
    if message:
        tell(message)
    return code


def explain(error: Exception) -> tuple[str, int]:
    """Return what to say of an error, and the exit code."""
    # The class of wrong usage moved between versions of the command line library; its method did not.
    if hasattr(error, "format_message"):
        return _usage(error), USAGE
    if isinstance(error, ImgsieveError):
        return str(error), _code(error)
    return _foreign(error), FAILED


def _code(error: ImgsieveError) -> int:
    """Return the exit code of one of our own errors."""
    if isinstance(error, ConfigError):
        return USAGE
    return INTERRUPTED if isinstance(error, Interrupted) else FAILED


def _foreign(error: Exception) -> str:
    """Return what to say of an error that is not ours; nothing when the reader of our output has gone."""
    if isinstance(error, BrokenPipeError):
        return ""
    if isinstance(error, OSError):
        return _system(error)
    if isinstance(error, MemoryError):
        return "out of memory; run again with fewer --workers or a smaller --memory"
    hint = f"this is a fault of imgsieve; set {_TRACEBACK}=1 to see where it happened"
    return f"{type(error).__name__}: {error} ({hint})"


def _usage(error: Exception) -> str:
    """Return what is wrong with a command line, and where help is."""
    name = getattr(getattr(error, "param", None), "name", "")
    if type(error).__name__ == "MissingParameter" and name in _ADVICE:
        return _ADVICE[name]
    message = str(error.format_message()).rstrip(".")  # type: ignore[attr-defined]
    path = getattr(getattr(error, "ctx", None), "command_path", "imgsieve")
    return f"{message[:1].lower()}{message[1:]} (see {path} --help)"


def _system(error: OSError) -> str:
    """Return what the system refused, and what to do about it."""
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in _FULL or "No space left on device" in str(error):
        return (
            f"{where}No space left on device: free some space and give the same command again, which goes on "
            "from here, or name a folder on another disk with --out"
        )
    return f"{where}{error.strerror}" if error.strerror else f"{type(error).__name__}: {error}"
