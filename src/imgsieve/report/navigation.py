"""Ways through many pages: neighbors on each page, and contents in levels, so that no page has many links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["FANOUT", "Book", "Contents", "Entry", "Link", "Navigation"]

FANOUT = 100
"""The most entries on one page of contents."""

NEIGHBORS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A link to a page; without an address it is the page itself, or a gap."""

    text: str
    href: str = ""
    current: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Navigation:
    """The links of one page; empty addresses where there is no such page."""

    first: str
    previous: str
    next: str
    last: str
    numbers: tuple[Link, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of the contents: pages ``first`` to ``last``, counted from 1."""

    first: int
    last: int
    href: str
    about: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """One page of contents."""

    href: str
    first: int
    last: int
    parent: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """Numbered pages in one folder."""

    pages: int

    @staticmethod
    def href(page: int) -> str:
        """Return the file name of a page, counted from 1.

        Examples
        --------
        >>> Book.href(12)
        'page-000012.html'
        """
        return f"page-{page:06d}.html"

    def navigation(self, page: int) -> Navigation:
        """Return the links of a page, counted from 1."""
        before, after = page > 1, page < self.pages
        return Navigation(
            first=self.href(1) if before else "",
            previous=self.href(page - 1) if before else "",
            next=self.href(page + 1) if after else "",
            last=self.href(self.pages) if after else "",
            numbers=tuple(self._numbers(page)),
        )

    def _numbers(self, page: int) -> Iterator[Link]:
        near = range(max(1, page - NEIGHBORS), min(self.pages, page + NEIGHBORS) + 1)
        previous = 0
        for number in sorted({1, *near, self.pages}):
            if number > previous + 1:
                yield Link(text="…")
            yield Link(text=f"{number:,}", href=self.href(number), current=number == page)
            previous = number

    def contents(self, describe: Callable[[int, int], str]) -> Iterator[Contents]:
        """List the pages of contents from the top down.

        Parameters
        ----------
        describe
            Tells in words what pages ``first`` to ``last`` hold.
        """
        span = 1
        while span * FANOUT < self.pages:
            span *= FANOUT
        yield from self._level(1, self.pages, span, "", describe)

    def _level(
        self, first: int, last: int, span: int, parent: str, describe: Callable[[int, int], str]
    ) -> Iterator[Contents]:
        href = f"contents-{first:06d}-{last:06d}.html" if parent else "contents.html"
        while span > 1 and span > last - first:
            span //= FANOUT  # a list of one entry would have the name of what it leads to
        ranges = [(low, min(low + span - 1, last)) for low in range(first, last + 1, span)]
        entries = tuple(
            Entry(first=low, last=high, href=self._entry_href(low, high, span), about=describe(low, high))
            for low, high in ranges
        )
        yield Contents(href=href, first=first, last=last, parent=parent, entries=entries)
        if span > 1:
            for low, high in ranges:
                yield from self._level(low, high, span // FANOUT, href, describe)

    def _entry_href(self, low: int, high: int, span: int) -> str:
        return self.href(low) if span == 1 else f"contents-{low:06d}-{high:06d}.html"
