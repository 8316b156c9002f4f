"""A run from its sources to its result: plan, then the stages in their order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imgsieve.config import RunConfig
from imgsieve.errors import Interrupted, SourceError
from imgsieve.executors import Executor, ThreadExecutor
from imgsieve.features.embedding import open_model
from imgsieve.memory import MemoryPlan, drop_library_pages, reserve_for_pairs, return_freed_memory
from imgsieve.runs import results
from imgsieve.runs.bill import network_summary
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.comparing import PictureVerifier
from imgsieve.runs.download_cache import DownloadCache
from imgsieve.runs.extraction import Extraction, extract
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.grouping import group
from imgsieve.runs.manifest import Manifest, list_sources
from imgsieve.runs.mirror import open_run_folder
from imgsieve.runs.pictures import PictureReader
from imgsieve.runs.preparation import Preparation, prepare
from imgsieve.runs.progress import Listener, Monitor
from imgsieve.runs.state import RunState, open_state
from imgsieve.runs.summary import pair_counts
from imgsieve.runs.verification import Verification
from imgsieve.stages.extraction import Embed
from imgsieve.storage import ListingFilter, Source, Traffic, open_source

__all__ = ["RunResult", "run"]


@dataclass(frozen=True)
class RunResult:
    """A finished run."""

    place: str
    """The run folder: its path, or its URL without secrets."""
    summary: dict[str, Any]
    """What ``summary.json`` holds."""
    report: str | None = None
    """What was made of it before the folder was given back."""


def run(
    sources: Sequence[str],
    out: Path | str,
    config: RunConfig | None = None,
    *,
    listener: Listener | None = None,
    report: Callable[[RunFolder], str] | None = None,
) -> RunResult:
    """Find the duplicates among the images of some sources.

    Parameters
    ----------
    sources
        Folders, as paths or ``file://`` URLs, and containers or buckets: see `imgsieve.storage.addresses`.
    out
        The run folder, a path or a URL of an object store; a run that was interrupted there goes on.
    config
        Options; None for the defaults.
    listener
        Told of progress.
    report
        Called with the folder of the complete run, while nobody else may use it.

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
    config = config or RunConfig()
    if not sources:
        raise SourceError("no source is given; name at least one folder")
    filters = ListingFilter.of(config.source)
    where = ""
    monitor = Monitor(listener)
    try:
        with Traffic(config.network).open() as traffic, monitor.sampling():
            traffic.for_stage("prepare")
            opened = [open_source(place, filters, traffic) for place in dict.fromkeys(sources)]
            embed = open_model(config.refine.descriptor)
            folder = open_run_folder(out, traffic)
            where = f" (run folder: {folder.place})"
            with folder.locked():
                with monitor.stage("prepare", "Preparing", None):
                    ready = prepare(config, remote=any(source.remote for source in opened))
                result = _Run(folder, opened, config, monitor, traffic, ready, embed).go()
                return result if report is None else replace(result, report=report(folder))
    except KeyboardInterrupt:
        raise Interrupted(f"stopped; the same command goes on from here{where}") from None


