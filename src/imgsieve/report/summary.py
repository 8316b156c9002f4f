"""The summary of a run, with every key that may be missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imgsieve.errors import RunFolderError

__all__ = ["flatten", "read_summary", "stage_titles"]

DEFAULTS: dict[str, Any] = {
    "version": "",
    "sources": [],
    "started": "",
    "finished": "",
    "seconds": None,
    "links_not_followed": 0,
    "reused_features": 0,
    "fetches": {},
    "network": None,
    "stages": [],
    "memory": {},
    "pairs": {},
    "config": {},
    "fingerprint": "",
}


def read_summary(run: Path) -> dict[str, Any]:
    """Read ``summary.json``, with defaults for what is missing or null.

    Raises
    ------
    RunFolderError
        If the file is missing or is no JSON object.
    """
    path = run / "summary.json"
    try:
        summary = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} does not exist; a report needs a finished run.") from error
    except ValueError as error:
        raise RunFolderError(f"{path} is not JSON: {error}") from error
    if not isinstance(summary, dict):
        raise RunFolderError(f"{path} holds a {type(summary).__name__}, not an object.")
    return DEFAULTS | {key: value for key, value in summary.items() if value is not None}


def stage_titles(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return the title of each stage by its name."""
    return {stage["name"]: stage.get("title") or stage["name"].capitalize() for stage in summary["stages"]}


def flatten(config: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """List the options of a nested configuration by dotted names.

    Examples
    --------
    >>> flatten({"color": {"max_distance": 3.5}, "sources": ["a", "b"]})
    [('color.max_distance', '3.5'), ('sources', 'a, b')]
    """
    rows: list[tuple[str, str]] = []
    for key, value in config.items():
        if isinstance(value, Mapping):
            rows += flatten(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", _option(value)))
    return rows


def _option(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_option(item) for item in value) or "none"
    if value is None or isinstance(value, bool):
        return {None: "not set", True: "yes", False: "no"}[value]
    return str(value)
