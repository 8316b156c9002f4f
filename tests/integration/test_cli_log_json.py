"""``--log-json``: nothing but lines of JSON on standard error, without secrets; ``--profile`` from the command line."""

from __future__ import annotations

import json

import pytest

from imgsieve.cli.main import main
from named_pictures import write_named


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("json") / "in"
    write_named(folder, 4)
    return folder


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_run_in_lines(source, tmp_path, capsys):
    assert main(["run", str(source), "--out", str(tmp_path / "out"), "--log-json", "--json"]) == 0
    told = capsys.readouterr()
    lines = lines_of(told.err)
    ends = [line["stage"] for line in lines if line["kind"] == "stage-end"]
    assert ends == ["prepare", "list", "extract", "wavelet", "color", "global", "local", "quality", "report"]
    assert [line["message"] for line in lines if line["kind"] == "warning"] == [
        "images that failed: 2 (empty 1, not-an-image 1)"
    ]
    assert {line["kind"] for line in lines} == {"progress", "stage-end", "warning"}
    assert json.loads(told.out)["failed"] == 2


def test_strict_is_told_by_a_line(source, tmp_path, capsys):
    arguments = ["run", str(source), "--out", str(tmp_path / "out"), "--log-json", "--json", "--strict", "--no-report"]
    assert main(arguments) == 3
    assert lines_of(capsys.readouterr().err)[-1]["message"].startswith("--strict: failed images: 2")


@pytest.mark.parametrize(
    ("place", "code"),
    [("/no/such/folder", 1), ("https://nowhere.invalid/container/a?sv=1&sig=SECRET", 1), ("s3://KEY:SECRET@bucket", 1)],
)
def test_an_error_is_a_line_without_secrets(place, code, tmp_path, capsys):
    assert main(["run", place, "--out", str(tmp_path / "out"), "--log-json"]) == code
    told = capsys.readouterr()
    (line,) = lines_of(told.err)
    assert line["kind"] == "error"
    assert "SECRET" not in told.err + told.out


def test_a_wrong_option_is_wrong_usage(source, tmp_path, capsys):
    (tmp_path / "options.toml").write_text("profile = 'fast'\n")
    options = ["--config", str(tmp_path / "options.toml"), "--log-json"]
    assert main(["run", str(source), "--out", str(tmp_path / "out"), *options]) == 2
    assert "memory, balanced, speed" in lines_of(capsys.readouterr().err)[0]["message"]


@pytest.mark.parametrize(("profile", "workers"), [("memory", 1), ("speed", None)])
def test_a_profile(source, tmp_path, capsys, profile, workers):
    arguments = ["run", str(source), "--out", str(tmp_path / "out"), "--quiet", "--no-report", "--profile", profile]
    assert main(arguments) == 0
    summary = json.loads((tmp_path / "out/summary.json").read_text("utf-8"))
    assert summary["config"]["execution"]["chunk_size"] == {"memory": 2, "speed": 16}[profile]
    assert workers in (None, summary["workers"])
    assert capsys.readouterr().err == ""
