"""What the programs that make pages of the documentation share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_DOCS = Path(__file__).resolve().parents[1] / "docs"


def write_page(name: str, page_text: Callable[[], str], arguments: list[str]) -> int:
    """Write a page, or with ``--check`` compare it with what would be written; return 1 when it is stale."""
    page, text = _DOCS / name, page_text()
    if arguments == ["--check"]:
        return int(not page.exists() or page.read_text("utf-8") != text)
    page.parent.mkdir(exist_ok=True)
    page.write_text(text, "utf-8")
    return 0
