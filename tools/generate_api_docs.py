"""Writes docs/api.md from the docstrings of the public names, so that the two never differ.

Without an argument the page is written; with ``--check`` it is only compared.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import imgsieve
from imgsieve import errors
from made_pages import write_page

_WIDTH = 100
_HEAD = """\
# The Python interface

This page is made by `make docs` from the docstrings. The names of `imgsieve` are stable; those of its modules are
told here where something takes or returns them. `import imgsieve` is quick: what a name needs is loaded when it is
first asked for.
"""
_SECTIONS: dict[str, tuple[str, ...]] = {
    "Finding duplicates": (),
    "Finished runs": (
        *("open_run", "iter_groups", "Run"),
        *("finished.Group", "finished.Member", "finished.SearchAnswer", "finished.Candidate"),
    ),
    "Features and pictures": (
        *("BoundedFeatureCache", "deduplicator.cache.CacheStats"),
        *("get_memory_efficient_loader", "deduplicator.loader.MemoryEfficientLoader"),
    ),
    "The engine": (
        *("runs.run", "runs.RunResult", "runs.Event", "metrics.RunMetrics"),
        *("config.load_config", "config.RunConfig", "config.Effort"),
    ),
    "Options": tuple(
        f"config.{name}Config"
        for name in (
            *("Source", "Decode", "Wavelet", "Voting", "Color", "Global", "Local", "Quality"),
            *("Execution", "Network", "Price"),
        )
    ),
}
"""Names of each section, as they are within the package; public names that are in none come into the first."""

_FIELDS = ("Parameters", "Returns", "Yields", "Raises", "Attributes", "Notes", "Examples", "See Also")
_LISTS = ("Parameters", "Raises", "Attributes")


def page_text() -> str:
    """Return the page."""
    told = {name for names in _SECTIONS.values() for name in names}
    first = tuple(name for name in imgsieve.__all__ if name not in told)
    sections = {title: names or first for title, names in _SECTIONS.items()}
    contents, pieces = [], []
    for title, names in sections.items():
        if names:
            contents.append(f"- {title}: {', '.join(_link(name) for name in names)}")
            pieces += [f"## {title}\n", *(_told(name) for name in names)]
    contents.append("- [Errors](#errors)")
    pieces += ["## Errors\n", _errors()]
    return "\n".join([_HEAD, *contents, "", *pieces]).rstrip() + "\n"


def _link(name: str) -> str:
    """Return a link to what is told of a name."""
    return f"[`{name}`](#{_anchor(name)})"


def _anchor(name: str) -> str:
    """Return the anchor that pages of Markdown give to a heading of this name."""
    return f"imgsieve{name.replace('.', '').lower()}"


def _object(name: str) -> Any:
    """Return what a name stands for."""
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(f"imgsieve.{module}".rstrip(".")), last)


def _told(name: str) -> str:
    """Return what is told of a name."""
    found = _object(name)
    lines = [f"### `imgsieve.{name}`", ""]
    if not inspect.isclass(found):
        lines += [_signature(name.rpartition(".")[2], found), "", _markdown(found), ""]
        return "\n".join(lines)
    if not _is_plain(found):
        lines += [_signature(found.__name__, found), ""]
    lines += [_markdown(found), ""]
    lines += _fields(found)
    for member, value in _members(found):
        lines += _member(found.__name__, member, value)
    return "\n".join(lines)


def _is_plain(found: type) -> bool:
    """Return whether a class is told by its fields."""
    return dataclasses.is_dataclass(found) or hasattr(found, "__members__")


def _fields(found: type) -> Iterator[str]:
    """Yield the fields of a dataclass, or the values of an enumeration."""
    if not _is_plain(found):
        return
    notes = _notes(found)
    if hasattr(found, "__members__"):
        yield from (f"- `{member.value}`: {notes.get(name, '')}".rstrip(": ") for name, member in _values(found))
    else:
        for field in dataclasses.fields(found):
            note = _inline(notes.get(field.name, ""))
            default = "" if field.default is dataclasses.MISSING else f" = {field.default!r}"
            yield f"- `{field.name}` (`{_annotation(field.type)}{default}`){': ' if note else ''}{note}"
    yield ""


def _values(found: Any) -> Iterator[tuple[str, Any]]:
    """Yield the members of an enumeration."""
    yield from found.__members__.items()


def _notes(found: type) -> dict[str, str]:
    """Return the docstrings that stand under the fields of a class."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(found))).body[0]
    assert isinstance(tree, ast.ClassDef)
    notes, last = {}, ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign | ast.Assign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            last = target.id if isinstance(target, ast.Name) else ""
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and last:
            notes[last] = " ".join(str(node.value.value).split())
    return notes


