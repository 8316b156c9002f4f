"""Figures for Prometheus: whole and right by the parser of its own library, while a run works and afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imgsieve.cli.metrics_file import MetricsFile, kept_figures
from imgsieve.errors import ConfigError
from imgsieve.metrics import RunMetrics
from imgsieve.metrics.families import SUMMARY_FAMILIES
from imgsieve.runs import Event

prometheus = pytest.importorskip("prometheus_client")
parser = pytest.importorskip("prometheus_client.parser")


def parsed(text: str) -> dict[tuple[str, ...], float]:
    """All samples: the name without the prefix, then the values of the labels, these in the order of their names."""
    found = {}
    for family in parser.text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            key = (sample.name.removeprefix("imgsieve_"), *(value for _, value in sorted(sample.labels.items())))
            assert key not in found
            found[key] = sample.value
    return found


def figures(metrics: RunMetrics) -> dict[tuple[str, ...], float]:
    registry = prometheus.CollectorRegistry()
    registry.register(metrics)
    return parsed(prometheus.generate_latest(registry).decode())


def event(stage: str, done: int, total: int | None = None, *, finished: bool = False) -> Event:
    return Event(stage=stage, title=stage, done=done, total=total, finished=finished)


def counts(**given: float) -> dict[str, float]:
    names = ("gets", "heads", "lists", "puts", "copies", "deletes", "bytes_read", "bytes_written", "retries")
    return {**dict.fromkeys(names, 0), **given}


SUMMARY: dict[str, Any] = {
    "started": "1970-01-01T00:01:40+00:00",
    "finished": "1970-01-01T00:02:40+00:00",
    "seconds": 60.5,
    "kept": 5,
    "exact_duplicates": 2,
    "near_duplicates": 3,
    "failed": 1,
    "failed_by_kind": {'odd "kind"\n': 1},
    "groups": 4,
    "bytes": 123456789012,
    "bytes_to_free": 50,
    "reused_features": 7,
    "pairs_not_compared": 0,
    "fetches": {"gets": 12, "bytes": 900, "by_stage": {"extract": {"gets": 11, "bytes": 890}}},
    "network": {"by_stage": {"list": counts(lists=3), "extract": counts(gets=11, bytes_read=890, retries=2)}},
    "pairs": {"local": {"proposed": 6, "accepted": 3, "rejected": 2, "undecided": 1}},
    "stages": [{"name": "extract", "seconds": 2.0, "cpu_seconds": 1.5, "peak_rss_bytes": 1000}],
    "memory": {"budget_bytes": 2000, "projected_peak_bytes": 1500, "measured_peak_bytes": 1000},
    "threads": {"threads_used": 2, "utilization": 0.75, "speedup": 1.5},
}


def test_before_a_run_names_are_known_and_nothing_is_told() -> None:
    registry = prometheus.CollectorRegistry(auto_describe=True)
    registry.register(RunMetrics())
    text = prometheus.generate_latest(registry).decode()
    assert parsed(text) == {("run_working",): 0.0}
    assert all(f"# TYPE imgsieve_{family.name} gauge" in text for family in SUMMARY_FAMILIES)
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(RunMetrics())


def test_while_a_run_works_its_stages_are_told() -> None:
    seconds = iter((10.0, 12.5, 20.0))
    metrics = RunMetrics(clock=lambda: next(seconds))
    with metrics.watching():
        metrics(event("list", 0))
        metrics(event("list", 9, finished=True))
        metrics(event("extract", 4, 9))
        assert figures(metrics) == {
            ("run_working",): 1.0,
            ("stage_items", "list"): 9.0,
            ("stage_items", "extract"): 4.0,
            ("stage_items_expected", "extract"): 9.0,
            ("stage_seconds", "list"): 2.5,
            ("stage_seconds", "extract"): 0.0,
        }
    assert figures(metrics)[("run_working",)] == 0.0


def test_a_finished_run_is_told_whole_and_the_next_one_begins_anew() -> None:
    metrics = RunMetrics()
    with metrics.watching():
        metrics.finish(SUMMARY)
    told = figures(metrics)
    assert told[("run_finished_timestamp_seconds",)] - told[("run_started_timestamp_seconds",)] == 60.0
    assert told[("images", "kept")] == 5
    assert told[("images", "near duplicate")] == 3
    assert told[("image_failures", 'odd "kind"\n')] == 1
    assert told[("image_bytes",)] == 123456789012
    assert told[("pairs", "local", "rejected")] == 2
    assert told[("fetched_bytes", "extract")] == 890
    assert told[("requests", "lists", "list")] == 3
    assert told[("request_retries", "extract")] == 2
    assert told[("network_read_bytes", "extract")] == 890
    assert told[("stage_cpu_seconds", "extract")] == 1.5
    assert told[("memory_peak_bytes",)] == 1000
    assert told[("thread_utilization_ratio",)] == 0.75
    assert {key[0] for key in told} >= {family.name for family in SUMMARY_FAMILIES}
    with metrics.watching():
        assert figures(metrics) == {("run_working",): 1.0}


def test_a_run_that_asks_no_store_has_no_requests() -> None:
    metrics = RunMetrics()
    metrics.finish({**SUMMARY, "network": None})
    assert not [key for key in figures(metrics) if key[0].startswith(("request", "network"))]


def test_a_file_is_written_at_ends_of_stages_and_now_and_then(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "run.prom"
    file = MetricsFile(path, pytest.fail, clock=lambda: now[0])
    assert parsed(path.read_text()) == {("run_working",): 0.0}
    file(event("extract", 1, 9))
    assert ("stage_items", "extract") not in parsed(path.read_text())
    now[0] = 15.0
    file(event("extract", 2, 9))
    assert parsed(path.read_text())[("stage_items", "extract")] == 2
    file(event("extract", 3, 9))
    assert parsed(path.read_text())[("stage_items", "extract")] == 2
    file(event("extract", 9, 9, finished=True))
    assert parsed(path.read_text())[("stage_items", "extract")] == 9
    assert [found.name for found in tmp_path.iterdir()] == ["run.prom"]


def test_a_file_that_cannot_be_written_is_refused_before_work_and_endured_during_it(tmp_path: Path) -> None:
    complaints: list[str] = []
    with pytest.raises(ConfigError, match="No such file"):
        MetricsFile(tmp_path / "missing" / "run.prom", complaints.append)
    folder = tmp_path / "folder"
    folder.mkdir()
    file = MetricsFile(folder / "run.prom", complaints.append)
    (folder / "run.prom").unlink()
    folder.rmdir()
    file.write()
    file.write()
    assert len(complaints) == 1
    assert "the run goes on" in complaints[0]


def test_however_a_run_ends_the_file_says_that_it_is_over(tmp_path: Path) -> None:
    path, heard = tmp_path / "run.prom", list[Event]()
    with pytest.raises(KeyboardInterrupt), kept_figures(path, heard.append, pytest.fail) as (listen, _):
        listen(event("list", 3, finished=True))
        assert parsed(path.read_text())[("run_working",)] == 1
        raise KeyboardInterrupt
    told = parsed(path.read_text())
    assert told[("run_working",)] == 0
    assert ("run_finished_timestamp_seconds",) not in told
    assert [one.done for one in heard] == [3]
