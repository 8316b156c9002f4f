"""Wrong usage, wrong configuration, help and start-up of the command."""

import subprocess
import sys
from pathlib import Path

import pytest
from cli_process import environment, imgsieve


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "one.txt").write_text("no picture")
    return folder


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no command"),
        (("run",), "no SOURCE is given"),
        (("run", "photos"), "no run folder is given"),
        (("run", "photos", "--out", "run", "--fast"), "no such option: --fast"),
        (("run", "photos", "--out", "run", "--workers", "many"), "--workers"),
        (("run", "photos", "--out", "run", "--workers", "0"), "--workers"),
        (("run", "photos", "--out", "run", "--memory", "2 elephants"), "is not a size"),
        (("run", "photos", "--out", "run", "--memory", "0"), "is not a size"),
        (("run", "photos", "--out", "run", "--config", "none.toml"), "cannot be read"),
        (("run", "photos", "--out", "run", "--config", "photos"), "cannot be read"),
        (("run", "photos", "--out", "run", "--descriptor", "none.onnx"), "none.toml"),
        (("frobnicate",), "no such command 'frobnicate'"),
        (("compare", "photos/one.txt"), "'B'"),
        (("compare", "photos/one.txt", "photos/one.txt", "--image", "out.gif"), "must end in"),
        (("demo", "demo", "--edits", "9999"), "9999"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_wrong(photos: Path, arguments: tuple[str, ...], said: str) -> None:
    done = imgsieve(*arguments, cwd=photos.parent)
    assert done.returncode == 2
    assert done.stderr.startswith("imgsieve: ")
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[wavelet]\nmax_distance = 3\n", "max_distance"),
        ("[wavelets]\n", "wavelets"),
        ("[wavelet]\nmax_distance_bits = 'far'\n", "does not fit"),
        ("[wavelet\n", "is not TOML"),
    ],
)
def test_a_wrong_configuration_is_2(photos: Path, toml: str, said: str) -> None:
    file = photos.parent / "options.toml"
    file.write_text(toml)
    done = imgsieve("run", photos, "--out", photos.parent / "run", "--config", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (photos.parent / "run").exists(), "nothing is done before the configuration is right"


def test_sources_that_cannot_be_used_are_1(photos: Path) -> None:
    out, empty = photos.parent / "run", photos.parent / "empty"
    empty.mkdir()
    for source, said in (
        (photos.parent / "missing", "does not exist"),
        (photos / "one.txt", "is not a folder"),
        (empty, "no files"),
        ("ftp://example.com/photos", "not supported"),
    ):
        done = imgsieve("run", source, "--out", out)
        assert (done.returncode, done.stdout) == (1, ""), source
        assert said in done.stderr


def test_run_folders_that_cannot_be_used_are_1(photos: Path) -> None:
    foreign = photos.parent / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("dear")
    for out in (foreign, foreign / "letter.txt", foreign / "letter.txt" / "run"):
        done = imgsieve("run", photos, "--out", out)
        assert (done.returncode, done.stdout) == (1, ""), out
        assert str(out) in done.stderr
    assert (foreign / "letter.txt").read_text() == "dear"
    done = imgsieve("report", foreign)
    assert done.returncode == 1
    assert sorted(p.name for p in foreign.iterdir()) == ["letter.txt"]


def test_too_little_memory_is_1_with_the_numbers(photos: Path) -> None:
    done = imgsieve("run", photos, "--out", photos.parent / "run", "--memory", "20MB")
    assert done.returncode == 1
    assert "20 MB" in done.stderr


def test_control_characters_of_names_never_reach_the_terminal(tmp_path: Path) -> None:
    done = imgsieve("run", tmp_path / "a\x1b[31mred\nline", "--out", tmp_path / "run")
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
    assert "a\\x1b[31mred\\nline" in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["compare", "-h"], ["run"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from imgsieve.cli.main import main; main(sys.argv[1:]);"
        "print(sorted({'numpy', 'cv2', 'numba', 'pyarrow', 'PIL', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert done.stdout.endswith("[]\n")


def test_help_fits_the_terminal_and_has_no_colors() -> None:
    for command in ("run", "demo", "compare", "report"):
        done = imgsieve(command, "--help")
        assert done.returncode == 0
        assert "\x1b" not in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80


def test_version() -> None:
    done = imgsieve("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("imgsieve ")


def test_figures_without_their_library_are_2_and_name_the_extra(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    code = (
        "import sys; sys.modules['prometheus_client'] = None\n"  # as if it were not installed
        "from imgsieve.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    arguments = ["run", "in", "--out", "out", "--metrics-file", "run.prom"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install 'imgsieve[metrics]'" in done.stderr
    assert not (tmp_path / "out").exists()