def _members(found: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties of a class, those of its bases first, as they stand in the source."""
    seen: dict[str, Any] = {}
    for base in reversed(found.__mro__):
        if base.__module__.startswith("imgsieve"):
            seen |= {name: value for name, value in vars(base).items() if not name.startswith("_")}
    for name, value in seen.items():
        if getattr(_function(value), "__doc__", None) and not isinstance(value, str | int | float | tuple):
            yield name, value


def _function(value: Any) -> Any:
    """Return the function behind a method or property."""
    return getattr(value, "fget", None) or getattr(value, "func", None) or getattr(value, "__func__", None) or value


def _member(owner: str, name: str, value: Any) -> Iterator[str]:
    """Yield what is told of a method or property."""
    function = _function(value)
    if not inspect.isfunction(function):
        return
    if isinstance(value, property) or type(value).__name__ == "cached_property":
        kind = _annotation(inspect.signature(function).return_annotation)
        yield from (f"#### `{owner}.{name}`", "", f"*Property*, `{kind}`. {_markdown(function)}", "")
        return
    yield from (f"#### `{owner}.{name}()`", "", _signature(name, function, bound=True), "", _markdown(function), "")


def _signature(name: str, found: Any, *, bound: bool = False) -> str:
    """Return a call as a block of code."""
    told = inspect.signature(found)
    parameters = list(told.parameters.values())[1 if bound else 0 :]
    words, after_star = [], False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not after_star:
            words.append("*")
            after_star = True
        words.append(_parameter(parameter))
        after_star |= parameter.kind is parameter.VAR_POSITIONAL
    answer = "" if inspect.isclass(found) else f" -> {_annotation(told.return_annotation)}"
    line = f"{name}({', '.join(words)}){answer}"
    if len(line) > _WIDTH:
        line = "\n".join([f"{name}(", *(f"    {word}," for word in words), f"){answer}"])
    return f"```python\n{line}\n```"


def _parameter(parameter: inspect.Parameter) -> str:
    """Return a parameter with its type and default."""
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    typed = "" if parameter.annotation is parameter.empty else f": {_annotation(parameter.annotation)}"
    if parameter.default is parameter.empty:
        return f"{stars}{parameter.name}{typed}"
    equals = " = " if typed else "="
    default = re.sub(r"<(?:\w+\.)*(\w+)[^>]*>", r"\1", repr(parameter.default))
    return f"{stars}{parameter.name}{typed}{equals}{default}"


def _annotation(kind: Any) -> str:
    """Return a type as it is written."""
    return kind if isinstance(kind, str) else inspect.formatannotation(kind)


def _markdown(found: Any) -> str:
    """Return a docstring as Markdown."""
    pieces = []
    for title, body in _split(inspect.getdoc(found) or ""):
        if not title:
            pieces.append(_prose(body))
        elif title == "Examples":
            pieces.append(f"**Examples**\n\n```python\n{body}\n```")
        elif title in _LISTS:
            pieces.append(f"**{title}**\n\n" + "\n".join(_items(body)))
        else:
            pieces.append(f"**{title}** {_prose(body)}")
    return "\n\n".join(piece for piece in pieces if piece)


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Yield the sections of a docstring, the first without a title."""
    pattern = re.compile(rf"^({'|'.join(_FIELDS)})\n-+\n", re.MULTILINE)
    marks = [*pattern.finditer(text)]
    yield "", text[: marks[0].start() if marks else len(text)].strip()
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=False):
        yield mark[1], text[mark.end() : end].strip("\n")


def _items(body: str) -> Iterator[str]:
    """Yield a list of names and what they mean."""
    for block in re.split(r"\n(?=\S)", body.strip("\n")):
        name, _, text = block.partition("\n")
        told = _inline(" ".join(textwrap.dedent(text).split()))
        yield f"- `{name.strip()}`: {told}".rstrip(": ")


def _prose(text: str) -> str:
    """Return paragraphs; indented ones and tables stay as they are."""
    paragraphs = []
    for paragraph in text.split("\n\n"):
        if paragraph.startswith((" ", "|", "-", "::")):
            paragraphs.append(f"```text\n{textwrap.dedent(paragraph)}\n```" if paragraph.startswith(" ") else paragraph)
        else:
            paragraphs.append(_inline(" ".join(paragraph.split())))
    return "\n\n".join(paragraphs)


def _inline(text: str) -> str:
    """Return text whose code is marked as Markdown has it."""
    return re.sub(r"``(.+?)``", r"`\1`", text)


def _errors() -> str:
    """Return the tree of errors."""
    told, _, tree = (inspect.getdoc(errors) or "").partition("::\n\n")
    return f"{told}```text\n{textwrap.dedent(tree).rstrip()}\n```"


if __name__ == "__main__":
    sys.exit(write_page("api.md", page_text, sys.argv[1:]))
