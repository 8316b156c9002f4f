"""Writes docs/cli.md from the help of every command, so that the two never differ.

Without an argument the page is written; with ``--check`` it is only compared.
"""

from __future__ import annotations

import os
import sys

import typer

from imgsieve.cli.app import app
from imgsieve.cli.helping import help_text
from made_pages import write_page

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


if __name__ == "__main__":
    sys.exit(write_page("cli.md", page_text, sys.argv[1:]))
