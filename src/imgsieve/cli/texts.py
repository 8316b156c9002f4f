"""Foreign text and sizes, as a terminal may show them and as people write them."""

from __future__ import annotations

import re

from imgsieve.errors import ConfigError

__all__ = ["parse_size", "plural", "visible"]

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:([kmgt]?)(i?)b?)\s*", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def visible(text: object) -> str:
    r"""Spell out characters that a terminal would obey instead of show.

    Names of files are hostile until they have passed through here.

    Examples
    --------
    >>> visible("a\x1b[31m\n.jpg")
    'a\\x1b[31m\\n.jpg'
    """
    value = str(text)
    if value.isprintable():
        return value
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in value)


def parse_size(option: str, text: str, least: int = 1) -> int:
    """Read a size such as ``600MB``, ``1.5GiB`` or a plain number of bytes.

    Parameters
    ----------
    option
        Name of the option, for the message.
    text
        What was given. MB is 1000 x 1000 bytes, MiB is 1024 x 1024.
    least
        The smallest that makes sense.

    Raises
    ------
    ConfigError
        It is not a size, or is smaller than ``least``.

    Examples
    --------
    >>> parse_size("--memory", "1.5GiB"), parse_size("--memory", "600MB"), parse_size("--memory", "4096")
    (1610612736, 600000000, 4096)
    """
    found = _SIZE.fullmatch(text)
    if found is not None:
        number, prefix, binary = found.groups()
        size = int(float(number) * (1024 if binary else 1000) ** _POWERS[prefix.lower()])
        if size >= least and (prefix or not binary):
            return size
    raise ConfigError(f"{option} {text!r} is not a size; write it as 600MB, 2GB, 1.5GiB or a number of bytes")


def plural(count: int, one: str, many: str = "") -> str:
    """Say a count with its noun.

    Examples
    --------
    >>> plural(1, "image"), plural(1234, "image")
    ('1 image', '1,234 images')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
