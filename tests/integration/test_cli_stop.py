"""Ctrl-C and SIGTERM in the middle of a run; the same command then comes to the same result."""

import signal
from pathlib import Path

import pytest
from cli_process import imgsieve, start

from imgsieve.demo import write_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder, photos=14, edits_per_photo=3, seed=4)
    return folder / "images"


@pytest.fixture(scope="module")
def undisturbed(demo: Path) -> bytes:
    out = demo.parent / "undisturbed"
    assert imgsieve("run", demo, "--out", out, "--no-report").returncode == 0
    return (out / "groups.csv").read_bytes()


@pytest.mark.parametrize(
    ("after", "number"),
    [("Preparing", signal.SIGINT), ("Listing", signal.SIGINT), ("Stage 3", signal.SIGTERM)],
)
def test_a_stopped_run_goes_on(
    demo: Path, undisturbed: bytes, tmp_path: Path, after: str, number: signal.Signals
) -> None:
    arguments = ("run", demo, "--out", tmp_path / "run", "--workers", 1, "--no-report")
    with start(*arguments) as process:
        while not process.stderr.readline().startswith(after):
            assert process.poll() is None
        process.send_signal(number)
        output, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert output == ""
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert not (tmp_path / "run" / "groups.csv").exists()
    again = imgsieve(*arguments)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "run" / "groups.csv").read_bytes() == undisturbed


def test_a_second_signal_ends_at_once(demo: Path, undisturbed: bytes, tmp_path: Path) -> None:
    arguments = ("run", demo, "--out", tmp_path / "run", "--no-report")
    with start(*arguments) as process:
        while not process.stderr.readline().startswith("Listing"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        while "once more" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert imgsieve(*arguments).returncode == 0
    assert (tmp_path / "run" / "groups.csv").read_bytes() == undisturbed
