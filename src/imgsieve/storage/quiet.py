"""Keeps the libraries of stores from saying things on their own, and from logging what is secret."""

from __future__ import annotations

import logging
import re

__all__ = ["hush_libraries"]

_SIGNATURE = re.compile(r"(sig=)[^&\s\"']+", re.IGNORECASE)


class _WithoutSignatures(logging.Filter):
    """Takes signatures out of the URLs that a program with a log of everything would get."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; all are let through."""
        if isinstance(record.args, tuple):
            record.args = tuple(_redacted(value) for value in record.args)
        record.msg = _redacted(record.msg)
        return True


def hush_libraries() -> None:
    """Do so for the rest of the process."""
    # Where a program has set up no logging, their warnings would go to the standard error stream.
    for name in ("azure", "msal"):
        logging.getLogger(name).addHandler(_NOWHERE)
    logging.getLogger("urllib3.connectionpool").addFilter(_FILTER)


_NOWHERE = logging.NullHandler()
_FILTER = _WithoutSignatures()


def _redacted(value: object) -> object:
    """Return a text without its signature, anything else as it is."""
    return _SIGNATURE.sub(r"\1REDACTED", value) if isinstance(value, str) else value
