"""Whole runs whose folder is on an object store: the results of a local one, whatever is killed, and one at a time."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from dataclasses import replace

import pytest
from remote_runs import download, objects, same_results, store_of
from run_checks import check_accounts, child, config, kill_at, run, write_pictures

from imgsieve import runs
from imgsieve.errors import Interrupted, RunFolderError
from imgsieve.runs.extraction import SHARD_ROWS
from imgsieve.runs.holder import Holder
from stores.fault_proxy import fault_proxy
from stores.faults import Act, Rule


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("remote") / "in", 16)


@pytest.fixture(scope="module")
def local(source):
    run(source, source.parent / "local")
    return source.parent / "local"


@pytest.fixture(scope="module")
def two_shards(tmp_path_factory):
    """More pictures than a shard has rows, and the results of a run over them."""
    folder = tmp_path_factory.mktemp("two-shards")
    source = write_pictures(folder / "in", 16)
    for number in range(SHARD_ROWS):
        shutil.copy(source / f"camera/{number % 16:04d}.jpg", source / f"copy-{number:05d}.jpg")
    run(source, folder / "local")
    return source


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("IMGSIEVE_SCRATCH", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


@pytest.fixture
def azure(azurite, container, monkeypatch):
    """Return the URL of an empty folder."""
    for name, value in azurite.environment().items():
        monkeypatch.setenv(name, value)
    return f"az://{container}/runs/1"


@pytest.fixture(params=["memory", "azure", "s3"])
def out(request, monkeypatch):
    """Return the URL of an empty folder on each kind of store."""
    if request.param == "memory":
        return f"memory://{uuid.uuid4().hex}/runs/1"
    for name, value in request.getfixturevalue("environment").items():
        monkeypatch.setenv(name, value)
    if request.param == "azure":
        return f"az://{request.getfixturevalue('container')}/runs/1"
    return f"s3://{request.getfixturevalue('bucket')}/runs/1"


def lists(azurite, since, place):
    """Return how often the container of a URL was listed."""
    container = place.removeprefix("az://").partition("/")[0]
    return len([row for row in azurite.accesses(since) if f"/{container}?" in row.path and "comp=list" in row.path])


def test_the_results_are_those_of_a_local_run(source, local, out, scratch, tmp_path):
    result = runs.run([str(source)], out, config())
    assert result.place == out
    assert same_results(out, local)
    copy = download(out, tmp_path / "copy")
    check_accounts(copy)
    assert json.loads((copy / "run.json").read_text())["state"] == "finished"
    assert json.loads((copy / "summary.json").read_text())["out"] == out
    assert not (copy / "lock").exists()
    assert list(scratch.iterdir()) == []


def test_a_second_run_reads_no_picture_and_changes_no_result(source, local, out):
    runs.run([str(source)], out, config())
    summary = runs.run([str(source)], out, config(workers=1)).summary
    assert summary["fetches"]["gets"] == 0
    assert summary["resumed_images"] == summary["images"]
    assert same_results(out, local)


def test_killed_and_resumed_without_a_listing(two_shards, azurite, azure, scratch):
    """Kills in several stages; every run goes on where the last one was killed, at once and without looking around."""
    since = azurite.position
    assert kill_at(child(two_shards, azure), "list", 1)
    assert lists(azurite, since, azure) == 1, "the place was looked at once, as there was no run"
    since = azurite.position
    for stage, event in (("extract", SHARD_ROWS // 8 + 4), ("color", 0), ("local", 2), ("quality", 0)):
        assert kill_at(child(two_shards, azure), stage, event)
        assert len([path for path in scratch.iterdir() if path.is_dir()]) == 1
    summary = runs.run([str(two_shards)], azure, config()).summary
    assert lists(azurite, since, azure) == 0
    assert summary["resumed_images"] == summary["images"] > SHARD_ROWS
    assert same_results(azure, two_shards.parent / "local")
    assert list(scratch.iterdir()) == []
    assert not any(name.startswith(("lock", "pairs/verdicts")) for name in objects(azure))


def test_a_shard_that_was_written_is_not_read_again(two_shards, azure):
    assert kill_at(child(two_shards, azure), "extract", SHARD_ROWS // 8 + 4)
    summary = runs.run([str(two_shards)], azure, config()).summary
    assert summary["resumed_images"] == SHARD_ROWS
    assert summary["fetches"]["by_stage"]["extract"]["gets"] == summary["images"] - SHARD_ROWS


def test_stopped_ever_later(source, local, out):
    def stop_at(last):
        count = 0

        def listener(_):
            nonlocal count
            count += 1
            if count == last:
                raise KeyboardInterrupt

        return listener

    for attempt in range(30):
        try:
            runs.run([str(source)], out, config(), listener=stop_at(3 + 6 * attempt))
            break
        except Interrupted as stopped:
            assert out in str(stopped)
            assert "lock" not in objects(out)
    assert 2 < attempt < 29
    assert same_results(out, local)


def test_damaged_and_lost_parts_are_made_again(source, local, out):
    runs.run([str(source)], out, config())
    store = store_of(out)
    for number, (name, data) in enumerate(objects(out).items()):
        if name.startswith(("features", "manifest")):
            store.write(f"runs/1/{name}", data[:-20])
        elif name.startswith("pairs") and number % 2:
            store.delete(f"runs/1/{name}")
    runs.run([str(source)], out, config())
    assert same_results(out, local)


@pytest.mark.parametrize("same_machine", [True, False])
def test_of_two_runs_at_one_time_the_second_is_told_and_the_first_ends_well(
    source, local, azure, tmp_path, monkeypatch, same_machine
):
    first = child(source, azure, "wavelet", stdin=subprocess.PIPE)
    with first:
        for line in first.stdout:
            if line.startswith("wavelet "):
                break
        if not same_machine:
            monkeypatch.setenv("IMGSIEVE_SCRATCH", str(tmp_path / "of-another-machine"))
        before = objects(azure)
        with pytest.raises(RunFolderError) as refused:
            runs.run([str(source)], azure, config())
        assert {name: objects(azure)[name] for name in before if name != "lock"} == {
            name: data for name, data in before.items() if name != "lock"
        }
        first.communicate()
    assert first.returncode == 0
    text = str(refused.value)
    assert "\n" not in text
    for part in (azure, f"process {first.pid} on {Holder.here().host}", "since 20", "try again in"):
        assert part in text
    assert same_results(azure, local)
    assert "lock" not in objects(azure)


def test_a_lock_of_another_machine_is_respected(source, azure):
    other = replace(Holder.here(), host="elsewhere", machine="another", pid=4711)
    store_of(azure).write("runs/1/lock", other.as_bytes())
    with pytest.raises(RunFolderError, match="process 4711 on elsewhere"):
        runs.run([str(source)], azure, config())
    assert list(objects(azure)) == ["lock"]


def test_grown(tmp_path, out):
    source = write_pictures(tmp_path / "in", 10)
    before = runs.run([str(source)], out, config()).summary
    old = set(objects(out))
    write_pictures(source, 4, seed=50, broken=False)
    summary = runs.run([str(source)], out, config()).summary
    assert summary["images"] > before["images"]
    assert summary["reused_features"] == before["images"] - before["failed"]
    run(source, tmp_path / "fresh")
    assert same_results(out, tmp_path / "fresh")
    check_accounts(download(out, tmp_path / "copy"))
    now = set(objects(out))
    for folder in ("features/", "thumbs/", "manifest/"):
        assert not {name for name in old & now if name.startswith(folder)}
        assert len([name for name in now if name.startswith(folder)]) == 1


def test_grown_while_it_was_unfinished(two_shards, tmp_path, azure):
    """Features of an extraction that was given up are known and taken over as well, and leave nothing behind."""
    source = shutil.copytree(two_shards, tmp_path / "in")

    def stop(event):
        if event.stage == "extract" and event.done > SHARD_ROWS + 8:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        runs.run([str(source)], azure, config(), listener=stop)
    for name, data in objects(azure).items():
        if name.startswith("manifest"):
            store_of(azure).write(f"runs/1/{name}", data[:-20])
    (source / "aaa.jpg").write_bytes((source / "camera/0001.jpg").read_bytes())
    summary = runs.run([str(source)], azure, config()).summary
    assert SHARD_ROWS - 3 <= summary["reused_features"] <= SHARD_ROWS
    assert len([name for name in objects(azure) if name.startswith("features")]) == 2


@pytest.mark.parametrize("spelled", ["az://{0}", "{1}/{0}"])
def test_a_run_folder_within_its_source_is_left_out(azurite, azure, container, source, local, spelled):
    with azurite.container(container) as client:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                client.upload_blob(path.relative_to(source).as_posix(), path.read_bytes())
    places = [spelled.format(container, azurite.endpoint), f"az://{container}/web"]
    for _ in range(2):
        summary = runs.run(places, azure, config()).summary
        rows = len((local / "groups.csv").read_bytes().splitlines()) - 1
        assert summary["images"] == rows


def test_through_a_network_that_fails_after_it_has_worked(source, local, azurite, azure, monkeypatch):
    """Requests that had worked are told to be broken and come again, conditional ones too."""
    with fault_proxy(azurite.endpoint) as proxy, monkeypatch.context() as behind:
        for name, value in azurite.environment(proxy.endpoint).items():
            behind.setenv(name, value)
        lost = Rule(act=Act.LOST, share=0.7, methods=("PUT", "DELETE"))
        cut = Rule(act=Act.LONGER, share=0.3)
        busy = Rule(act=Act.THROTTLE, share=0.2, methods=("PUT", "GET", "HEAD"), retry_after="0")
        proxy.misbehave(lost, cut, busy)
        summary = runs.run([str(source)], azure, config()).summary
    assert summary["network"]["total"]["retries"] > 5
    assert same_results(azure, local)
    assert "lock" not in objects(azure)