class _Run:
    """The state of one run."""

    def __init__(
        self,
        folder: RunFolder,
        sources: list[Source],
        config: RunConfig,
        monitor: Monitor,
        traffic: Traffic,
        ready: Preparation,
        embed: Embed | None,
    ) -> None:
        self._folder = folder
        self._sources = sources
        self._config = config
        self._monitor = monitor
        self._traffic = traffic
        self._remote = any(source.remote for source in sources)
        self._started = time.time()
        self._ready = ready
        self._embed = embed
        self._executor: Executor = ThreadExecutor(ready.workers, on_error=traffic.stop)

    def go(self) -> RunResult:
        """Do all stages and write the summary."""
        state = open_state(self._folder, [source.uri for source in self._sources], self._config)
        manifest = self._list(state)
        plan = self._ready.plan(manifest)
        reader = PictureReader(self._sources, plan, self._config.decode, self._config.network.max_concurrency)
        with closing(reader):
            cache = self._cache()
            # Where all pictures fit, none is downloaded a second time.
            whole = cache is not None and cache.fits(manifest.bytes)
            extraction = self._extract(state, manifest, reader, cache if whole else None)
            known = extraction.reused or extraction.resumed
            reader.for_stage("local", cache, at_hand=whole and not known)
            plan, counts, verification = self._group(extraction.features, reader, plan)
            if cache is not None:
                cache.remove()
        summary = self._summary(state, manifest, plan, reader, extraction, verification, counts)
        self._folder.write_json("summary.json", summary)
        state.finish()
        return RunResult(self._folder.place, summary)

    def _stage(self, name: str, title: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
        """Time a stage, and count its requests."""
        self._traffic.for_stage(name)
        return self._monitor.stage(name, title, total)

    def _list(self, state: RunState) -> Manifest:
        """Return the frozen manifest of an unfinished run, or list the sources anew."""
        with self._stage("list", "Listing", None) as done:
            frozen = state.manifest()
            if frozen is not None:
                done(frozen.rows)
                return frozen
            manifest = list_sources(self._sources, self._folder, done)
            state.freeze(manifest)
            return manifest

    def _extract(
        self, state: RunState, manifest: Manifest, reader: PictureReader, cache: DownloadCache | None
    ) -> Extraction:
        """Describe every image."""
        reader.for_stage("extract", cache)
        with self._stage("extract", "Reading pictures", manifest.rows) as done:
            found = extract(state, manifest, self._config, reader, self._executor, self._embed, done)
        return_freed_memory()
        drop_library_pages()
        return found

    def _group(
        self, features: FeatureColumns, reader: PictureReader, plan: MemoryPlan
    ) -> tuple[MemoryPlan, results.Counts, Verification]:
        """Propose, judge, verify and group; the plan is kept to once the pairs are known."""
        kept = [plan]

        def admit(pairs: int, connected: int) -> None:
            kept[0] = reserve_for_pairs(plan, pairs, connected)
            reader.keep_to(kept[0])

        verifier = PictureVerifier(features, reader, self._executor, self._config.local)
        counts, verification = group(self._folder, features, self._config, self._executor, self._stage, verifier, admit)
        return kept[0], counts, verification

    def _cache(self) -> DownloadCache | None:
        """Return the place for pictures that stage 4 may want again, never more than half of what the disk has free."""
        limit = min(self._config.network.cache_bytes, shutil.disk_usage(self._folder.root).free // 2)
        return DownloadCache(self._folder.root / "cache", limit) if self._remote and limit else None

    def _summary(
        self,
        state: RunState,
        manifest: Manifest,
        plan: MemoryPlan,
        reader: PictureReader,
        extraction: Extraction,
        verification: Verification,
        counts: results.Counts,
    ) -> dict[str, Any]:
        """Put the figures of the run together."""
        finished = time.time()
        return {
            "version": state.version,
            "sources": [source.uri for source in self._sources],
            "out": self._folder.place,
            "started": _iso(self._started),
            "finished": _iso(finished),
            "seconds": round(finished - self._started, 3),
            "workers": self._executor.workers,
            "bytes": manifest.bytes,
            **asdict(counts),
            "links_not_followed": manifest.passed_over,
            "folders_not_read": list(manifest.unreadable),
            "reused_features": extraction.reused,
            "resumed_images": extraction.resumed,
            "reused_verdicts": verification.taken_over,
            "pairs_not_compared": verification.uncompared,
            "fetches": {
                "gets": sum(counted["gets"] for counted in reader.gets.values()),
                "bytes": sum(counted["bytes"] for counted in reader.gets.values()),
                "by_stage": reader.gets,
            },
            "network": network_summary(self._traffic, self._sources, self._config.prices),
            "pairs": pair_counts(self._folder),
            "stages": [stage.as_dict() for stage in self._monitor.stages],
            "memory": {
                "budget_bytes": plan.budget_bytes,
                "projected_peak_bytes": plan.projected_bytes,
                "projected_by_stage": plan.projected_by_stage,
                "measured_peak_bytes": self._monitor.peak_rss_bytes,
                "base_bytes": plan.base_bytes,
            },
            "config": self._config.as_dict(),
            "fingerprint": self._config.fingerprint(),
        }


def _iso(seconds: float) -> str:
    """Return a moment as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
