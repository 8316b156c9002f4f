"""The memory budget is kept by real processes, or refused before anything is written; so is the number of threads."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from cli_process import environment, imgsieve, start
from numba import njit
from run_checks import picture, put, recoded, summary_of

import imgsieve as imgsieve_package
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.demo import encode
from imgsieve.errors import MemoryBudgetError
from imgsieve.runs import run
from imgsieve.runs.loops import NotCompiledError, compiling_refused

MB = 10**6
BESIDE_WORKERS = 5
"""Threads of a quiet run that are no workers: the first, the one that samples memory, two of Arrow (one reads files,
one decodes what it read), and one that an allocator of Arrow's has from the start."""


_RUN_AND_TELL = """
import sys
from imgsieve.cli.main import main
if code := main(sys.argv[1:]):
    sys.exit(code)
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return 400 pictures, each tenth of them a worn copy."""
    folder = tmp_path_factory.mktemp("memory") / "in"
    for number in range(360):
        pixels = picture(number, 160, 120)
        put(folder, f"{number:04d}.jpg", encode(pixels, "jpg", quality=90))
        if number % 9 == 0:
            put(folder, f"{number:04d}-small.jpg", recoded(pixels, 60, 0.7))
    return folder


@pytest.fixture(scope="module")
def finished(photos: Path) -> tuple[Path, int]:
    """Return the folder of a run with 256 MB, and the most that its process had by the system's own count."""
    out = photos.parent / "out"
    return out, _run_and_tell(photos, out)


def _run_and_tell(photos: Path, out: Path, **variables: str) -> int:
    """Run with 256 MB in a process of its own, and return the most bytes that it had."""
    arguments = ("run", photos, "--out", out, "--workers", "2", "--memory", "256MB", "--quiet")
    done = subprocess.run(
        [sys.executable, "-c", _RUN_AND_TELL, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(**variables),
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout) * 1024


def test_256_mb_are_kept(finished: tuple[Path, int]) -> None:
    out, most = finished
    assert most <= 256 * MB
    assert summary_of(out)["near_duplicates"] > 0


def test_256_mb_are_kept_where_a_loop_must_be_compiled_first(finished: tuple[Path, int], photos: Path, tmp_path: Path):
    package = tmp_path / "imgsieve"
    shutil.copytree(Path(imgsieve_package.__file__).parent, package)
    cache = package / "features" / "__pycache__"
    indexes = list(cache.glob("structure.fine_energy-*.nbi"))  # older ones may lie beside the one that counts
    assert indexes
    for index in indexes:
        index.unlink()
    done = _run_and_tell(photos, tmp_path / "out", PYTHONPATH=str(tmp_path))
    assert done <= 256 * MB
    assert summary_of(tmp_path / "out")["groups"] == summary_of(finished[0])["groups"]
    assert list(cache.glob("structure.fine_energy-*.nbi"))


def test_the_summary_tells_what_the_system_counted(finished: tuple[Path, int]) -> None:
    out, most = finished
    assert summary_of(out)["memory"]["measured_peak_bytes"] == pytest.approx(most, rel=0.02)


def test_the_forecast_of_the_extraction_is_near_its_peak(finished: tuple[Path, int]) -> None:
    summary = summary_of(finished[0])
    forecast = summary["memory"]["projected_by_stage"]["extraction"]
    peak = next(stage["peak_rss_bytes"] for stage in summary["stages"] if stage["name"] == "extract")
    assert 0.75 * forecast <= peak <= 1.1 * forecast


def test_no_part_of_the_run_takes_more_than_its_forecast(finished: tuple[Path, int]) -> None:
    summary = summary_of(finished[0])
    forecasts = summary["memory"]["projected_by_stage"]
    parts = {"extract": "extraction", "wavelet": "search", "color": "search", "global": "search", "local": "grouping"}
    for stage in summary["stages"]:
        if stage["name"] in parts:
            assert stage["peak_rss_bytes"] <= 1.1 * forecasts[parts[stage["name"]]], stage["name"]
    assert max(forecasts.values()) == summary["memory"]["projected_peak_bytes"] <= 256 * MB


def test_a_budget_that_no_run_can_keep_is_refused_and_nothing_is_written(photos: Path, tmp_path: Path) -> None:
    done = imgsieve("run", photos, "--out", tmp_path / "out", "--memory", "100MB", "--workers", "2")
    assert done.returncode == 1
    for words in ("--memory 100 MB cannot be kept", "2 workers", "need ", "the process itself"):
        assert words in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "lock"]


def test_more_workers_than_the_budget_has_room_for_are_refused(photos: Path, tmp_path: Path) -> None:
    config = RunConfig(execution=ExecutionConfig(workers=64, memory_bytes=600 * MB))
    with pytest.raises(MemoryBudgetError, match="64 workers need"):
        run([str(photos)], tmp_path / "out", config)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "lock"]


@pytest.mark.parametrize("workers", [1, 2])
def test_threads_are_held_to_the_workers(photos: Path, tmp_path: Path, workers: int) -> None:
    with start("run", photos, "--out", tmp_path / "out", "--workers", workers, "--quiet") as process:
        watched, most = psutil.Process(process.pid), 0
        while process.poll() is None:
            with suppress(psutil.Error):
                most = max(most, watched.num_threads())
            time.sleep(0.002)
    assert process.returncode == 0
    assert workers < most <= workers + BESIDE_WORKERS


def test_a_loop_that_is_not_in_the_cache_is_noticed_before_it_compiles() -> None:
    @njit
    def doubled(value):
        return value + value

    with pytest.raises(NotCompiledError), compiling_refused():
        doubled(2)
    assert not doubled.signatures
    assert doubled(2) == 4
    with compiling_refused():
        assert doubled(3) == 6


def test_a_run_compiles_nothing_once_it_is_prepared(finished: tuple[Path, int], photos: Path, tmp_path: Path) -> None:
    """The compiler takes hundreds of megabytes that no plan knows of: every loop must be among the warmed ones."""
    with compiling_refused():
        result = run([str(photos)], tmp_path / "out", RunConfig(execution=ExecutionConfig(workers=2)))
    assert result.summary["images"] == summary_of(finished[0])["images"]
