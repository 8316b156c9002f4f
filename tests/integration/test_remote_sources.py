"""Whole runs over stores: the same result as from a folder, whatever the network does, and each image once."""

import csv
import json
import os
import re
import signal
import time
from collections import Counter
from pathlib import Path

import obstore
import pyarrow.parquet as pq
import pytest
from cli_process import imgsieve, start
from run_checks import check_accounts, config, picture, put, recoded, write_pictures

from imgsieve import runs
from imgsieve.config import NetworkConfig, RunConfig, SourceConfig
from imgsieve.errors import SourceError
from imgsieve.storage import memory_store
from stores.azurite import KEY, connection_string, make_sas
from stores.fault_proxy import fault_proxy
from stores.faults import Act, Rule


def upload(azurite, container, folder, prefix="pics"):
    with azurite.container(container) as client:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                client.upload_blob(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes(), overwrite=True)


def verdicts(out):
    with (Path(out) / "groups.csv").open(newline="") as file:
        return [(row["file"], row["group"], row["keep"], row["status"]) for row in csv.DictReader(file)]


def image_gets(azurite, since, container):
    found = [row for row in azurite.accesses(since) if row.method == "GET" and "comp=list" not in row.path]
    return Counter(row.path.partition("?")[0] for row in found if f"/{container}/" in row.path)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), photos=16)


@pytest.fixture(scope="module")
def from_folder(pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("folder") / "run"
    runs.run([str(pictures)], out, config())
    return verdicts(out)


@pytest.fixture
def account(azurite, monkeypatch):
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite.environment()["AZURE_STORAGE_CONNECTION_STRING"])
    return azurite


def test_a_container_gives_what_a_folder_gives_and_each_image_is_read_once(
    account, container, pictures, from_folder, tmp_path
):
    upload(account, container, pictures)
    since = account.position
    result = runs.run([f"az://{container}/pics"], tmp_path / "run", config())
    assert verdicts(tmp_path / "run") == from_folder
    check_accounts(tmp_path / "run")
    gets = image_gets(account, since, container)
    assert set(gets.values()) == {1}
    by_stage = result.summary["network"]["by_stage"]
    assert by_stage["extract"]["gets"] == len(gets)
    assert sum(stage["gets"] for stage in by_stage.values()) == gets.total()
    lists = [row for row in account.accesses(since) if "comp=list" in row.path and f"/{container}" in row.path]
    assert by_stage["list"]["lists"] == len(lists) == 1


@pytest.mark.parametrize("cache", [0, 500_000])
def test_stage_4_reads_an_image_again_at_most_once_where_a_cache_is_allowed(
    account, container, pictures, from_folder, tmp_path, cache
):
    upload(account, container, pictures)
    size = sum(path.stat().st_size for path in pictures.rglob("*") if path.is_file())
    assert cache < size * 8 / 6, "the cache is too small for all pictures"
    since = account.position
    options = RunConfig(network=NetworkConfig(cache_bytes=cache))
    result = runs.run([f"az://{container}/pics"], tmp_path / "run", options)
    assert verdicts(tmp_path / "run") == from_folder
    gets = image_gets(account, since, container)
    by_stage = result.summary["network"]["by_stage"]
    assert by_stage["extract"]["gets"] == len(gets)
    assert by_stage["extract"]["gets"] + by_stage["local"]["gets"] == gets.total()
    if cache:
        assert max(gets.values()) == 2
    assert not (tmp_path / "run/cache").exists()


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("connections", [1, 64])
def test_neither_workers_nor_connections_change_the_result(
    account, container, pictures, from_folder, tmp_path, workers, connections
):
    upload(account, container, pictures)
    options = config(workers=workers, network=NetworkConfig(max_concurrency=connections))
    runs.run([f"az://{container}/pics"], tmp_path / "run", options)
    assert verdicts(tmp_path / "run") == from_folder


