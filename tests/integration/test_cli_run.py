"""Runs of the command on made-up pictures: results, summary, JSON, exit codes."""

import csv
import json
import os
import resource
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
from cli_process import COMMAND, environment, imgsieve, tree

from imgsieve.config import ExecutionConfig
from imgsieve.demo import write_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made up")
    write_demo(folder, photos=6, edits_per_photo=2, seed=3)
    return folder / "images"


@pytest.fixture(scope="module")
def finished(demo: Path) -> tuple[Path, str, str]:
    """Return a finished run with its standard output and standard error."""
    before = tree(demo)
    out = demo.parent / "run"
    done = imgsieve("run", demo, "--out", out)
    assert done.returncode == 0, done.stderr
    assert tree(demo) == before, "a run changes nothing"
    return out, done.stdout, done.stderr


def test_every_file_is_in_the_result_once(demo: Path, finished: tuple[Path, str, str]) -> None:
    with (finished[0] / "groups.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(row["file"] for row in rows) == sorted(tree(demo))
    assert next(iter(rows[0])) == "file"


def test_the_summary_tells_what_matters(finished: tuple[Path, str, str]) -> None:
    out, text, progress = finished
    for label in (
        "Images",
        "Kept",
        "Exact duplicates",
        "Near duplicates",
        "Groups",
        "Could be freed",
        "Failed",
    ):
        assert f"\n{label}" in f"\n{text}"
    for part in ("truncated 1", "measured", "projected", "allowed", "Nothing was deleted", "Stage 4"):
        assert part in text
    assert str(out / "groups.csv") in text
    assert str(out / "report" / "index.html") in text
    assert (out / "report" / "index.html").exists()
    assert "Reading pictures: " in progress
    assert len(progress.splitlines()) < 20


def test_json_is_alone_on_standard_output(demo: Path, finished: tuple[Path, str, str]) -> None:
    done = imgsieve("run", demo, "--out", finished[0], "--json")
    assert done.returncode == 0
    summary = json.loads(done.stdout)
    assert summary["images"] == len(tree(demo))
    assert summary["failed_by_kind"] == {"truncated": 1}
    assert summary["report"].endswith("index.html")
    assert "Nothing was deleted" in done.stderr
    quiet = imgsieve("run", demo, "--out", finished[0], "--json", "--quiet", "--no-report")
    assert quiet.stderr == ""
    assert json.loads(quiet.stdout)["report"] is None


def test_quiet_prints_nothing(demo: Path, finished: tuple[Path, str, str]) -> None:
    done = imgsieve("run", demo, "--out", finished[0], "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_strict_is_3_only_when_something_failed(demo: Path, finished: tuple[Path, str, str], tmp_path: Path) -> None:
    shutil.copytree(finished[0], tmp_path / "one")
    failing = imgsieve("run", demo, "--out", tmp_path / "one", "--strict", "--no-report")
    assert failing.returncode == 3
    assert "failed images: 1" in failing.stderr
    sound = imgsieve("run", demo, "--out", tmp_path / "two", "--strict", "--exclude", "broken.jpg", "--no-report")
    assert sound.returncode == 0
    assert not (tmp_path / "two" / "report").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_read_is_told(demo: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(demo, source)
    (source / "phone" / "broken.jpg").unlink()
    (source / "web").chmod(0)
    try:
        done = imgsieve("run", source, "--out", tmp_path / "run", "--strict", "--no-report")
    finally:
        (source / "web").chmod(0o755)
    assert done.returncode == 3
    assert "Not read          1 folder" in done.stdout
    assert f"{source}/web" in done.stdout


def test_options_reach_the_run(demo: Path, tmp_path: Path) -> None:
    options = tmp_path / "options.toml"
    options.write_text("[execution]\nworkers = 2\n[wavelet]\nmax_distance_bits = 11\n")
    arguments = (
        "--config",
        options,
        "--workers",
        1,
        "--memory",
        "1.5GiB",
        "--max-pixels",
        250_000,
        "--no-thumbnails",
    )
    done = imgsieve("run", demo, "--out", tmp_path / "run", "--include", "camera/**", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["config"]["wavelet"]["max_distance_bits"] == 11
    assert summary["config"]["execution"] == asdict(ExecutionConfig(workers=1, memory_bytes=3 << 29))
    assert summary["images"] == len(tree(demo / "camera"))
    assert set(summary["failed_by_kind"]) == {"too-many-pixels"}
    assert not (tmp_path / "run" / "thumbs").exists()


def test_other_sources_do_not_mix_into_a_run(demo: Path, finished: tuple[Path, str, str]) -> None:
    before = (finished[0] / "groups.csv").read_bytes()
    done = imgsieve("run", demo / "web", "--out", finished[0])
    assert done.returncode == 1
    assert "belongs to a run over" in done.stderr
    assert (finished[0] / "groups.csv").read_bytes() == before


def test_hostile_names_do_no_harm(demo: Path, tmp_path: Path) -> None:
    source = tmp_path / 'it\'s "odd" $HOME'
    source.mkdir()
    picture = next((demo / "camera").rglob("*.jpg"))
    names = [b"-rf.jpg", b"new\nline.jpg", b"\x1b[31m.jpg", b"not \xff utf-8.jpg", "صورة.jpg".encode()]
    for name in names:
        shutil.copy(picture, os.fsencode(source) + b"/" + name)
    done = imgsieve("run", source, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["exact_duplicates"] == len(names) - 1
    assert "\x1b" not in done.stderr


def test_report_writes_the_pages_again(finished: tuple[Path, str, str]) -> None:
    shutil.rmtree(finished[0] / "report")
    done = imgsieve("report", finished[0])
    assert done.returncode == 0
    assert Path(done.stdout.strip()) == finished[0] / "report" / "index.html"
    assert (finished[0] / "report" / "index.html").exists()


def test_a_reader_that_goes_away_is_no_crash(finished: tuple[Path, str, str]) -> None:
    process = subprocess.Popen(
        [*COMMAND, "report", str(finished[0])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1
    assert said == b""


def test_a_full_disk_is_told(finished: tuple[Path, str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "report", str(finished[0])],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=environment(),
        )
    assert done.returncode == 1
    assert done.stderr.startswith("imgsieve: No space left on device: free some space")


def test_a_disk_that_refuses_is_told_and_the_run_goes_on_later(demo: Path, tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))

    arguments = ("run", demo, "--out", tmp_path / "run", "--no-report")
    done = imgsieve(*arguments, preexec_fn=small_files)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert imgsieve(*arguments).returncode == 0


def test_demo_says_what_to_do_next(tmp_path: Path) -> None:
    done = imgsieve("demo", tmp_path / "my demo", "--photos", 2, "--edits", 1)
    assert done.returncode == 0
    assert f"imgsieve run '{tmp_path}/my demo/images' --out" in done.stdout
    assert (tmp_path / "my demo" / "truth.csv").exists()
