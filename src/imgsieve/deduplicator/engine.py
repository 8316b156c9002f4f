"""What all deduplicators are made of: options, one run of the engine over named images, its figures, its report."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from imgsieve.config import Profile, RunConfig, check_config, profile_of, with_profile
from imgsieve.deduplicator.cache import BoundedFeatureCache
from imgsieve.deduplicator.device import device_of
from imgsieve.deduplicator.figures import MemoryStats, ThreadingStats, memory_stats, threading_stats
from imgsieve.deduplicator.known import CachedFeatures, FeatureCache
from imgsieve.deduplicator.names import ImagePaths, names_of
from imgsieve.deduplicator.outcome import Groups, Outcome, Scores, read_outcome
from imgsieve.deduplicator.reporting import write_full_report
from imgsieve.deduplicator.texts import CallbackFailed, ProgressCallback, ProgressTexts
from imgsieve.errors import ConfigError
from imgsieve.metrics import RunMetrics
from imgsieve.runs import Event, Features, RunFolder, run
from imgsieve.runs.ledger import FeatureLedger
from imgsieve.storage import NamedImages

__all__ = ["Deduplicator", "Place"]

Place: TypeAlias = str | os.PathLike[str]
"""A folder of this machine, or the URL of one in a store."""


class Deduplicator:
    """The part that all deduplicators share. One object does one thing at a time.

    Parameters
    ----------
    config
        Options of the run; None for the defaults.
    profile
        What to spend for speed, as a member or name of `imgsieve.config.Profile`; options of ``config`` that differ
        from their defaults count more.
    execution
        Options of ``[execution]`` by name that count more than both; those that are None are passed over.
    device
        See `imgsieve.deduplicator.device.device_of`.
    feature_cache
        Features of earlier runs; see `imgsieve.HierarchicalDeduplicator`.
    progress_callback
        Called with texts and percents.

    Raises
    ------
    ConfigError
        An option cannot be meant.
    """

    _holds_all_features = False

    def __init__(
        self,
        *,
        config: RunConfig | None,
        profile: Profile | str,
        execution: Mapping[str, int | None],
        device: str | None,
        feature_cache: FeatureCache | int | None,
        progress_callback: ProgressCallback | None,
    ) -> None:
        self.device = device_of(device)
        self.feature_cache = _cache_of(feature_cache)
        self.config = _configured(config, profile, execution, self.device, thumbnails=self.feature_cache is None)
        self._progress_callback = _callback_of(progress_callback)
        self._summary: dict[str, Any] | None = None
        self._ledger: FeatureLedger | None = None
        self._scratch: str | None = None
        self._metrics = RunMetrics()

    @property
    def metrics(self) -> RunMetrics:
        """Figures of the latest run, also while it works, for Prometheus: register this with its library.

        It needs the extra ``imgsieve[metrics]``; see `imgsieve.metrics.RunMetrics`.
        """
        return self._metrics

    @property
    def memory_stats(self) -> MemoryStats:
        """Memory of the latest run; zeros before the first.

        ``peak_memory_mb``: the most resident memory of the process, in 10^6 bytes, sampled every 50 ms; what the system
        counted fills the gaps between. ``stages_memory``: the same by stage. ``features_loaded``: features of images
        that were brought into memory, each time they were, and pictures that stage 4 prepared. ``features_freed``:
        those of them that are gone, counted when the interpreter destroys what held them. ``features_peak_mb``: the
        most that features took at one time, in 10^6 bytes.
        """
        return memory_stats(self._summary, self._ledger)

    @property
    def threading_stats(self) -> ThreadingStats:
        """Threads of the latest run; zeros before the first.

        ``total_threads_used``: threads that carried out a task. ``parallel_speedup``: times as long as the run that one
        thread would have taken; that is what passed while the calling thread did not wait for the others, and the
        processor time of all tasks, times the wall time that a second of it took in tasks that were carried out alone
        (the second of all, and about one in 64 since). ``avg_thread_utilization``: processor time of the tasks
        over the wall time of the threads while there were tasks, from 0 to 1. ``stage_timings``: wall time of each
        stage, in seconds. ``thread_efficiency``: speed-up over number of threads.
        """
        return threading_stats(self._summary)

    def create_report(self, groups: Groups, scores: Scores, output_dir: Place) -> str:
        """Write the full report of a result: static pages with all groups, their scores and what shows them to be one.

        Parameters
        ----------
        groups
            What `imgsieve` found, whole.
        scores
            The scores that came with it, or some of them.
        output_dir
            The ``output_dir`` of the run, by this object or another one. Where this object's latest run had none, any
            new or empty folder of this machine, which becomes its run folder.

        Returns
        -------
        str
            The first page, as a path or URL.

        Raises
        ------
        ConfigError
            ``groups`` are not the result of the run in ``output_dir``, or ``scores`` are of other images.
        RunFolderError
            There is no finished run, or the folder cannot be used.
        """
        return write_full_report(groups, scores, os.fspath(output_dir), self._scratch)

    def _deduplicate(
        self, image_paths: ImagePaths, output_dir: Place | None, callback: ProgressCallback | None
    ) -> tuple[Groups, Scores]:
        """Do one run; errors are those of `imgsieve.runs.run`, and those that the callback raises."""
        names = names_of(image_paths)
        images = NamedImages(names)
        progress = ProgressTexts(_callback_of(callback) or self._progress_callback)
        ledger = self._ledger = FeatureLedger()
        self._summary = None
        outcome = Outcome()

        def read(folder: RunFolder) -> str:
            nonlocal outcome
            outcome = read_outcome(folder, images, names)
            return folder.place

        def listen(event: Event) -> None:
            self._metrics(event)
            progress(event)

        known = None if self.feature_cache is None else CachedFeatures(self.feature_cache)
        features = Features(known=known, ledger=ledger, held=self._holds_all_features)
        place = self._temporary() if output_dir is None else os.fspath(output_dir)
        try:
            with self._metrics.watching():
                result = run(images, place, self.config, listener=listen, report=read, features=features)
                self._metrics.finish(result.summary)
            progress.finish(sum(len(group) > 1 for group in outcome.groups))
        except CallbackFailed as failed:
            raise failed.error from None
        self._summary = result.summary
        if output_dir is not None:
            self._scratch = None
        return outcome.groups, outcome.scores

    def _temporary(self) -> str:
        """Return a folder that lasts as long as this object."""
        self._scratch = tempfile.mkdtemp(prefix="imgsieve-")
        weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        return self._scratch


def _configured(
    config: RunConfig | None,
    profile: Profile | str,
    execution: Mapping[str, int | None],
    device: str,
    *,
    thumbnails: bool,
) -> RunConfig:
    """Return all options of a run."""
    laid = with_profile(check_config(RunConfig() if config is None else config), profile_of(profile))
    given: dict[str, Any] = {name: value for name, value in execution.items() if value is not None}
    return check_config(
        replace(
            laid,
            execution=replace(laid.execution, **given),
            refine=replace(laid.refine, device=device),
            decode=replace(laid.decode, thumbnails=laid.decode.thumbnails and thumbnails),
        )
    )


def _cache_of(given: FeatureCache | int | None) -> FeatureCache | None:
    """Return the cache that is meant by a number of entries, or by itself."""
    if given is None or (hasattr(given, "get_features") and hasattr(given, "put_features")):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return BoundedFeatureCache(given)
    raise ConfigError(f"feature_cache = {given!r} must be a BoundedFeatureCache, its number of entries, or None")


def _callback_of(given: ProgressCallback | None) -> ProgressCallback | None:
    """Return a callback, if it is one."""
    if given is not None and not callable(given):
        raise ConfigError(f"progress_callback = {given!r} cannot be called; it gets a text and a percent")
    return given
