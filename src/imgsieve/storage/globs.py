"""Which files are listed, by globs on their path within the source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from imgsieve.errors import ConfigError

__all__ = ["GlobFilter", "glob_pattern"]


_PARTS = re.compile(r"(\*\*/|\*\*|\*|\?|\[[!^]?[^\]]+\])")
_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True)
class GlobFilter:
    """Include and exclude globs.

    ``*`` and ``?`` do not cross ``/``; ``**`` does. A glob without ``/`` is tried on the name alone, so ``*.tmp``
    reaches every folder; one that ends in ``/`` stands for all that lies below. ``[abc]`` and ``[!abc]`` are one
    character.

    Raises
    ------
    ConfigError
        A glob has a range that runs backward.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Read the globs now, so that a wrong one is told before any work."""
        _ = self._patterns

    @cached_property
    def _patterns(self) -> tuple[list[re.Pattern[str]], list[re.Pattern[str]]]:
        return [glob_pattern(g) for g in self.include], [glob_pattern(g) for g in self.exclude]

    def lists(self, file: str) -> bool:
        """Return whether a file is listed, by its path within the source."""
        include, exclude = self._patterns
        if include and not any(p.fullmatch(file) for p in include):
            return False
        return not any(p.fullmatch(file) for p in exclude)


def glob_pattern(glob: str) -> re.Pattern[str]:
    """Compile a glob into an expression for whole paths.

    Raises
    ------
    ConfigError
        It has a range that runs backward.
    """
    body = glob.lstrip("/") + ("**" if glob.endswith("/") else "")
    expression = "".join(_expression(part) for part in _PARTS.split(body))
    try:
        return re.compile(("" if "/" in glob else "(?:.*/)?") + expression, re.DOTALL)
    except re.error as error:
        raise ConfigError(f"the glob {glob!r} cannot be read: {error.msg}") from error


def _expression(part: str) -> str:
    """Return the expression of a wildcard, a set, or plain text."""
    if part in _WILDCARDS:
        return _WILDCARDS[part]
    if not _PARTS.fullmatch(part):
        return re.escape(part)
    negated = part[1] in "!^" and len(part) > 3
    inside = re.sub(r"[\\\[&~|^]", r"\\\g<0>", part[2 if negated else 1 : -1])
    return f"[^/{inside}]" if negated else f"[{inside}]"
