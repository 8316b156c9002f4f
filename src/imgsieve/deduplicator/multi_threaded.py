"""The quick one: as many threads as asked for."""

from __future__ import annotations

from imgsieve.config import Profile, RunConfig
from imgsieve.deduplicator.engine import Deduplicator, Place
from imgsieve.deduplicator.known import FeatureCache
from imgsieve.deduplicator.names import ImagePaths
from imgsieve.deduplicator.outcome import Groups, Scores
from imgsieve.deduplicator.texts import ProgressCallback
from imgsieve.errors import ConfigError

__all__ = ["MultiThreadedDeduplicator"]


class MultiThreadedDeduplicator(Deduplicator):
    """Finds duplicates with several threads, in bounded memory.

    Parameters
    ----------
    feature_cache, device, max_group_size_color, max_group_size_global, max_group_size_local, gc_frequency
        As for `imgsieve.MemoryEfficientDeduplicator`.
    progress_callback
        As for `imgsieve.HierarchicalDeduplicator`.
    max_workers
        Threads that describe and compare, from 1. None for one a core that this process may use, and fewer where the
        memory budget has no room for so many. Files of stores are fetched by further threads: up to
        ``config.network.max_concurrency``, as many as bring more throughput.
    chunk_size
        Images that a worker describes at one go, from 1. None for what the profile says, and fewer where there would be
        too few goes for all workers.
    profile
        As for `imgsieve.HierarchicalDeduplicator`.
    config
        As for `imgsieve.HierarchicalDeduplicator`.

    Raises
    ------
    ConfigError
        An option cannot be meant.

    Examples
    --------
    >>> from imgsieve import MultiThreadedDeduplicator
    >>> quick = MultiThreadedDeduplicator(max_workers=2, chunk_size=4)
    >>> groups, scores = quick.deduplicate_multithreaded(["a.jpg", "b.jpg"], "out")  # doctest: +SKIP
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
        max_workers: int | None = None,
        chunk_size: int | None = None,
        *,
        profile: Profile | str = Profile.BALANCED,
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
                "workers": _from_one("max_workers", max_workers),
                "chunk_size": _from_one("chunk_size", chunk_size),
            },
            device=device,
            feature_cache=feature_cache,
            progress_callback=progress_callback,
        )

    def deduplicate_multithreaded(
        self,
        image_paths: ImagePaths,
        output_dir: Place | None = None,
        progress_callback: ProgressCallback | None = None,
    ) -> tuple[Groups, Scores]:
        """Find the duplicates among images.

        Parameters, result and errors are those of `imgsieve.HierarchicalDeduplicator.deduplicate`, and the result is
        the same, whatever the number of threads.

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


def _from_one(name: str, value: int | None) -> int | None:
    """Return a number that is at least 1, or None; 0 would stand for None in the options of a run."""
    if value == 0 or isinstance(value, bool):
        raise ConfigError(f"{name} = {value!r} does not fit; it must be 1 or more, or None")
    return value
