"""The pages of images that failed, by kind of failure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from imgsieve.report import charts
from imgsieve.report.inventory import Inventory
from imgsieve.report.navigation import Book
from imgsieve.report.rendering import Renderer
from imgsieve.report.texts import breakable, bytes_text, uri_text, visible

__all__ = ["FAILURES_A_PAGE", "FOLDER", "FailedPages", "Kind"]

FOLDER = "failed"
FAILURES_A_PAGE = 250


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of failure."""

    name: str
    count: int
    href: str
    """Where its first image is, from the folder of the report."""

    bar: Markup


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureView:
    """One failed image."""

    name: Markup
    source: str
    size: str
    error: Markup


class FailedPages:
    """Writes the pages of failed images: the most frequent kind first, then in the order of ``image_id``.

    Parameters
    ----------
    inventory
        The rows.
    many_sources
        Whether a path alone does not tell where a file is.
    rows
        Images on a page.
    """

    def __init__(self, inventory: Inventory, *, many_sources: bool, rows: int = FAILURES_A_PAGE) -> None:
        self._inventory, self._many_sources, self._rows = inventory, many_sources, rows
        counts = Counter(inventory.kinds)
        self._names = sorted(counts, key=lambda name: (-counts[name], name))
        self._starts = np.cumsum([0, *(counts[name] for name in self._names)])
        self._order = self._sort(inventory.kinds)

    def _sort(self, kinds: list[str]) -> NDArray[np.int64]:
        ranks = {name: rank for rank, name in enumerate(self._names)}
        return np.argsort(np.fromiter((ranks[kind] for kind in kinds), np.int32, len(kinds)), kind="stable")

    @property
    def pages(self) -> int:
        """Number of pages."""
        return -(-len(self._order) // self._rows)

    @property
    def kinds(self) -> list[Kind]:
        """Kinds of failure, the most frequent first."""
        return [self._kind(rank) for rank in range(len(self._names))]

    def write(self, renderer: Renderer) -> None:
        """Write all pages, then their contents."""
        book = Book(pages=self.pages)
        for page in range(1, self.pages + 1):
            begin, end = self._span(page)
            renderer.page(
                "failed.html",
                f"{FOLDER}/{book.href(page)}",
                page=page,
                pages=self.pages,
                places=(begin + 1, end),
                total=len(self._order),
                kinds=self.kinds,
                sections=[self._section(rank, begin, end) for rank in self._ranks(begin, end)],
                navigation=book.navigation(page),
            )
        for contents in book.contents(self._describe) if self.pages else ():
            renderer.page(
                "contents.html",
                f"{FOLDER}/{contents.href}",
                contents=contents,
                heading="Failed",
                section=FOLDER,
            )

    def _kind(self, rank: int) -> Kind:
        start, stop = int(self._starts[rank]), int(self._starts[rank + 1])
        page = start // self._rows + 1
        return Kind(
            name=self._names[rank],
            count=stop - start,
            href=f"{FOLDER}/{Book.href(page)}#{self._names[rank]}",
            bar=charts.bar(stop - start, whole=int(self._starts[1])),
        )

    def _span(self, page: int) -> tuple[int, int]:
        return (page - 1) * self._rows, min(page * self._rows, len(self._order))

    def _ranks(self, begin: int, end: int) -> range:
        first, last = np.searchsorted(self._starts, [begin, end - 1], side="right") - 1
        return range(int(first), int(last) + 1)

    def _section(self, rank: int, begin: int, end: int) -> tuple[Kind, list[FailureView]]:
        low, high = max(int(self._starts[rank]), begin), min(int(self._starts[rank + 1]), end)
        return self._kind(rank), [self._view(int(number)) for number in self._order[low:high]]

    def _view(self, number: int) -> FailureView:
        row = self._inventory.failure(number)
        return FailureView(
            name=breakable(row["file"]),
            source=uri_text(row["uri"]).removesuffix(row["file"]) if self._many_sources else "",
            size=bytes_text(row["size"]),
            error=visible(row["error"] or ""),
        )

    def _describe(self, first: int, last: int) -> str:
        names = [self._names[rank] for rank in self._ranks(self._span(first)[0], self._span(last)[1])]
        return ", ".join(names)
