"""Runs: the folder they leave, what they depend on, and the order of their work."""

from imgsieve.runs.folder import RunFolder
from imgsieve.runs.pipeline import run
from imgsieve.runs.progress import Event, Listener
from imgsieve.runs.work import Features, RunResult

__all__ = ["Event", "Features", "Listener", "RunFolder", "RunResult", "run"]
