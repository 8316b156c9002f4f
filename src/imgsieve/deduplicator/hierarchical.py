"""The reference: all features in memory at once."""

from __future__ import annotations

from imgsieve.config import Profile, RunConfig
from imgsieve.deduplicator.engine import Deduplicator, Place
from imgsieve.deduplicator.known import FeatureCache
from imgsieve.deduplicator.names import ImagePaths
from imgsieve.deduplicator.outcome import Groups, Scores
from imgsieve.deduplicator.texts import ProgressCallback

__all__ = ["HierarchicalDeduplicator"]


class HierarchicalDeduplicator(Deduplicator):
    """Finds duplicates with the features of all images in memory at once: the reference for the others.

    It finds the same as `imgsieve.MemoryEfficientDeduplicator`, which is to be preferred for more than some ten
    thousand images: features take 3.3 kB an image here, as long as the run lasts.

    Parameters
    ----------
    config
        Options of the run; None for the defaults. Those of ``[source]`` must be the defaults, as images are named.
    profile
        What to spend for speed: ``memory``, ``balanced`` or ``speed``. It never changes the result. Options of
        ``config`` that differ from their defaults count more.
    device
        ``cpu``, ``auto`` or None. ``cuda`` and ``cuda:N`` fall back to the processor with one warning.
    feature_cache
        Features of images that were seen before, to be reused: a `imgsieve.BoundedFeatureCache`, a number of entries
        for a new one, or None. Features are found again by URL, size, ETag (or time of change) and options. With a
        cache no thumbnails are made, as it keeps no pictures; reports name images then without showing them.
    progress_callback
        Called on the calling thread with a text such as ``Stage 3: Global refinement: 45/200 groups`` and a percent
        from 0 to 100 that never falls; at the end with 100. An error that it raises ends the run and is raised as it
        is; the same call goes on from there, if ``output_dir`` is given.

    Raises
    ------
    ConfigError
        An option cannot be meant.

    Examples
    --------
    >>> from imgsieve import HierarchicalDeduplicator
    >>> groups, scores = HierarchicalDeduplicator().deduplicate(["a.jpg", "b.jpg"])  # doctest: +SKIP
    """

    _holds_all_features = True

    def __init__(
        self,
        *,
        config: RunConfig | None = None,
        profile: Profile | str = Profile.BALANCED,
        device: str | None = "cpu",
        feature_cache: FeatureCache | int | None = None,
        progress_callback: ProgressCallback | None = None,
    ) -> None:
        super().__init__(
            config=config,
            profile=profile,
            execution={},
            device=device,
            feature_cache=feature_cache,
            progress_callback=progress_callback,
        )

    def deduplicate(
        self,
        image_paths: ImagePaths,
        output_dir: Place | None = None,
        progress_callback: ProgressCallback | None = None,
    ) -> tuple[Groups, Scores]:
        """Find the duplicates among images.

        Parameters
        ----------
        image_paths
            Paths, ``file://`` URLs and URLs of any store (``az://``, ``s3://``, ``gs://``, ...), mixed, in any order.
            Links are followed.
        output_dir
            The run folder, a path or URL; with the same images and options a run goes on there, with others it takes
            over the features that it knows. None for a temporary one that lasts as long as this object.
        progress_callback
            Used in the place of that of the constructor.

        Returns
        -------
        ``(groups, similarity_scores)``.

        ``groups`` is a list of lists that hold every given name, once for each time it is given. The first of a group
        is its keeper, the others were each verified against it; images alone, missing and damaged ones are in groups of
        one. Groups are in the order of their keepers. Where several names mean one image, the lowest stands in its
        group and each other one alone, so that removing all of a group but its first never removes the only copy.

        ``similarity_scores`` tells by pairs of names, the lower name first, how much of two pictures agrees once they
        are aligned, from 0 to 1: the share of textured blocks that correlate (``block_share`` of stage 4). It is 1.0
        for equal bytes or pixels, and for smooth pictures of the same colors everywhere. Each duplicate has a score
        with its keeper; other pairs that stage 4 accepted on the way have theirs.

        Raises
        ------
        ConfigError
            ``image_paths`` is empty or no list of names, or the options do not fit it.
        SourceError
            A URL cannot be read, credentials are missing, or a store cannot be reached.
        RunFolderError
            ``output_dir`` cannot be written, or belongs to a run with other options or of another kind.
        MemoryBudgetError
            The memory budget cannot be kept.
        Interrupted
            The user stopped the run.
        """
        return self._deduplicate(image_paths, output_dir, progress_callback)
