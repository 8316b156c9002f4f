"""Where run folders are, and the working copies of those on object stores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from imgsieve.config import NetworkConfig
from imgsieve.errors import RunFolderError
from imgsieve.runs.mirror import open_run_folder
from imgsieve.runs.scratch import own_scratch, scratch_path
from imgsieve.storage import Traffic, open_store, parse_address


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("IMGSIEVE_SCRATCH", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


@pytest.fixture
def place():
    return f"memory://{uuid.uuid4().hex}/runs/1"


def store_of(place):
    return open_store(parse_address(place), Traffic(NetworkConfig()))


def opened(place):
    return open_run_folder(place, Traffic(NetworkConfig()))


def test_the_working_copy_is_gone_afterwards(place, scratch):
    folder = opened(place)
    with folder.locked():
        folder.write_json("run.json", {})
        assert folder.root.parent == scratch
        assert list(scratch.rglob("run.json"))
    assert list(scratch.iterdir()) == []
    with pytest.raises(ZeroDivisionError), opened(place).locked():
        raise ZeroDivisionError
    assert list(scratch.iterdir()) == []


def test_what_is_left_in_the_working_copy_counts_for_nothing(place):
    opened_once = opened(place)
    with opened_once.locked():
        opened_once.write_json("run.json", {})
    folder = opened(place)
    left = folder.root / "features" / "part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of another time")
    with folder.locked():
        folder.read_json("run.json")
        assert not folder.exists("features/part")


def test_errors_of_this_disk_name_the_working_copy(place):
    with pytest.raises(RunFolderError, match="IMGSIEVE_SCRATCH"), opened(place).locked():
        raise OSError(28, "No space left on device")


def test_a_folder_can_be_used_again(place):
    folder = opened(place)
    for number in range(2):
        with folder.locked():
            folder.read_json("run.json")
            folder.write_json("run.json", {"number": number})
    assert json.loads(store_of(place).read("runs/1/run.json")) == {"number": 1}


def test_working_copies_lie_where_the_user_wants():
    one = scratch_path("az://a/b/", {"IMGSIEVE_SCRATCH": "/big"})
    assert one.parent == Path("/big")
    assert scratch_path("az://a/b/", {"XDG_CACHE_HOME": "/cache"}) == Path("/cache/imgsieve/runs") / one.name
    assert scratch_path("az://a/b/", {}) == Path.home() / ".cache/imgsieve/runs" / one.name
    assert scratch_path("az://a/c/", {}).name != one.name


def test_a_working_copy_is_of_one_process(tmp_path):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from imgsieve.runs.scratch import own_scratch\n"
        "with own_scratch(Path(sys.argv[1])):\n"
        "    print('here', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "s" / "copy")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "here\n"
        with pytest.raises(BlockingIOError), own_scratch(tmp_path / "s" / "copy"):
            pass
        other.kill()
    assert (tmp_path / "s" / "copy").exists()
    with own_scratch(tmp_path / "s" / "copy"):
        assert list((tmp_path / "s" / "copy").iterdir()) == []
    assert list((tmp_path / "s").iterdir()) == []


def test_a_url_that_was_made_a_path_is_refused():
    with pytest.raises(RunFolderError, match="give it as text"):
        open_run_folder(Path("az://container/runs/1"), Traffic(NetworkConfig()))


def test_paths_and_file_urls_are_folders_of_this_machine(tmp_path):
    traffic = Traffic(NetworkConfig())
    for out in (tmp_path / "a b", str(tmp_path / "a b"), (tmp_path / "a b").as_uri()):
        folder = open_run_folder(out, traffic)
        assert (folder.root, folder.place) == (tmp_path / "a b", str(tmp_path / "a b"))


def test_errors_of_urls_say_that_it_is_the_run_folder(monkeypatch):
    for name in list(os.environ):
        if name.startswith("AZURE_"):
            monkeypatch.delenv(name)
    with pytest.raises(RunFolderError, match=r"the run folder: az:// needs an account"):
        open_run_folder("az://container/run", Traffic(NetworkConfig()))
    with pytest.raises(RunFolderError, match="not supported"):
        open_run_folder("ftp://host/run", Traffic(NetworkConfig()))


def test_a_working_copy_that_cannot_be_made_is_told(place, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("IMGSIEVE_SCRATCH", str(tmp_path / "file"))
    with (
        pytest.raises(RunFolderError, match=rf"the working copy of {place} \(IMGSIEVE_SCRATCH"),
        opened(place).locked(),
    ):
        pass
    assert list(store_of(place).list("")) == []
