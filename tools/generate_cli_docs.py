"""Writes docs/cli.md from the help of every command, so that the two never differ.

Without an argument the page is written; with ``--check`` it is only compared.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from imgsieve.cli.app import app
from imgsieve.cli.helping import help_text

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"

_COLUMNS = "88"

_HEAD = """\
# The command line

This page is made by `make docs` from the help of each command. What the options of the configuration file
mean stands in `src/imgsieve/config/options.py`; its tables are the stages.
"""


def page_text() -> str:
    """Return the page."""
    os.environ["COLUMNS"] = _COLUMNS
    group = typer.main.get_command(app)
    context = group.make_context("imgsieve", [], resilient_parsing=True)
    pieces = [_HEAD, _section("imgsieve", help_text(context))]
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = command.make_context(name, [], parent=context, resilient_parsing=True)
        pieces.append(_section(f"imgsieve {name}", help_text(inner)))
    return "\n".join(pieces)


def _section(title: str, text: str) -> str:
    """Return the section of one command."""
    return f"## `{title}`\n\n```text\n{text.rstrip()}\n```\n"


def main(arguments: list[str]) -> int:
    """Write or check the page; 1 when it is stale."""
    text = page_text()
    if arguments == ["--check"]:
        return int(not PAGE.exists() or PAGE.read_text("utf-8") != text)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
