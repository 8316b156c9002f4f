"""Progress of a run as texts and percents, for callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from imgsieve.errors import ImgsieveError
from imgsieve.runs import Event

__all__ = ["CallbackFailed", "ProgressCallback", "ProgressTexts", "text_of"]

ProgressCallback: TypeAlias = Callable[[str, float], object]
"""Called with a text such as ``Stage 3: Global refinement: 45/200 groups``, and how much of all is done, 0 to 100."""

_UNITS = {"list": "images", "extract": "images", "wavelet": "images", "local": "pairs", "quality": "images"}

_SPANS = {
    "prepare": (0.0, 2.0),
    "list": (2.0, 4.0),
    "extract": (4.0, 60.0),
    "wavelet": (60.0, 70.0),
    "color": (70.0, 74.0),
    "global": (74.0, 80.0),
    "local": (80.0, 97.0),
    "quality": (97.0, 99.0),
}
"""Where in the whole each stage begins and ends, in percent, by what they take of runs over photographs."""


class CallbackFailed(ImgsieveError):
    """A callback raised an error.

    Parameters
    ----------
    error
        What it raised.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class ProgressTexts:
    """Tells a callback of the events of a run; percents never fall.

    Parameters
    ----------
    callback
        The callback; None for nobody.
    """

    def __init__(self, callback: ProgressCallback | None) -> None:
        self._callback = callback
        self._percent = 0.0

    def __call__(self, event: Event) -> None:
        """Tell of an event.

        Raises
        ------
        CallbackFailed
            The callback raised an error.
        """
        low, high = _SPANS.get(event.stage, (self._percent, self._percent))
        self._tell(text_of(event), low + (high - low) * _share(event))

    def finish(self, groups: int) -> None:
        """Tell that all is done; ``groups`` is the number of groups with duplicates."""
        self._tell(f"Finished: {groups} groups with duplicates", 100.0)

    def _tell(self, text: str, percent: float) -> None:
        self._percent = max(self._percent, percent)
        if self._callback is None:
            return
        try:
            self._callback(text, self._percent)
        except Exception as error:
            raise CallbackFailed(error) from error


def text_of(event: Event) -> str:
    """Return what an event tells, such as ``Stage 3: Global refinement: 45/200 groups``."""
    if event.groups is not None and event.groups_total is not None:
        return f"{event.title}: {event.groups}/{event.groups_total} groups"
    unit = _UNITS.get(event.stage)
    if unit is None or (event.finished and not event.done):
        return event.title
    total = event.total if event.total is not None else event.most
    of = "" if total is None or event.finished else f"/{total}"
    return f"{event.title}: {event.done}{of} {unit}"


def _share(event: Event) -> float:
    """Return how much of its stage an event tells to be done, from 0 to 1."""
    if event.finished:
        return 1.0
    done, total = (event.groups, event.groups_total) if event.groups_total else (event.done, event.total or event.most)
    return min((done or 0) / total, 1.0) if total else 0.0
