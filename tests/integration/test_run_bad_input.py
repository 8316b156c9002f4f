"""Sources, run folders and disks that cannot be used: a clear error of our own before work is lost."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from run_checks import child, config, groups_bytes, kill_at, picture, put, rows_of, run, write_pictures

from imgsieve import runs
from imgsieve.config import LocalConfig, SourceConfig
from imgsieve.demo import encode
from imgsieve.errors import ConfigError, ImgsieveError, Interrupted, RunFolderError, SourceError

NOBODY = 65534


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("bad") / "in", 6)


@pytest.fixture
def shared_tmp():
    """A folder that another user may enter as well."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)


@contextmanager
def without_privileges():
    """Be an ordinary user for a while, to whom permissions mean something."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def refuse(expected, sources, out, options=None):
    with pytest.raises(expected) as caught:
        runs.run([str(place) for place in sources], out, options or config())
    assert str(caught.value)
    return str(caught.value)


# Sources


def test_no_source(tmp_path):
    refuse((SourceError, ConfigError), [], tmp_path / "out")


def test_empty_folder_names_it_and_leaves_the_run_folder_usable(source, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty" in refuse(SourceError, [tmp_path / "empty"], tmp_path / "out")
    run(source, tmp_path / "out")


def test_nothing_that_matches(source, tmp_path):
    options = replace(config(), source=SourceConfig(include=("*.nothing",)))
    assert "--include" in refuse(SourceError, [source], tmp_path / "out", options)
    run(source, tmp_path / "out")


def test_a_glob_that_cannot_be_read(source, tmp_path):
    options = replace(config(), source=SourceConfig(exclude=("[z-a]*",)))
    assert "[z-a]*" in refuse(ConfigError, [source], tmp_path / "out", options)


@pytest.mark.parametrize("name", ["missing", "x" * 300, "a/b/" * 2000, "null\0byte"])
def test_missing_source(tmp_path, name):
    refuse(SourceError, [tmp_path / name], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_as_source(tmp_path):
    put(tmp_path, "a.jpg", b"")
    assert "not a folder" in refuse(SourceError, [tmp_path / "a.jpg"], tmp_path / "out")


def test_another_scheme(tmp_path):
    assert "ftp" in refuse(SourceError, ["ftp://host/pictures"], tmp_path / "out")


def test_a_link_that_leads_to_itself(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refuse(SourceError, [tmp_path / "loop"], tmp_path / "out")


def test_one_bad_source_among_good_ones(source, tmp_path):
    assert "missing" in refuse(SourceError, [source, tmp_path / "missing"], tmp_path / "out")


def test_a_source_without_permission(shared_tmp):
    write_pictures(shared_tmp / "in/deep", 2)
    (shared_tmp / "in").chmod(0o000)
    with without_privileges():
        for place in ("in", "in/deep"):
            assert "ermission" in refuse(SourceError, [shared_tmp / place], shared_tmp / "out")


# Run folders


def test_a_folder_of_something_else(source, tmp_path):
    put(tmp_path, "out/letter.txt", b"dear")
    assert "--out" in refuse(RunFolderError, [source], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["letter.txt"]


def test_a_file_as_run_folder(source, tmp_path):
    put(tmp_path, "out", b"")
    refuse(RunFolderError, [source], tmp_path / "out")
    refuse(RunFolderError, [source], tmp_path / "out/below")


@pytest.mark.parametrize("name", [b"not-utf8-\xff", b"x" * 300])
def test_a_run_folder_with_a_name_that_cannot_be(source, tmp_path, name):
    refuse(RunFolderError, [source], tmp_path / os.fsdecode(name))


def test_the_source_as_run_folder(source):
    refuse(RunFolderError, [source], source)


def test_a_run_over_another_source_names_both(source, tmp_path):
    other = write_pictures(tmp_path / "other", 2)
    run(source, tmp_path / "out")
    before = groups_bytes(tmp_path / "out")
    said = refuse(RunFolderError, [other], tmp_path / "out")
    assert source.as_uri() in said
    assert other.as_uri() in said
    assert groups_bytes(tmp_path / "out") == before


def test_a_run_with_other_options_names_both(source, tmp_path):
    run(source, tmp_path / "out")
    options = replace(config(), local=LocalConfig(min_inliers=11))
    said = refuse(RunFolderError, [source], tmp_path / "out", options)
    assert f"local.min_inliers is {LocalConfig().min_inliers} there and 11 here" in said


def test_a_run_folder_within_its_source(tmp_path):
    source = write_pictures(tmp_path / "in", 6)
    images = len([path for path in source.rglob("*") if path.is_file()])
    for _ in range(2):
        assert run(source, source / "results/first").summary["images"] == images
    (tmp_path / "link").symlink_to(source)
    assert run(source, tmp_path / "link/results/first").summary["images"] == images


def test_a_run_folder_without_permission(shared_tmp):
    source = write_pictures(shared_tmp / "in", 2)
    (shared_tmp / "out").mkdir(mode=0o555)
    with without_privileges():
        refuse(RunFolderError, [source], shared_tmp / "out")
        refuse(RunFolderError, [source], shared_tmp / "out/below")
    run(source, shared_tmp / "mine")
    with without_privileges():
        refuse(RunFolderError, [source], shared_tmp / "mine")


def test_two_processes_in_one_run_folder(source, tmp_path):
    first = child(source, tmp_path / "out", "extract", stdin=-1)
    for line in first.stdout:
        if line.startswith("extract "):
            break
    assert "another process" in refuse(RunFolderError, [source], tmp_path / "out")
    first.communicate("go on", timeout=60)
    assert first.returncode == 0
    assert run(source, tmp_path / "out").summary["fetches"]["gets"] == 0


def test_the_lock_of_a_killed_process_is_free(source, tmp_path):
    assert kill_at(child(source, tmp_path / "out"), "extract", 0)
    run(source, tmp_path / "out")


@pytest.mark.parametrize("limit", [0, 300, 4_000, 20_000])
def test_a_full_disk(source, tmp_path, limit):
    """No file may grow beyond a few bytes: writing fails as on a full disk, and the run goes on afterward."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(RunFolderError) as caught:
            runs.run([str(source)], tmp_path / "out", config())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "too large" in str(caught.value)
    assert str(tmp_path / "out") in str(caught.value)
    run(source, tmp_path / "out")
    run(source, tmp_path / "fresh")
    assert groups_bytes(tmp_path / "out") == groups_bytes(tmp_path / "fresh")


