"""Figures of a run while it works and once it is over, as ``prometheus_client`` collects them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgsieve.errors import ConfigError
from imgsieve.metrics.families import SUMMARY_FAMILIES, Sample
from imgsieve.runs.progress import Event

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily, Metric

__all__ = ["RunMetrics"]

_PREFIX = "imgsieve_"


@dataclass(slots=True)
class _Stage:
    """How far a stage is."""

    began: float
    seconds: float = 0.0
    done: int = 0
    total: int | None = None


class RunMetrics:
    """The figures of the latest run, a collector for ``prometheus_client``, which is the extra ``imgsieve[metrics]``.

    All figures are gauges of the latest run: ``imgsieve_run_working`` is 1 while it works; of each stage there are
    ``imgsieve_stage_items`` that are done, ``imgsieve_stage_items_expected`` where that is known, and
    ``imgsieve_stage_seconds``. Once it is over, those of ``summary.json`` come with them: images by what became of
    them, failures by kind, pairs by verdict, fetches, bytes and requests by stage, memory, threads. They may be
    collected by any thread at any time, and nothing is asked of the library before that.

    Parameters
    ----------
    clock
        Seconds, from any moment on.

    Examples
    --------
    >>> from prometheus_client import REGISTRY, start_http_server  # doctest: +SKIP
    >>> REGISTRY.register(deduplicator.metrics)  # doctest: +SKIP
    >>> server, thread = start_http_server(9000)  # doctest: +SKIP
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stages: dict[str, _Stage] = {}
        self._summary: Mapping[str, Any] | None = None
        self._is_working = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Forget the run before, and tell that one works as long as the context lasts."""
        with self._lock:
            self._stages, self._summary, self._is_working = {}, None, True
        try:
            yield
        finally:
            with self._lock:
                self._is_working = False

    def __call__(self, event: Event) -> None:
        """Take note of the progress of the run."""
        now = self._clock()
        with self._lock:
            stage = self._stages.setdefault(event.stage, _Stage(now))
            stage.seconds, stage.done, stage.total = now - stage.began, event.done, event.total

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Take the summary of the run, which came to its end."""
        with self._lock:
            self._summary = summary

    def collect(self) -> Iterator[Metric]:
        """Yield all figures; families without a sample are there as well, so that their names are known.

        Raises
        ------
        ConfigError
            The library is not installed.
        """
        gauge = _gauge_family()
        with self._lock:
            summary, working = self._summary, float(self._is_working)
            seconds = [((name,), stage.seconds) for name, stage in self._stages.items()]
            items = [((name,), float(stage.done)) for name, stage in self._stages.items()]
            totals = [((name,), float(stage.total)) for name, stage in self._stages.items() if stage.total is not None]
        yield _made(gauge, "run_working", "1 while a run works, else 0.", (), [((), working)])
        yield _made(gauge, "stage_items", "Items of each stage that are done.", ("stage",), items)
        yield _made(gauge, "stage_items_expected", "Items of each stage, where known.", ("stage",), totals)
        yield _made(gauge, "stage_seconds", "How long each stage took, or takes so far.", ("stage",), seconds)
        for family in SUMMARY_FAMILIES:
            samples = [] if summary is None else [*family.read(summary)]
            yield _made(gauge, family.name, family.help, family.labels, samples)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write all figures to a file for the textfile collector, whole or not at all.

        Parameters
        ----------
        path
            The file; that collector reads those whose names end in ``.prom``.

        Raises
        ------
        ConfigError
            The library is not installed.
        OSError
            The file cannot be written.
        """
        _gauge_family()
        from prometheus_client import CollectorRegistry, write_to_textfile  # noqa: PLC0415 - an extra

        registry = CollectorRegistry()
        registry.register(self)
        write_to_textfile(os.fspath(path), registry)


def _gauge_family() -> Any:
    """Return the library's class of gauges."""
    try:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError("figures for Prometheus need its library: pip install 'imgsieve[metrics]'") from None
    return GaugeMetricFamily


def _made(gauge: Any, name: str, help_text: str, labels: tuple[str, ...], samples: Sequence[Sample]) -> Metric:
    """Return one family with its samples."""
    family: GaugeMetricFamily = gauge(_PREFIX + name, help_text, labels=labels)
    for values, measured in samples:
        family.add_metric(values, measured)
    return family
