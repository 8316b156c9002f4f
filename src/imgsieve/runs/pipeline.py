"""A run from its sources to its result: all is checked and opened, then the work is done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from imgsieve.config import RunConfig, SourceConfig, check_config
from imgsieve.errors import ConfigError, Interrupted, SourceError
from imgsieve.features.embedding import open_models
from imgsieve.features.sessions import usable_device
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.mirror import open_run_folder
from imgsieve.runs.preparation import prepare
from imgsieve.runs.progress import Listener, Monitor
from imgsieve.runs.work import Features, RunResult, Work
from imgsieve.runs.workforce import check_places
from imgsieve.storage import ListingFilter, NamedImages, Source, Traffic, open_named, open_source

__all__ = ["run"]

_LOG = logging.getLogger("imgsieve")


def run(
    sources: Sequence[str] | NamedImages,
    out: Path | str,
    config: RunConfig | None = None,
    *,
    listener: Listener | None = None,
    report: Callable[[RunFolder], str] | None = None,
    features: Features | None = None,
) -> RunResult:
    """Find the duplicates among the images of some sources.

    Parameters
    ----------
    sources
        Folders, as paths or ``file://`` URLs, and containers or buckets: see `imgsieve.storage.addresses`. Or images
        that are named one by one; then the options of ``[source]``, which choose among files, must be the defaults.
    out
        The run folder, a path or a URL of an object store; a run that was interrupted there goes on.
    config
        Options; None for the defaults.
    listener
        Told of progress.
    report
        Called with the folder of the complete run, while nobody else may use it.
    features
        What becomes of features beside the run folder; None for nothing.

    Raises
    ------
    ConfigError
        An option is wrong.
    SourceError
        A source cannot be listed, or holds no files.
    RunFolderError
        The run folder cannot be used, or belongs to another run.
    MemoryBudgetError
        The memory budget cannot be kept.
    Interrupted
        The user stopped the run.
    """
    config = _on_usable_device(check_config(config or RunConfig()))
    filters = _filters(sources, config.source)
    check_places(sources, str(out), config)
    where = ""
    monitor = Monitor(listener)
    try:
        with Traffic(config.network).open() as traffic, monitor.sampling():
            traffic.for_stage("prepare")
            opened = _opened(sources, filters, traffic)
            models = open_models(config.refine)
            folder = open_run_folder(out, traffic)
            where = f" (run folder: {folder.place})"
            with folder.locked():
                with monitor.stage("prepare", "Preparing", None):
                    ready = prepare(config, remote=any(source.remote for source in opened))
                names = sources if isinstance(sources, NamedImages) else None
                result = Work(
                    folder, opened, config, monitor, traffic, ready, models, names, features or Features()
                ).go()
                return result if report is None else replace(result, report=report(folder))
    except KeyboardInterrupt:
        raise Interrupted(f"stopped; the same command goes on from here{where}") from None


def _on_usable_device(config: RunConfig) -> RunConfig:
    """Return the options with the processor in place of a device that is not there."""
    return replace(config, refine=replace(config.refine, device=usable_device(config.refine.device, _LOG.warning)))


def _filters(sources: Sequence[str] | NamedImages, config: SourceConfig) -> ListingFilter:
    """Return which files are listed, and refuse what cannot be meant."""
    if isinstance(sources, NamedImages):
        if config != SourceConfig():
            raise ConfigError(
                "the options of [source] choose among the files of folders; images named one by one are all taken, so "
                "leave these options out"
            )
        if not sources.count:
            raise ConfigError("no image is named; name at least one")
    elif not sources:
        raise SourceError("no source is given; name at least one folder")
    return ListingFilter.of(config)


def _opened(sources: Sequence[str] | NamedImages, filters: ListingFilter, traffic: Traffic) -> list[Source]:
    """Open all sources."""
    if isinstance(sources, NamedImages):
        return open_named(sources, traffic)
    return [open_source(place, filters, traffic) for place in dict.fromkeys(sources)]
