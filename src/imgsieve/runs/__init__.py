"""Runs: the folder they leave, what they depend on, and the order of their work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imgsieve.runs.folder import RunFolder
    from imgsieve.runs.pipeline import run
    from imgsieve.runs.progress import Event, Listener
    from imgsieve.runs.work import Features, RunResult

__all__ = ["Event", "Features", "Listener", "RunFolder", "RunResult", "run"]

_PLACES = {
    "Event": "progress",
    "Features": "work",
    "Listener": "progress",
    "RunFolder": "folder",
    "RunResult": "work",
    "run": "pipeline",
}
"""Names by the module that they are loaded from when they are first asked for."""


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for: a question to a finished run needs the folder, and not the engine."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - only where it is needed

    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
