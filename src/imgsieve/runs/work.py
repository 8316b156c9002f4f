"""The work of one run, stage by stage, and its summary."""

from __future__ import annotations

import logging
import shutil
import time
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from imgsieve.config import RunConfig
from imgsieve.errors import ConfigError
from imgsieve.features.embedding import Models
from imgsieve.memory import MemoryPlan, drop_library_pages, reserve_for_pairs, resident_bytes, return_freed_memory
from imgsieve.runs import results
from imgsieve.runs.bill import network_summary
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.comparing import PictureVerifier
from imgsieve.runs.desks import picture_place
from imgsieve.runs.download_cache import DownloadCache
from imgsieve.runs.extraction import Extraction, extract
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.grouping import group
from imgsieve.runs.held_columns import HeldColumns, admit_held
from imgsieve.runs.known import KnownFeatures
from imgsieve.runs.ledger import FeatureLedger
from imgsieve.runs.manifest import Manifest, list_sources
from imgsieve.runs.pictures import PictureReader
from imgsieve.runs.preparation import Preparation
from imgsieve.runs.progress import Done, Monitor
from imgsieve.runs.state import RunState, open_state
from imgsieve.runs.summary import pair_counts
from imgsieve.runs.verification import Verification
from imgsieve.runs.workforce import Workforce, open_workforce, own_threads
from imgsieve.storage import NamedImages, Source, Traffic

__all__ = ["Features", "RunResult", "Work"]

_LOG = logging.getLogger("imgsieve")


@dataclass(frozen=True)
class RunResult:
    """A finished run."""

    place: str
    """The run folder: its path, or its URL without secrets."""
    summary: dict[str, Any]
    """What ``summary.json`` holds."""
    report: str | None = None
    """What was made of it before the folder was given back."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """What becomes of the features of a run beside its folder. None of it changes the result."""

    known: KnownFeatures | None = None
    """Asked before a picture is read, and told what was found."""
    ledger: FeatureLedger | None = None
    """Counts features that come into memory, and that go."""
    held: bool = False
    """Whether all are held in memory at once."""


class Work:
    """The state of one run."""

    def __init__(
        self,
        folder: RunFolder,
        sources: list[Source],
        config: RunConfig,
        monitor: Monitor,
        traffic: Traffic,
        ready: Preparation,
        models: Models,
        names: NamedImages | None,
        features: Features,
    ) -> None:
        self._folder = folder
        self._sources = sources
        self._config = config
        self._monitor = monitor
        self._traffic = traffic
        self._remote = any(source.remote for source in sources)
        self._started = time.time()
        self._ready = ready
        self._models = models
        self._names = names
        self._features = features
        self._clock = time.perf_counter()
        self._executor: Workforce = open_workforce(config, own_threads(ready.workers, traffic.stop))
        if self._executor.elsewhere:
            # What belongs to a cluster is in memory from now on.
            self._ready = replace(ready, base_bytes=resident_bytes())

    def go(self) -> RunResult:
        """Do all stages and write the summary."""
        with closing(self._executor):
            return self._go()

    def _go(self) -> RunResult:
        """Do all stages with the executor at hand."""
        names = None if self._names is None else self._names.fingerprint
        state = open_state(self._folder, [source.uri for source in self._sources], self._config, names)
        manifest = self._list(state)
        self._fit(manifest)
        plan = self._ready.plan(manifest)
        if self._features.held:
            admit_held(plan)
        reader = self._reader(plan)
        with closing(reader):
            cache = self._cache()
            # Where all pictures fit, none is downloaded a second time.
            whole = cache is not None and cache.fits(manifest.bytes)
            extraction = self._extract(state, manifest, reader, cache if whole else None)
            known = extraction.reused or extraction.resumed
            reader.for_stage("local", cache, at_hand=whole and not known)
            held = HeldColumns.of(extraction.features) if self._features.held else extraction.features
            plan, counts, verification = self._group(held, reader, plan)
            if cache is not None:
                cache.remove()
        summary = self._summary(state, manifest, plan, reader, extraction, verification, counts)
        self._folder.write_json("summary.json", summary)
        state.finish()
        _warn(summary)
        return RunResult(self._folder.place, summary)

    def _reader(self, plan: MemoryPlan) -> PictureReader:
        """Return what reads pictures, and tells other processes how to."""
        config = self._config
        place = picture_place(self._sources, config, self._executor.workers) if self._executor.elsewhere else None
        return PictureReader(self._sources, plan, config.decode, config.network.max_concurrency, place, self._traffic)

    def _fit(self, manifest: Manifest) -> None:
        """Work with fewer threads than there are cores where the memory budget asks for it."""
        fitted = self._ready.fitted(manifest)
        if fitted.workers < self._ready.workers:
            self._executor = self._executor.with_threads(own_threads(fitted.workers, self._traffic.stop))
        self._ready = fitted

    def _stage(
        self, name: str, title: str, total: int | None, groups: int | None = None
    ) -> AbstractContextManager[Done]:
        """Time a stage, and count its requests."""
        self._traffic.for_stage(name)
        return self._monitor.stage(name, title, total, groups)

    def _list(self, state: RunState) -> Manifest:
        """Return the frozen manifest of an unfinished run, or list the sources anew."""
        with self._stage("list", "Listing", None) as done:
            frozen = state.manifest()
            if frozen is not None:
                done(frozen.rows)
                return frozen
            manifest = list_sources(self._sources, self._folder, done)
            if self._names is not None and manifest.rows != self._names.count:
                within = self._names.count - manifest.rows
                raise ConfigError(
                    f"{within} of the images lie within the run folder {self._folder.place}; name another folder for "
                    "the results"
                )
            state.freeze(manifest)
            return manifest

    def _extract(
        self, state: RunState, manifest: Manifest, reader: PictureReader, cache: DownloadCache | None
    ) -> Extraction:
        """Describe every image."""
        reader.for_stage("extract", cache)
        with self._stage("extract", "Reading pictures", manifest.rows) as done:
            known, ledger = self._features.known, self._features.ledger
            found = extract(state, manifest, self._config, reader, self._executor, self._models, done, known, ledger)
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

        verifier = PictureVerifier(features, reader, self._executor, self._config)
        counts, verification = group(self._folder, features, self._config, self._executor, self._stage, verifier, admit)
        return kept[0], counts, verification

    def _cache(self) -> DownloadCache | None:
        """Return the place for pictures that stage 4 may want again, never more than half of what the disk has free."""
        if self._executor.elsewhere:
            return None
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
            "executor": self._config.execution.executor,
            "workers": self._executor.workers,
            "threads": self._executor.figures.as_dict(time.perf_counter() - self._clock),
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


def _warn(summary: dict[str, Any]) -> None:
    """Tell of what could not be used."""
    if summary["failed"]:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in summary["failed_by_kind"].items())
        _LOG.warning("images that failed: %d (%s)", summary["failed"], kinds)
    if summary["folders_not_read"]:
        _LOG.warning("folders that could not be listed: %d", len(summary["folders_not_read"]))
    if summary["pairs_not_compared"]:
        _LOG.warning("pairs that could not be compared: %d", summary["pairs_not_compared"])


def _iso(seconds: float) -> str:
    """Return a moment as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
