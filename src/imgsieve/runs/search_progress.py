"""How far stage 1 is."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["SearchProgress"]

_SHARES = {"whole": 20, "trimmed": 3, "voted": 12}
"""What a picture takes in each part of the work, measured, as shares."""


class SearchProgress:
    """How much of stage 1 is done; a part of the work counts by what it takes."""

    def __init__(self, done: Callable[[int], None], images: int, asking: int, voting: bool) -> None:
        self._done = done
        self._images = images
        self._total = max(asking, 1) * (_SHARES["whole"] + _SHARES["trimmed"] + voting * _SHARES["voted"])
        self._sum = 0.0

    def add(self, work: str, pictures: int) -> None:
        """Count pictures that have been through one part of the work."""
        self._sum += _SHARES[work] * pictures
        self._done(min(self._images, int(self._images * self._sum / self._total)))