# Files that change between listing and reading


def alter(source, out, change, stage="list"):
    """Run, and make a change when a stage is over; return the rows."""

    def listener(event):
        if event.stage == stage and event.finished:
            change()

    run(source, out, listener=listener)
    return rows_of(out)


def replaced_by(make):
    def change(path):
        path.unlink()
        make(path)

    return change


def as_socket(path):
    bound = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        bound.bind(path.name)
    finally:
        os.chdir(here)
        bound.close()


CHANGES = {
    "vanished": (Path.unlink, "vanished"),
    "folder-gone": (lambda path: shutil.rmtree(path.parent), "vanished"),
    "grown": (lambda path: path.write_bytes(path.read_bytes() + b"more"), "changed"),
    "shrunk": (lambda path: path.write_bytes(path.read_bytes()[:-9]), "changed"),
    "emptied": (lambda path: path.write_bytes(b""), "changed"),
    "touched": (lambda path: os.utime(path, (1, 1)), "changed"),
    "link": (replaced_by(lambda path: path.symlink_to(path.parent / "0000.jpg")), "changed"),
    "link-to-nothing": (replaced_by(lambda path: path.symlink_to("nothing")), "changed"),
    "folder": (replaced_by(Path.mkdir), "changed"),
    "fifo": (replaced_by(os.mkfifo), "changed"),
    "socket": (replaced_by(as_socket), "unreadable"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed_between_listing_and_reading(tmp_path, name):
    source = write_pictures(tmp_path / "in", 3, broken=False)
    change, kind = CHANGES[name]
    victim = source / "web/0002-small.jpg"
    rows = alter(source, tmp_path / "out", lambda: change(victim))
    row = rows["web/0002-small.jpg"]
    assert (row["status"], row["error_kind"], row["keep"]) == ("failed", kind, 1)
    assert str(tmp_path) not in row["error"]
    assert {r["status"] for file, r in rows.items() if not file.startswith("web/")} <= {"kept", "duplicate"}


def test_gone_before_the_decisive_comparison(tmp_path):
    """What cannot be compared stays, and is compared by the next run."""
    source = write_pictures(tmp_path / "in", 5, broken=False)
    hidden = tmp_path / "hidden"
    rows = alter(source, tmp_path / "out", lambda: (source / "web").rename(hidden), "global")
    assert {row["status"] for file, row in rows.items() if file.startswith("web/")} == {"kept"}
    hidden.rename(source / "web")
    run(source, tmp_path / "out")
    run(source, tmp_path / "fresh")
    assert groups_bytes(tmp_path / "out") == groups_bytes(tmp_path / "fresh")


def test_no_permission_for_a_file_and_a_folder(shared_tmp):
    source = write_pictures(shared_tmp / "in", 4)
    (source / "camera/0000.jpg").chmod(0o000)
    (source / "web").chmod(0o000)
    with without_privileges():
        summary = run(source, shared_tmp / "out").summary
        row = rows_of(shared_tmp / "out")["camera/0000.jpg"]
        assert (row["status"], row["error_kind"], row["keep"]) == ("failed", "permission", 1)
        assert len(summary["folders_not_read"]) == 1
        assert "/web: Permission denied" in summary["folders_not_read"][0]
    (source / "camera/0000.jpg").chmod(0o644)
    (source / "web").chmod(0o755)
    with without_privileges():
        run(source, shared_tmp / "out")
        run(source, shared_tmp / "fresh")
    assert groups_bytes(shared_tmp / "out") == groups_bytes(shared_tmp / "fresh")


def test_a_picture_that_may_be_read_now_is_tried_again(shared_tmp):
    """Permissions change neither size nor time, so nothing but another try can tell."""
    source = write_pictures(shared_tmp / "in", 4)
    (source / "camera/0000.jpg").chmod(0o000)
    with without_privileges():
        run(source, shared_tmp / "out")
    (source / "camera/0000.jpg").chmod(0o644)
    with without_privileges():
        run(source, shared_tmp / "out")
    assert rows_of(shared_tmp / "out")["camera/0000.jpg"]["error_kind"] is None


def test_a_resumed_run_still_tells_what_was_not_listed(shared_tmp):
    source = write_pictures(shared_tmp / "in", 4)
    (source / "link.jpg").symlink_to("camera/0000.jpg")
    (source / "web").chmod(0o000)

    def stop(event):
        if event.stage == "wavelet":
            raise KeyboardInterrupt

    with without_privileges():
        with pytest.raises(Interrupted):
            runs.run([str(source)], shared_tmp / "out", config(), listener=stop)
        summary = run(source, shared_tmp / "out").summary
    assert summary["links_not_followed"] == 1
    assert len(summary["folders_not_read"]) == 1


def test_only_our_own_errors_leave_a_run(tmp_path):
    """A folder removed in the midst of the run ends it with an error of ours."""
    source = write_pictures(tmp_path / "in", 4)

    def listener(event):
        if event.stage == "wavelet":
            shutil.rmtree(tmp_path / "out" / "features")

    with pytest.raises(ImgsieveError):
        runs.run([str(source)], tmp_path / "out", config(), listener=listener)
    run(source, tmp_path / "out")


def test_large_pictures_do_not_end_a_run(tmp_path):
    source = write_pictures(tmp_path / "in", 2)
    put(source, "wide.png", encode(picture(1, 9000, 64), "png"))
    assert run(source, tmp_path / "out").summary["failed"] == 3
