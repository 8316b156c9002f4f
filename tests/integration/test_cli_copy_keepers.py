"""``imgsieve copy --from-run RUN --keepers``: what a run keeps, in the versions that it has seen."""

import csv
from pathlib import Path

import pytest
from cli_process import imgsieve, tree
from copy_places import blobs, fill_container, journal_lines, read, settled

from imgsieve.demo import write_demo
from stores.azurite import Azurite

Variables = dict[str, str]
BROKEN = b"\xff\xd8\xff\xe0 no picture at all"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder, photos=4, edits_per_photo=1, seed=5)
    return {**tree(folder / "images"), "broken.jpg": BROKEN}


@pytest.fixture(scope="module")
def run(
    azurite: Azurite, pictures: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, dict[str, str]]:
    """Run over a container; the container, the run folder, and the status of each image."""
    container, folder = "keepers-of-a-run", tmp_path_factory.mktemp("keepers") / "run"
    with azurite.container(container) as client:
        client.create_container()
    fill_container(azurite, container, pictures, "in/")
    place = f"az://{container}/in"
    done = imgsieve("run", place, "--out", folder, "--no-report", variables=azurite.environment())
    assert done.returncode == 0, done.stderr
    with (folder / "groups.csv").open(encoding="utf-8", newline="") as lines:
        status = {row["file"]: row["status"] for row in csv.DictReader(lines)}
    assert {"kept", "duplicate", "failed"} == set(status.values())
    return container, folder, status


def test_only_keepers_are_copied_and_failed_ones_when_asked(
    azurite: Azurite, container: str, pictures: dict[str, bytes], run: tuple[str, Path, dict[str, str]], tmp_path: Path
) -> None:
    source, folder, status = run
    arguments = ("copy", f"az://{source}/in", f"az://{container}/best", "--from-run", folder, "--keepers")
    before = settled(azurite)
    done = imgsieve(*arguments, cwd=tmp_path, variables=azurite.environment())
    assert done.returncode == 0, done.stderr
    kept = {file: pictures[file] for file, verdict in status.items() if verdict == "kept"}
    assert blobs(azurite, container, "best/") == kept
    assert [path for path in read(azurite.accesses(before)) if source in path] == []
    failed = {file: pictures[file] for file, verdict in status.items() if verdict == "failed"}
    assert f"Not taken         {len(failed):,} image" in done.stdout
    assert "that the run could not read; --with-failed takes them as well" in done.stdout
    again = imgsieve(*arguments, "--with-failed", cwd=tmp_path, variables=azurite.environment())
    assert again.returncode == 0, again.stdout
    assert blobs(azurite, container, "best/") == kept | failed


def test_a_run_over_another_place_or_unfinished_is_refused(
    azurite: Azurite, run: tuple[str, Path, dict[str, str]], tmp_path: Path
) -> None:
    _, folder, _ = run
    (tmp_path / "other").mkdir()
    elsewhere = imgsieve(
        "copy", "other", "to", "--from-run", folder, "--keepers", cwd=tmp_path, variables=azurite.environment()
    )
    assert elsewhere.returncode == 1
    assert "it was over az://keepers-of-a-run/in" in elsewhere.stderr
    begun = tmp_path / "begun"
    begun.mkdir()
    text = (folder / "run.json").read_text("utf-8")
    (begun / "run.json").write_text(text.replace('"state": "finished"', '"state": "running"'), "utf-8")
    refused = imgsieve("copy", "other", "to", "--from-run", begun, "--keepers", cwd=tmp_path)
    assert refused.returncode == 1
    assert "has not come to its end" in refused.stderr
    assert not (tmp_path / "to").exists()


def test_the_run_may_lie_in_a_store(
    azurite: Azurite, container: str, pictures: dict[str, bytes], run: tuple[str, Path, dict[str, str]], tmp_path: Path
) -> None:
    source, folder, status = run
    parts = {name: data for name, data in tree(folder).items() if name != "lock"}
    fill_container(azurite, container, parts, "found/")
    place = f"az://{container}/found"
    arguments = ("copy", f"az://{source}/in", "to", "--keepers", "--from-run")
    done = imgsieve(*arguments, place, cwd=tmp_path, variables=azurite.environment())
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "to") == {file: pictures[file] for file, verdict in status.items() if verdict == "kept"}
    missing = imgsieve(*arguments, f"az://{container}/nothing", cwd=tmp_path, variables=azurite.environment())
    assert missing.returncode == 1
    assert "holds no run" in missing.stderr


def test_an_image_that_changed_since_the_run_is_not_copied(
    azurite: Azurite, container: str, pictures: dict[str, bytes], run: tuple[str, Path, dict[str, str]], tmp_path: Path
) -> None:
    source, folder, status = run
    kept = sorted(file for file, verdict in status.items() if verdict == "kept")
    with azurite.container(source) as client:
        client.upload_blob(f"in/{kept[0]}", pictures[kept[0]], overwrite=True)
        for target in (f"az://{container}", "folder"):
            done = imgsieve(
                *("copy", f"az://{source}/in", target, "--from-run", folder, "--keepers", "--journal", target[:2]),
                cwd=tmp_path,
                variables=azurite.environment(),
            )
            assert done.returncode == 3, done.stderr
            assert f"{kept[0]}: the object changed since it was listed" in done.stdout
            states = {line["name"]: line["state"] for line in journal_lines(tmp_path / target[:2])}
            assert states == {**dict.fromkeys(kept, "copied"), kept[0]: "failed"}
    assert set(blobs(azurite, container)) == set(tree(tmp_path / "folder")) == set(kept[1:])
