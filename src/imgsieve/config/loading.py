"""Options from a TOML file and from flags, checked by the types of their defaults."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imgsieve.config.checking import check_config, checked
from imgsieve.config.efforts import EFFORTS, Effort
from imgsieve.config.profiles import PROFILES, Profile, profile_of
from imgsieve.config.run import RunConfig
from imgsieve.errors import ConfigError

__all__ = ["load_config"]


def load_config(
    path: Path | None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    effort: Effort = Effort.BALANCED,
    profile: Profile | str | None = None,
) -> RunConfig:
    """Read a TOML file of options and lay ``overrides`` over it.

    Parameters
    ----------
    path
        A TOML file with tables named as the fields of `RunConfig`, and ``profile = "NAME"`` above them if wished; None
        for the defaults.
    overrides
        Options by table; those that are None are passed over.
    effort
        How hard to search; what the file says of the same options counts more.
    profile
        What to spend for speed; None for what the file says, or ``balanced``. What the file says of single options
        counts more.

    Raises
    ------
    ConfigError
        The file cannot be read, or names a table or option that does not exist, or a value has the wrong type or is
        out of its range.
    """
    tables: dict[str, Any] = {}
    if path is not None:
        try:
            tables = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"the configuration {path} cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"the configuration {path} is not TOML: {error}") from error
    named = tables.pop("profile", Profile.BALANCED)
    chosen = profile_of(named if profile is None else profile)
    sections = {f.name: f.default_factory for f in dataclasses.fields(RunConfig)}
    for name, table in tables.items():
        if name not in sections:
            raise ConfigError(f"{path}: there is no table [{name}]; there are {', '.join(sections)}")
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {name} must be a table")
    for name, options in [*EFFORTS[effort].items(), *PROFILES[chosen].items()]:
        tables[name] = {**options, **tables.get(name, {})}
    for name, options in (overrides or {}).items():
        given = {key: value for key, value in options.items() if value is not None}
        tables[name] = {**tables.get(name, {}), **given}
    made = {name: _section(name, make(), tables.get(name, {})) for name, make in sections.items()}  # type: ignore[operator]
    return check_config(RunConfig(**made))


def _section(name: str, defaults: Any, given: Mapping[str, Any]) -> Any:
    """Return ``defaults`` with the options that are given, each checked against the type of its default."""
    known = {f.name: getattr(defaults, f.name) for f in dataclasses.fields(defaults)}
    values = {}
    for key, value in given.items():
        if key not in known:
            raise ConfigError(f"[{name}] has no option {key!r}; it has {', '.join(known)}")
        values[key] = checked(f"{name}.{key}", value, known[key])
    return dataclasses.replace(defaults, **values)
