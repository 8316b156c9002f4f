"""Which files are listed, by globs on their path within the source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

__all__ = ["GlobFilter", "glob_pattern"]


@dataclass(frozen=True)
class GlobFilter:
    """Include and exclude globs.

    ``*`` and ``?`` do not cross ``/``; ``**`` does. A glob without ``/`` is tried on the name alone, so ``*.tmp`` reaches
    every folder; one that ends in ``/`` stands for all that lies below.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

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
    """Compile a glob into an expression for whole paths."""
    if glob.endswith("/"):
        glob += "**"
    anywhere = "/" not in glob
    glob = glob.lstrip("/")
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?[^\]]+\])", glob)
    made = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(
        made.get(part) or ("[^" + part[2:] if part.startswith("[!") else part if part.startswith("[") else re.escape(part))
        for part in parts
    )
    return re.compile(("(?:.*/)?" if anywhere else "") + body, re.DOTALL)