def test_answers_that_go_wrong_change_nothing(account, container, pictures, tmp_path, monkeypatch):
    upload(account, container, pictures)
    place = f"az://{container}/pics"
    runs.run([place], tmp_path / "sound", config())
    rules = [
        Rule(act=Act.THROTTLE, share=0.05, retry_after="0.2"),
        Rule(act=Act.CUT, share=0.1),
        Rule(act=Act.RESET, share=0.1),
        Rule(act=Act.LONGER, share=0.1),
        Rule(act=Act.SHORTER, share=0.1),
    ]
    with fault_proxy(account.endpoint, rules) as proxy:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(proxy.endpoint))
        result = runs.run([place], tmp_path / "faulty", config())
        failing = [act for act in proxy.acts() if act is not Act.PASS]
    assert len(set(failing)) == 5, "all kinds came up"
    sound, faulty = ((tmp_path / name / "groups.parquet").read_bytes() for name in ("sound", "faulty"))
    assert faulty == sound
    # A connection that was kept open and is reset before it answers may be replaced without a word by the library.
    retries = result.summary["network"]["total"]["retries"]
    # What is left of an answer that was longer than announced may be read as the answer to the next request.
    assert len(failing) - failing.count(Act.RESET) <= retries <= len(failing) + failing.count(Act.SHORTER)


def test_a_blob_that_changed_is_a_row_that_says_so_and_the_next_run_takes_it_up(account, container, tmp_path):
    photos = write_pictures(tmp_path / "photos", photos=4, broken=False)
    upload(account, container, photos)
    place, out = f"az://{container}/pics", tmp_path / "run"
    changed = "pics/camera/0001.jpg"

    def change(event):
        if event.stage == "list" and event.finished:
            with account.container(container) as client:
                client.upload_blob(changed, recoded(picture(77), 90), overwrite=True)

    runs.run([place], out, config(), listener=change)
    rows = {row["uri"]: row for row in pq.read_table(out / "groups.parquet").to_pylist()}
    assert rows[f"az://{container}/{changed}"]["status"] == "failed"
    assert "changed between listing and reading" in rows[f"az://{container}/{changed}"]["error"]
    assert sum(row["status"] == "failed" for row in rows.values()) == 1
    again = runs.run([place], out, config())
    assert again.summary["failed"] == 0
    assert again.summary["network"]["by_stage"]["extract"]["gets"] == 1


def test_sources_of_several_kinds_make_one_run(account, container, pictures, tmp_path):
    upload(account, container, pictures / "web", "web")
    name = f"several-{container}"
    for path in sorted((pictures / "crops").iterdir()):
        obstore.put(memory_store(name), f"crops/{path.name}", path.read_bytes())
    sources = [str(pictures / "camera"), f"az://{container}/web", f"memory://{name}/crops"]
    result = runs.run(sources, tmp_path / "run", config())
    table = pq.read_table(tmp_path / "run/groups.parquet")
    kinds = Counter(uri.partition("://")[0] for uri in table["uri"].to_pylist())
    assert set(kinds) == {"file", "az", "memory"}
    assert result.summary["near_duplicates"] > 0
    groups = Counter((row["group"], row["uri"].partition("://")[0]) for row in table.to_pylist() if row["group"])
    assert len({group for group, kind in groups if kind == "az"} & {group for group, kind in groups if kind == "file"})


def test_size_and_date_choose_what_is_listed(account, container, tmp_path):
    put(tmp_path, "photos/small.jpg", recoded(picture(1, 60, 50), 40))
    put(tmp_path, "photos/large.jpg", recoded(picture(2, 400, 300), 95))
    upload(account, container, tmp_path / "photos")
    place = f"az://{container}/pics"
    listed = {}
    for name, source in (("small", SourceConfig(max_bytes=8000)), ("large", SourceConfig(min_bytes=8000))):
        runs.run([place], tmp_path / name, RunConfig(source=source))
        listed[name] = [row[0] for row in verdicts(tmp_path / name)]
    assert listed == {"small": ["small.jpg"], "large": ["large.jpg"]}
    late = RunConfig(source=SourceConfig(modified_after="2100-01-01"))
    with pytest.raises(SourceError, match="no files"):
        runs.run([place], tmp_path / "late", late)


