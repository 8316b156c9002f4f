"""Help texts, laid out here so that they are the same with every version of the command line library."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from typing import Any

from typer.core import TyperCommand, TyperGroup

__all__ = ["HelpfulCommand", "HelpfulGroup", "help_text"]

_NARROW, _WIDE = 60, 96
_LABEL = 26
"""Columns of the names of options; a longer name has a line of its own."""


class HelpfulCommand(TyperCommand):
    """A command whose help is laid out by `help_text`."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        formatter.write(help_text(ctx))


class HelpfulGroup(TyperGroup):
    """A group of commands whose help is laid out by `help_text`."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        formatter.write(help_text(ctx))


def help_text(context: Any) -> str:
    """Return the help of a command: usage, purpose, arguments, commands and options.

    Parameters
    ----------
    context
        The command line library's context of the command.
    """
    width = min(max(shutil.get_terminal_size().columns, _NARROW), _WIDE)
    command = context.command
    parameters = command.get_params(context)
    arguments = [p for p in parameters if p.param_type_name == "argument"]
    options = [p for p in parameters if p.param_type_name == "option"]
    commands = getattr(command, "commands", {})
    lines = [
        _usage(context.command_path, arguments, options, commands),
        "",
        *_prose(command.help or "", width),
    ]
    lines += _section("Arguments", [(_name(p), p.help or "") for p in arguments], width)
    lines += _section("Commands", [(name, _first_sentence(c.help or "")) for name, c in commands.items()], width)
    lines += _section("Options", [(_flags(p), _option_help(p)) for p in options], width)
    return "\n".join(lines) + "\n"


def _usage(path: str, arguments: list[Any], options: list[Any], commands: dict[str, Any]) -> str:
    """Return how a command is written."""
    needed = [f"{p.opts[0]} {p.metavar}" for p in options if p.required]
    words = [path, *(_name(p) for p in arguments), *needed, *(["COMMAND"] if commands else []), "[OPTIONS]"]
    return "Usage: " + " ".join(words)


def _name(argument: Any) -> str:
    """Return the name of an argument, with dots when there may be several."""
    return str(argument.metavar) + ("..." if argument.nargs != 1 else "")


def _flags(option: Any) -> str:
    """Return how an option is written, the short way first."""
    names = ", ".join(sorted(option.opts, key=len))
    return names if option.is_flag or not option.metavar else f"{names} {option.metavar}"


def _option_help(option: Any) -> str:
    """Return what an option does, with its default where that is a number."""
    if isinstance(option.default, int) and not isinstance(option.default, bool):
        return f"{option.help} Default: {option.default:,}."
    return str(option.help or "")


def _first_sentence(text: str) -> str:
    """Return the first paragraph of a help text, on one line."""
    return " ".join(text.split("\n\n", 1)[0].split())


def _prose(text: str, width: int) -> Iterator[str]:
    """Yield paragraphs wrapped to the width; indented lines and what leads to them stay as they are."""
    for paragraph in text.strip().split("\n\n"):
        lines = paragraph.split("\n")
        if any(line.startswith(" ") for line in lines):
            yield from (f"  {line}" for line in lines)
        else:
            yield from textwrap.wrap(" ".join(lines), width, initial_indent="  ", subsequent_indent="  ")
        yield ""


def _section(title: str, rows: list[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield a titled list of names and what they mean."""
    if not rows:
        return
    yield f"{title}:"
    for name, text in rows:
        wrapped = textwrap.wrap(text, width - _LABEL - 2, break_on_hyphens=False) or [""]
        if len(name) >= _LABEL:
            yield f"  {name}"
        else:
            yield f"  {name:<{_LABEL}}{wrapped.pop(0)}"
        yield from (" " * (_LABEL + 2) + line for line in wrapped)
    yield ""
