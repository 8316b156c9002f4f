"""Figures of real runs for Prometheus, from Python and from the command line."""

from __future__ import annotations

import json

import pytest

import imgsieve
from imgsieve.cli.main import main
from named_pictures import write_named

prometheus = pytest.importorskip("prometheus_client")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("metrics") / "in"
    write_named(folder, 3)
    return folder


def test_a_deduplicator_is_watched_while_it_works_and_afterwards(source):
    deduplicator, registry, seen = imgsieve.MemoryEfficientDeduplicator(), prometheus.CollectorRegistry(), []
    registry.register(deduplicator.metrics)

    def look(text, percent):
        seen.append(registry.get_sample_value("imgsieve_run_working"))

    paths = sorted(source.rglob("*.*"))
    groups, _ = deduplicator.deduplicate_memory_efficient(paths, progress_callback=look)
    assert set(seen[:-1]) == {1.0}

    def value(name, **labels):
        return registry.get_sample_value(f"imgsieve_{name}", labels)

    assert value("run_working") == 0.0
    assert value("groups") == sum(len(group) > 1 for group in groups)
    ends = ("kept", "exact duplicate", "near duplicate", "failed")
    assert sum(value("images", status=end) for end in ends) == len(paths)
    stages = deduplicator.threading_stats["stage_timings"]
    assert value("stage_seconds", stage="extract") == pytest.approx(stages["extract"], abs=0.05)
    assert value("memory_peak_bytes") == pytest.approx(deduplicator.memory_stats["peak_memory_mb"] * 1e6, abs=1e4)


def test_the_command_line_keeps_a_file(source, tmp_path, capsys):
    path = tmp_path / "run.prom"
    arguments = ["run", str(source), "--out", str(tmp_path / "out"), "--json", "--metrics-file", str(path)]
    assert main(arguments) == 0
    summary = json.loads(capsys.readouterr().out)
    lines = path.read_text().splitlines()
    assert f"imgsieve_groups {float(summary['groups'])}" in lines
    assert f"imgsieve_run_seconds {summary['seconds']}" in lines
    assert 'imgsieve_stage_items{stage="report"} 1.0' in lines
    assert 'imgsieve_image_failures{kind="empty"} 1.0' in lines


def test_a_file_that_cannot_be_written_is_wrong_usage_before_any_work(source, tmp_path, capsys):
    path = tmp_path / "missing" / "run.prom"
    assert main(["run", str(source), "--out", str(tmp_path / "out"), "--metrics-file", str(path)]) == 2
    assert "--metrics-file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
