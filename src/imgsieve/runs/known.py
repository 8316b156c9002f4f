"""Features that are known from elsewhere than the run folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from imgsieve.stages.extraction import Described

__all__ = ["KnownFeatures"]


class KnownFeatures(Protocol):
    """Remembers what pictures are like, between runs and beside their folders. Called by one thread of a run."""

    def get(self, image: Mapping[str, Any], recipe: str) -> Described | None:
        """Return the features of an image of the manifest; None when they are not known.

        Parameters
        ----------
        image
            A row of `imgsieve.schema.MANIFEST`: they must be of this very URL, size and ETag.
        recipe
            The options on which features depend; see `imgsieve.config.RunConfig.recipe`.
        """
        ...

    def put(self, image: Mapping[str, Any], recipe: str, described: Described) -> None:
        """Remember the features of an image; never those of one that failed."""
        ...
