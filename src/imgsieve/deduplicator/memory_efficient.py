"""The sparing one: features are read in pieces and let go of."""

from __future__ import annotations

from typing import Any

from imgsieve.config import Profile, RunConfig
from imgsieve.deduplicator.engine import Deduplicator, Place
from imgsieve.deduplicator.known import FeatureCache
from imgsieve.deduplicator.names import ImagePaths
from imgsieve.deduplicator.outcome import Groups, Scores
from imgsieve.deduplicator.texts import ProgressCallback

__all__ = ["MemoryEfficientDeduplicator", "create_memory_efficient_deduplicator"]


class MemoryEfficientDeduplicator(Deduplicator):
    """Finds duplicates in bounded memory, however many images there are.

    Parameters
    ----------
    feature_cache
        As for `imgsieve.HierarchicalDeduplicator`.
    device
        As for `imgsieve.HierarchicalDeduplicator`.
    max_group_size_color
        Images whose features a worker of stage 2 holds at one time, from 2. Larger groups of candidates are worked
        through in pieces; none is skipped or cut, and the result is the same. None for what the profile says.
    max_group_size_global
        The same for stage 3.
    max_group_size_local
        Images that stage 4 looks up at one time, from 2; of these, a worker holds two pictures.
    gc_frequency
        Groups of candidates that stages 2 to 4 work through between two hand-backs of freed memory to the system,
        beside those between the stages; 0 for these alone. None for what the profile says.
    progress_callback
        As for `imgsieve.HierarchicalDeduplicator`.
    profile
        As for `imgsieve.HierarchicalDeduplicator`; here ``memory`` is the default: one worker and small pieces.
    config
        As for `imgsieve.HierarchicalDeduplicator`.

    Raises
    ------
    ConfigError
        An option cannot be meant.

    Examples
    --------
    >>> from imgsieve import MemoryEfficientDeduplicator
    >>> sparing = MemoryEfficientDeduplicator(max_group_size_local=100)
    >>> groups, scores = sparing.deduplicate_memory_efficient(["a.jpg", "az://b/c.jpg"], "out")  # doctest: +SKIP
    """

    def __init__(
        self,
        feature_cache: FeatureCache | int | None = None,
        device: str | None = "cpu",
        max_group_size_color: int | None = None,
        max_group_size_global: int | None = None,
        max_group_size_local: int | None = None,
        gc_frequency: int | None = None,
        progress_callback: ProgressCallback | None = None,
        *,
        profile: Profile | str = Profile.MEMORY,
        config: RunConfig | None = None,
    ) -> None:
        super().__init__(
            config=config,
            profile=profile,
            execution={
                "max_group_size_color": max_group_size_color,
                "max_group_size_global": max_group_size_global,
                "max_group_size_local": max_group_size_local,
                "gc_frequency": gc_frequency,
            },
            device=device,
            feature_cache=feature_cache,
            progress_callback=progress_callback,
        )

    def deduplicate_memory_efficient(
        self,
        image_paths: ImagePaths,
        output_dir: Place | None = None,
        progress_callback: ProgressCallback | None = None,
    ) -> tuple[Groups, Scores]:
        """Find the duplicates among images.

        Parameters, result and errors are those of `imgsieve.HierarchicalDeduplicator.deduplicate`, and the result is
        the same.

        Parameters
        ----------
        image_paths
            Paths and URLs, mixed, in any order.
        output_dir
            The run folder, a path or URL; None for a temporary one that lasts as long as this object.
        progress_callback
            Used in the place of that of the constructor.

        Returns
        -------
        ``(groups, similarity_scores)``: lists of the given names, the keeper of each group first; and the share of the
        textured blocks of two pictures that agree, from 0 to 1, by pairs of names, the lower first.
        """
        return self._deduplicate(image_paths, output_dir, progress_callback)


def create_memory_efficient_deduplicator(
    feature_cache: FeatureCache | int | None = None, **options: Any
) -> MemoryEfficientDeduplicator:
    """Return a `MemoryEfficientDeduplicator` with a cache of features.

    Parameters
    ----------
    feature_cache
        The cache, its number of entries, or None for none.
    **options
        Other arguments of `MemoryEfficientDeduplicator`.

    Raises
    ------
    ConfigError
        An option cannot be meant.
    """
    return MemoryEfficientDeduplicator(feature_cache, **options)
