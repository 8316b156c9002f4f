"""Numbers and foreign names as text for people.

Names of files are hostile until they have passed through here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from markupsafe import Markup, escape

__all__ = [
    "DASH",
    "breakable",
    "bytes_text",
    "count_text",
    "moment_text",
    "number_text",
    "plain",
    "seconds_text",
    "share_text",
    "uri_text",
    "visible",
]

DASH = "\N{EN DASH}"
"""Stands for a number that nobody measured."""

UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
"""Categories without a shape of their own: controls, direction marks, joiners, separators, odd spaces."""

BREAKS = re.compile(r"(?<=[/_-])(?!$)")
"""Places where a line of a path may end."""

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")

SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _name_of(character: str) -> str:
    r"""Return what to show for a character that cannot be seen, or nothing.

    Examples
    --------
    >>> _name_of("\u202e"), _name_of("a")
    ('U+202E', '')
    """
    if character == " " or unicodedata.category(character) not in UNSEEN:
        return ""
    return SHORT.get(character, f"U+{ord(character):04X}")


def plain(text: str) -> str:
    r"""Spell out characters that cannot be seen, for attributes such as ``alt``.

    Examples
    --------
    >>> plain("a\u202egpj.exe")
    'a[U+202E]gpj.exe'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"[{name}]" if (name := _name_of(c)) else c for c in text)


def visible(text: object) -> Markup:
    r"""Escape text for a page, with a mark in the place of each character that cannot be seen.

    Examples
    --------
    >>> visible("<b>\n")
    Markup('&lt;b&gt;<span class="unseen">\\n</span>')
    """
    text = str(text)
    if text.isascii() and text.isprintable():
        return escape(text)
    mark = Markup('<span class="unseen">{}</span>')
    return Markup("").join(mark.format(name) if (name := _name_of(c)) else escape(c) for c in text)


def breakable(path: str) -> Markup:
    """Return visible text of a path whose lines break after a slash, a line or a hyphen first.

    Examples
    --------
    >>> breakable("a/b")
    Markup('a/<wbr>b')
    """
    if path.isascii() and path.isprintable():
        # What stands for an escaped character has no place to break in.
        return Markup(BREAKS.sub("<wbr>", str(escape(path))))  # noqa: S704 - escaped
    return Markup("<wbr>").join(visible(piece) for piece in BREAKS.split(path))


def uri_text(uri: str) -> str:
    """Drop what may be a credential from a URI: the user, the query and the fragment.

    Examples
    --------
    >>> uri_text("https://me:key@example.com/a?sig=1")
    'https://example.com/a'
    >>> uri_text("photos/what?.jpg")
    'photos/what?.jpg'
    """
    if "://" not in uri:
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri.split("://", 1)[0] + "://"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def count_text(number: float | None) -> str:
    """Return a whole number with separators; an en dash for none."""
    return DASH if number is None else f"{int(number):,}"


def number_text(number: float) -> str:
    """Return a score with three significant digits, and no zeros at its end.

    Examples
    --------
    >>> number_text(0.98765), number_text(12.0), number_text(1234.5)
    ('0.988', '12', '1,234')
    """
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def bytes_text(size: float | None) -> str:
    """Return a size with a binary unit.

    Examples
    --------
    >>> bytes_text(1536), bytes_text(12), bytes_text(100 << 30)
    ('1.5 KiB', '12 B', '100 GiB')
    """
    if size is None:
        return DASH
    power = min(int(max(math.log2(max(size, 1) / 999.5), -1) // 10 + 1), len(UNITS) - 1)
    unit, value = UNITS[power], size / 1024**power
    return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.1f} {unit}"


def seconds_text(seconds: float | None) -> str:
    """Return a time in the two units that matter.

    Examples
    --------
    >>> seconds_text(0.25), seconds_text(75), seconds_text(7380)
    ('0.2 s', '1 min 15 s', '2 h 03 min')
    """
    if seconds is None:
        return DASH
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def moment_text(moment: str) -> str:
    """Return an ISO time to the minute; text that is none stays as it is.

    Examples
    --------
    >>> moment_text("2026-01-02T03:04:05+00:00"), moment_text("soon")
    ('2026-01-02 03:04 UTC', 'soon')
    """
    try:
        return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M %Z}".strip()
    except ValueError:
        return moment


def share_text(part: float, whole: float) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> share_text(1, 8), share_text(0, 0), share_text(1, 100_000)
    ('12.5 %', '0 %', 'below 0.1 %')
    """
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "below 0.1 %"
    return f"{percent:.1f}".removesuffix(".0") + " %"
