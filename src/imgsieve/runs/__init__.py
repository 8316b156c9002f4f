"""Runs: the folder they leave, what they depend on, and the order of their work."""

from imgsieve.runs.folder import RunFolder
from imgsieve.runs.pipeline import RunResult, run
from imgsieve.runs.progress import Event, Listener

__all__ = ["Event", "Listener", "RunFolder", "RunResult", "run"]
