"""The command on a cluster: on one that it starts itself, over a folder and over a store, without a word of secrets."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from cli_process import imgsieve, start
from remote_runs import objects
from run_checks import groups_bytes, run, write_pictures

from stores.azurite import KEY

SMALL = ("--executor", "ray", "--workers", "2", "--memory", "600MB", "--no-report")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("ray-cli") / "in", 12)


@pytest.fixture(scope="module")
def local(source):
    run(source, source.parent / "local")
    return source.parent / "local"


@pytest.fixture
def session():
    """A folder for all that Ray writes; the names of its sockets must be short."""
    folder = Path(tempfile.mkdtemp(prefix="r"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_over_a_folder(source, local, session, tmp_path):
    out = tmp_path / "out"
    done = imgsieve("run", source, "--out", out, *SMALL, variables={"RAY_TMPDIR": str(session)})
    assert done.returncode == 0, done.stderr
    assert re.search(r"Cluster +[12] process(es)?, the largest \d+ MiB", done.stdout)
    assert groups_bytes(out) == groups_bytes(local)


def test_over_a_store(azurite, container, source, local, session, tmp_path):
    with azurite.container(container) as client:
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            client.upload_blob(f"in/{path.relative_to(source).as_posix()}", path.read_bytes())
    secret = {**azurite.environment(), "IMGSIEVE_SCRATCH": str(tmp_path / "scratch")}
    variables = {**secret, "RAY_TMPDIR": str(session)}
    images, out = f"az://{container}/in", f"az://{container}/runs"
    here = imgsieve("run", images, "--out", tmp_path / "here", "--no-report", variables=secret)
    assert here.returncode == 0, here.stderr
    done = imgsieve("run", images, "--out", out, *SMALL, "--json", variables=variables)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    theirs = json.loads((tmp_path / "here/summary.json").read_text())
    assert summary["fetches"]["by_stage"]["extract"] == theirs["fetches"]["by_stage"]["extract"]
    assert summary["network"]["total"]["gets"] >= theirs["network"]["total"]["gets"]
    found = objects_here(azurite, out)
    assert found["groups.parquet"] == groups_bytes(tmp_path / "here")
    told = [done.stdout.encode(), done.stderr.encode(), *found.values()]
    told += [path.read_bytes() for path in session.rglob("*") if path.is_file()]
    assert len(told) > 20
    assert not [text for text in told if KEY.encode() in text]


def test_the_signal_that_ends_pods_stops_it_cleanly(source, session, tmp_path):
    with start(
        "run", source, "--out", tmp_path / "out", *SMALL, "--log-json", variables={"RAY_TMPDIR": str(session)}
    ) as run:
        # Ray writes lines of its own to standard error at times.
        told = (json.loads(line) for line in run.stderr if line.startswith("{"))
        lines = [next(told)]
        while lines[-1].get("stage") != "extract":
            lines.append(next(told))
        run.terminate()
        lines += told
    assert run.returncode == 130
    assert "the same command goes on from here" in lines[-1]["message"]


def objects_here(azurite, place):
    """Return what lies below a URL of the emulator."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in azurite.environment().items():
            patch.setenv(name, value)
        return objects(place)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["https://a.blob.core.windows.net/c?sig=x", "--out", "o"], "a SAS in a URL would have to travel"),
        (["memory://a/b", "--out", "o"], "memory://a/b is in this process alone"),
        (["{source}", "--out", "o", "--ray-address", "127.0.0.1:1"], "there is no Ray cluster at 127.0.0.1:1"),
        (["{source}", "--out", "o", "--memory", "9000GB"], "the largest node of the Ray cluster offers"),
    ],
)
def test_what_cannot_be_meant_is_refused(source, session, tmp_path, arguments, said):
    given = [text.format(source=source) for text in arguments]
    done = imgsieve("run", *given, "--executor", "ray", variables={"RAY_TMPDIR": str(session)}, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "sig=x" not in done.stderr
