"""``imgsieve ls`` as users call it."""

import json
import os
from pathlib import Path

from cli_process import imgsieve, tree
from copy_places import fill_container, settled

from stores.azurite import KEY, Azurite, make_sas

DAY = 86_400


def put(folder: Path, name: str, size: int, day: int = 20_000) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (day * DAY, day * DAY))


def test_a_folder_is_counted_by_kind_and_age(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / "p", f"sub/{number}.JPG", 100, day=19_000 + number)
    put(tmp_path / "p", "film.mp4", 5000)
    put(tmp_path / "p", "README", 7)
    held = tree(tmp_path)
    done = imgsieve("ls", "p", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["files"], told["bytes"], told["pictures"]) == (5, 5307, {"files": 3, "bytes": 300})
    assert told["kinds"] == [
        {"kind": ".jpg", "files": 3, "bytes": 300},
        {"kind": "(none)", "files": 1, "bytes": 7},
        {"kind": ".mp4", "files": 1, "bytes": 5000},
    ]
    assert (told["oldest"], told["newest"]) == ("2022-01-08T00:00:00+00:00", "2024-10-04T00:00:00+00:00")
    assert tree(tmp_path) == held
    text = imgsieve("ls", "p", cwd=tmp_path).stdout
    assert "Last changed      2022-01-08 to 2024-10-04" in text


def test_filters_are_those_of_a_run(tmp_path: Path) -> None:
    put(tmp_path / "p", "a.jpg", 100, day=19_000)
    put(tmp_path / "p", "b.jpg", 3000, day=19_500)
    put(tmp_path / "p", "trash/c.jpg", 3000, day=19_500)
    put(tmp_path / "p", "d.png", 3000, day=19_900)

    def count(*options: str) -> int:
        return json.loads(imgsieve("ls", "p", "--json", *options, cwd=tmp_path).stdout)["files"]

    assert count() == 4
    assert count("--include", "*.jpg") == 3
    assert count("--exclude", "trash/") == 3
    assert count("--min-size", "1kB") == 3
    assert count("--max-size", "1kB") == 1
    assert count("--after", "2023-01-01") == 3
    assert count("--after", "2023-01-01", "--before", "2024-01-01") == 2


def test_only_twenty_kinds_are_told_and_the_rest_together(tmp_path: Path) -> None:
    for number in range(25):
        put(tmp_path / "p", f"x.k{number:02d}", 10)
    done = imgsieve("ls", "p", cwd=tmp_path)
    assert ".k19" in done.stdout
    assert ".k20" not in done.stdout
    assert "5 other kinds" in done.stdout
    assert len(json.loads(imgsieve("ls", "p", "--json", cwd=tmp_path).stdout)["kinds"]) == 25


def test_what_two_sources_reach_counts_once(tmp_path: Path) -> None:
    put(tmp_path, "p/a.jpg", 1)
    put(tmp_path, "p/q/b.jpg", 1)
    done = imgsieve("ls", "p/q", "p", "p", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["files"] == 2


def test_a_container_is_listed_without_reading_or_showing_secrets(azurite: Azurite, container: str) -> None:
    fill_container(azurite, container, {"in/a.jpg": b"one", "in/ü.png": b"three", "out/c.jpg": b"no"})
    sas = make_sas(container, "l")
    before = settled(azurite)
    place = f"{azurite.endpoint}/{container}/in?{sas}"
    done = imgsieve("ls", place, "--json", variables=azurite.environment())
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["files"], told["bytes"], told["requests"]) == (2, 8, 1)
    assert told["oldest"] is not None
    asked = [a.path for a in azurite.accesses(before) if a.method in ("GET", "HEAD")]
    assert ["comp=list" in path for path in asked] == [True]
    for text in (done.stdout, done.stderr):
        assert "sig=" not in text
        assert KEY not in text


def test_an_empty_place_is_no_error_and_a_missing_one_is(azurite: Azurite, container: str, tmp_path: Path) -> None:
    empty = imgsieve("ls", f"az://{container}", variables=azurite.environment())
    assert (empty.returncode, "Files             0 (0 B)" in empty.stdout) == (0, True)
    missing = imgsieve("ls", "nothing", cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "does not exist" in missing.stderr
    gone = imgsieve("ls", "az://no-such-container", variables=azurite.environment())
    assert gone.returncode == 1
    assert "there is no such container" in gone.stderr
