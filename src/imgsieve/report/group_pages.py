"""The pages of groups and their contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgsieve.report.inventory import Inventory
from imgsieve.report.members import MemberView, view_member
from imgsieve.report.navigation import Book
from imgsieve.report.rendering import Renderer
from imgsieve.report.sequence import Sequence, slices
from imgsieve.report.texts import bytes_text

__all__ = ["FOLDER", "GroupPages"]

FOLDER = "groups"


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupView:
    """A group, or what one page shows of it."""

    number: int
    size: int
    """Members over all pages."""

    duplicates: int
    """Members that would be freed, over all pages."""

    freed: int
    before: str
    """The page where the group begins, if that is an earlier one."""

    after: str
    """The page where the group goes on, if it does."""

    shown_from: int
    shown_to: int
    members: list[MemberView]


@dataclass(frozen=True, kw_only=True)
class GroupPages:
    """Writes the pages of groups.

    Parameters
    ----------
    inventory
        The rows and thumbnails.
    sequence
        Their order.
    edges
        Place where each page begins, and the end, shape (pages + 1,).
    titles
        Title of each stage by its name.
    many_sources
        Whether a path alone does not tell where a file is.
    """

    inventory: Inventory
    sequence: Sequence
    edges: NDArray[np.int64]
    titles: Mapping[str, str]
    many_sources: bool

    @property
    def pages(self) -> int:
        """Number of pages."""
        return len(self.edges) - 1

    def href(self, rank: int) -> str:
        """Return the address of a group by its rank, from the folder of the report."""
        page = self._page_of(int(self.sequence.starts[rank]))
        return f"{FOLDER}/{Book.href(page)}#group-{self.sequence.numbers[rank]}"

    def write(self, renderer: Renderer) -> None:
        """Write all pages, then their contents."""
        book = Book(pages=self.pages)
        for page in range(1, self.pages + 1):
            begin, end = int(self.edges[page - 1]), int(self.edges[page])
            found = slices(self.sequence, begin, end)
            renderer.page(
                "groups.html",
                f"{FOLDER}/{book.href(page)}",
                page=page,
                pages=self.pages,
                ranks=(found[0][0] + 1, found[-1][0] + 1),
                total=len(self.sequence.numbers),
                groups=[self._view(rank, low, high) for rank, low, high in found],
                navigation=book.navigation(page),
            )
        for contents in book.contents(self._describe) if self.pages else ():
            renderer.page(
                "contents.html",
                f"{FOLDER}/{contents.href}",
                contents=contents,
                heading="Groups",
                section=FOLDER,
            )

    def _page_of(self, place: int) -> int:
        return int(np.searchsorted(self.edges, place, side="right"))

    def _view(self, rank: int, low: int, high: int) -> GroupView:
        start, stop = int(self.sequence.starts[rank]), int(self.sequence.starts[rank + 1])
        kept = self.inventory.kept[self.sequence.order[start:stop]]
        return GroupView(
            number=int(self.sequence.numbers[rank]),
            size=stop - start,
            duplicates=int((~kept).sum()),
            freed=int(self.sequence.freed[rank]),
            before=Book.href(self._page_of(start)) if low > start else "",
            after=Book.href(self._page_of(high)) if high < stop else "",
            shown_from=low - start + 1,
            shown_to=high - start,
            members=[self._member(int(number)) for number in self.sequence.order[low:high]],
        )

    def _member(self, number: int) -> MemberView:
        return view_member(
            self.inventory.member(number),
            self.inventory.thumb(number),
            titles=self.titles,
            show_source=self.many_sources,
        )

    def _describe(self, first: int, last: int) -> str:
        most = slices(self.sequence, int(self.edges[first - 1]), int(self.edges[first]))[0][0]
        least = slices(self.sequence, int(self.edges[last - 1]), int(self.edges[last]))[-1][0]
        high, low = bytes_text(int(self.sequence.freed[most])), bytes_text(int(self.sequence.freed[least]))
        if least == most:
            return f"one group, {high}"
        groups = f"{least - most + 1:,} groups"
        return f"{groups}, {high} each" if high == low else f"{groups}, from {high} down to {low} each"
