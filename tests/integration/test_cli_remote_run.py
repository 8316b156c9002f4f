"""The command with a run folder on an object store: what it says, what it shows nobody, and how it fails."""

from __future__ import annotations

import json
import re
import socket
import time

import pytest
from cli_process import imgsieve
from remote_runs import objects, same_results, store_of
from run_checks import run, write_pictures

from stores.azurite import KEY, connection_string, make_sas

VARIABLE = "AZURE_STORAGE_CONNECTION_STRING"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("remote-cli") / "in", 8)


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("IMGSIEVE_SCRATCH", str(tmp_path / "scratch"))


@pytest.fixture
def out(azurite, container, monkeypatch):
    for name, value in azurite.environment().items():
        monkeypatch.setenv(name, value)
    return f"az://{container}/runs/1"


def test_results_and_report_are_told_by_their_urls(source, out):
    done = imgsieve("run", source, "--out", out)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"Results +{out}/groups\.csv\n", done.stdout)
    assert re.search(rf"Report +{out}/report/index\.html\n", done.stdout)
    found = objects(out)
    assert b"<title>" in found["report/index.html"]
    links = re.findall(rb'href="([^"#?]+\.html)', found["report/index.html"])
    assert links
    assert {f"report/{link.decode()}" for link in links} <= set(found)
    assert b"data:image/jpeg" in found["report/groups/page-000001.html"]


def test_the_report_is_that_of_a_local_run(source, out, tmp_path):
    local = run(source, tmp_path / "local").place
    assert imgsieve("report", local).returncode == 0
    assert imgsieve("run", source, "--out", out, "--no-report", "-q").returncode == 0
    assert not any(name.startswith("report") for name in objects(out))
    done = imgsieve("report", out)
    assert (done.returncode, done.stdout) == (0, f"{out}/report/index.html\n")
    page = "groups/page-000001.html"
    assert objects(out)[f"report/{page}"] == (tmp_path / "local/report" / page).read_bytes()
    assert store_of(out).head("runs/1/report/index.html").content_type == "text/html; charset=utf-8"
    assert "lock" not in objects(out)


def test_the_summary_as_json_names_the_urls(source, out):
    done = imgsieve("run", source, "--out", out, "--json")
    summary = json.loads(done.stdout)
    assert (summary["out"], summary["report"]) == (out, f"{out}/report/index.html")


def test_no_secret_is_told_to_anybody(azurite, container, source, out, tmp_path):
    with azurite.container(container) as client:
        for path in sorted(source.rglob("*.jpg")):
            client.upload_blob(f"in/{path.relative_to(source).as_posix()}", path.read_bytes())
    sas = make_sas(container, "rwdl")
    places = [f"{azurite.endpoint}/{container}/{name}?{sas}" for name in ("in", "runs/1")]
    without_key = {VARIABLE: f"AccountName=devstoreaccount1;BlobEndpoint={azurite.endpoint};"}
    told = []
    for command in (["run", places[0], "--out", places[1]], ["report", places[1]]):
        done = imgsieve(*command, variables=without_key)
        assert done.returncode == 0, done.stderr
        told += [done.stdout.encode(), done.stderr.encode()]
    refused = imgsieve("run", source, "--out", places[1], variables=without_key)
    assert refused.returncode == 1
    told += [refused.stdout.encode(), refused.stderr.encode(), *objects(out).values()]
    assert len(told) > 15
    signature = re.search("sig=([^&]+)", sas)[1]
    for text in told:
        for secret in (signature, sas, KEY, "sig=", "AccountKey"):
            assert secret.encode() not in text


@pytest.mark.parametrize("command", [["run", "SOURCE", "--out"], ["report"]])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("key", r"credentials are refused: the key or SAS is wrong"),
        ("permission", r"a SAS for a run folder needs to read, write, delete and list"),
        ("container", r"there is no such container"),
        ("network", r"no connection can be made; check the network"),
    ],
)
def test_a_store_that_cannot_be_used_is_told_in_a_line_within_seconds(
    azurite, container, source, out, command, wrong, said
):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        places = {
            "container": "az://there-is-none/runs/1",
            "permission": f"{azurite.endpoint}/{container}/runs/1?{make_sas(container, 'c')}",
        }
        variables = {
            "key": connection_string(azurite.endpoint, "A" * 86 + "=="),
            "network": connection_string(f"http://127.0.0.1:{port}/devstoreaccount1"),
        }
        told = {VARIABLE: variables[wrong]} if wrong in variables else {}
        began = time.monotonic()
        done = imgsieve(
            *(source if word == "SOURCE" else word for word in command), places.get(wrong, out), variables=told
        )
    assert time.monotonic() - began < 30
    assert done.returncode == 1
    assert re.fullmatch(rf"imgsieve: the run folder \S+: .*{said}.*\n", done.stderr), done.stderr
    assert done.stdout == ""


def test_a_sas_that_may_only_read_is_refused_before_any_work(azurite, container, source, out):
    place = f"{azurite.endpoint}/{container}/runs/1?{make_sas(container, 'rl')}"
    done = imgsieve("run", source, "--out", place)
    assert done.returncode == 1
    assert re.search("needs to read, write, delete and list", done.stderr.splitlines()[-1])
    assert objects(out) == {}


@pytest.mark.parametrize("place", ["elsewhere", "half"])
def test_a_report_needs_a_finished_run(out, place):
    if place == "half":
        store_of(out).write("runs/1/run.json", b"{}")
    done = imgsieve("report", out)
    assert done.returncode == 1
    assert re.search("holds no run" if place == "elsewhere" else "has not come to its end", done.stderr)
    assert set(objects(out)) == ({"run.json"} if place == "half" else set())


def test_a_place_that_holds_other_things_is_left_alone(source, out):
    store_of(out).write("runs/1/holiday.jpg", b"x")
    done = imgsieve("run", source, "--out", out)
    assert done.returncode == 1
    assert "holds other things and no run" in done.stderr
    assert objects(out) == {"holiday.jpg": b"x"}


def test_other_options_are_refused_by_the_url(source, out, tmp_path):
    assert imgsieve("run", source, "--out", out, "-q", "--no-report").returncode == 0
    (tmp_path / "c.toml").write_text("[voting]\ntables = 0\n")
    done = imgsieve("run", source, "--out", out, "--config", tmp_path / "c.toml")
    assert done.returncode == 1
    assert f"the folder {out} belongs to a run with other options" in done.stderr


def test_a_run_through_the_command_has_the_results_of_a_local_one(source, out, tmp_path):
    assert imgsieve("run", source, "--out", out, "-q").returncode == 0
    assert imgsieve("run", source, "--out", tmp_path / "local", "-q").returncode == 0
    assert same_results(out, tmp_path / "local")
