"""Options that several commands have, and options that come as one object."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from imgsieve.config import Effort

__all__ = ["SEVERAL", "ConfigFile", "Search", "takes"]

SEVERAL = "May be given several times."

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        help="Options from a TOML file, one table a stage; flags win over it.",
    ),
]


Search = Annotated[
    Effort,
    typer.Option(
        help="How hard to search. fast: whole pictures alone. balanced: crops to half of a picture, screenshots and "
        "tilted pictures as well. thorough: smaller parts, mirrored and turned ones, too.",
    ),
]


def takes(kind: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each field of a dataclass; it gets them as one object, named ``options``.

    Parameters
    ----------
    kind
        The dataclass; its fields are typed and have defaults as parameters of a command.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        names = [field.name for field in dataclasses.fields(kind)]

        @functools.wraps(command)
        def called(**given: Any) -> None:
            options = kind(**{name: given.pop(name) for name in names})
            command(**given, options=options)

        # The command line library reads these.
        own = inspect.signature(command, eval_str=True).parameters
        parameters = [*(own[name] for name in own if name != "options"), *_parameters(kind)]
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return called

    return decorated


def _parameters(kind: type) -> list[inspect.Parameter]:
    """Return the fields of a dataclass as parameters."""
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in dataclasses.fields(kind)
    ]