def test_a_large_file_that_is_no_picture_costs_its_first_bytes_only(account, container, tmp_path):
    put(tmp_path, "photos/film.jpg", b"\x00\x00\x00\x18ftypmp42" + bytes(30_000_000))
    put(tmp_path, "photos/a.jpg", recoded(picture(1), 90))
    upload(account, container, tmp_path / "photos")
    result = runs.run([f"az://{container}/pics"], tmp_path / "run", config())
    assert result.summary["failed_by_kind"] == {"not-an-image": 1}
    assert result.summary["network"]["total"]["bytes_read"] < 1_000_000


def files_of(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_neither_key_nor_signature_is_written_anywhere(azurite, container, pictures, tmp_path, monkeypatch):
    upload(azurite, container, pictures)
    sas = make_sas(container)
    signature = re.search(r"sig=([^&]+)", sas)[1]
    place = f"{azurite.endpoint}/{container}/pics"
    said = []
    for number, (source, variables) in enumerate(
        [
            (f"az://{container}/pics", azurite.environment()),
            (f"{place}?{sas}", {"AZURE_STORAGE_CONNECTION_STRING": f"BlobEndpoint={azurite.endpoint}"}),
        ]
    ):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        done = imgsieve("run", source, "--out", tmp_path / f"run{number}", "--json")
        assert done.returncode == 0, done.stderr
        said += [done.stdout, done.stderr]
    written = [path.read_bytes() for path in files_of(tmp_path)]
    assert len(written) > 20
    for secret in (KEY, signature, sas):
        assert all(secret.encode() not in data for data in written)
        assert all(secret not in text for text in said)


def test_ctrl_c_during_downloads_stops_soon_and_the_same_command_goes_on(
    account, container, pictures, from_folder, tmp_path, monkeypatch
):
    upload(account, container, pictures)
    out = tmp_path / "run"
    with fault_proxy(account.endpoint, [Rule(act=Act.DELAY, seconds=0.5, part="/pics/")]) as proxy:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(proxy.endpoint))
        process = start("run", f"az://{container}/pics", "--out", out)
        while not any("/pics/" in row.path for row in proxy.rows) and process.poll() is None:
            time.sleep(0.05)
        begin = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert "Traceback" not in said
        assert time.monotonic() - begin < 20
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(account.endpoint))
    done = imgsieve("run", f"az://{container}/pics", "--out", out, "--json", "-q")
    assert verdicts(out) == from_folder
    assert json.loads(done.stdout)["network"]["estimate"]["total"] > 0


@pytest.mark.parametrize(
    ("place", "variables", "code", "words"),
    [
        ("az://nowhere-at-all/x", {}, 1, "no such container"),
        ("az://{container}/nothing-here", {}, 1, "no files"),
        ("ftp://example.com/x", {}, 1, "not supported"),
        ("https://example.com/x", {}, 1, "no store that is known"),
        ("az://{container}", {"AZURE_STORAGE_CONNECTION_STRING": "AccountName=a;AccountKey=A"}, 1, "no key"),
        ("az://{container}", {"AZURE_STORAGE_CONNECTION_STRING": ""}, 1, "AZURE_STORAGE_CONNECTION_STRING"),
        ("az://{container}", {"AZURE_STORAGE_CONNECTION_STRING": "{closed}"}, 1, "no connection"),
        ("az://{container}", {"AZURE_STORAGE_CONNECTION_STRING": "{wrong}"}, 1, "refused"),
    ],
)
def test_what_cannot_work_is_said_in_one_line_within_seconds(
    account, container, tmp_path, monkeypatch, place, variables, code, words
):
    wrong = connection_string(account.endpoint, "AAAA" + KEY[4:])
    closed = connection_string("http://127.0.0.1:9/devstoreaccount1")
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("{closed}", closed).replace("{wrong}", wrong))
    begin = time.monotonic()
    done = imgsieve("run", place.format(container=container), "--out", tmp_path / "run", "--no-report", "-q")
    assert done.returncode == code
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert KEY not in done.stderr
    assert time.monotonic() - begin < 30
