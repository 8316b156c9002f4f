"""A folder as a destination, and what becomes of one object in races."""

import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imgsieve.actions.digests import digest_of_bytes
from imgsieve.actions.folder_target import FolderTarget, _partial_of
from imgsieve.actions.items import COPIED, DIFFERS, EQUAL, FAILED, Conflict, Content, Item, NotCopied, Traits
from imgsieve.actions.origins import FolderOrigin, StoreOrigin
from imgsieve.actions.targets import StoreTarget
from imgsieve.actions.transfer import Transfer
from imgsieve.config import NetworkConfig
from imgsieve.errors import SourceError
from imgsieve.storage import ListingFilter, Store, Traffic, open_store, parse_address


def item(name: str, data: bytes = b"data", etag: str = "") -> Item:
    return Item(name=name, uri=f"memory://x/{name}", size=len(data), etag=etag)


def content(data: bytes = b"data") -> Content:
    return Content(data=data, md5=digest_of_bytes(data))


def store_of(place: str) -> Store:
    return open_store(parse_address(place), Traffic(NetworkConfig()))


def store_target(place: str) -> StoreTarget:
    return StoreTarget(store_of(place), parse_address(place))


def store_origin(place: str) -> StoreOrigin:
    return StoreOrigin(store_of(place), parse_address(place), ListingFilter())


@pytest.mark.parametrize(
    "name",
    ["../out.jpg", "a/../../out.jpg", "/out.jpg", "a//b", "./a", "..", "a\0b", "\ud800", "a/..", "//", "x" * 300],
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    target = FolderTarget(tmp_path / "in" / "here")
    with pytest.raises(NotCopied):
        target.write(item(name), content(), Traits(), None)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_odd_names_are_written_as_they_are(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "to")
    for name in ("...", "a\nb", os.fsdecode(b"\xff"), " ", "~", "-rf", "C:\\x"):
        target.write(item(f"d/{name}"), content(), Traits(), None)
        assert (tmp_path / "to" / "d" / name).read_bytes() == b"data"
    assert not list(tmp_path.rglob("*.imgsieve-partial"))


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path)
    target.write(item("a"), content(), Traits(), None)
    with pytest.raises(NotCopied, match="one of its folders"):
        target.write(item("a/b"), content(), Traits(), None)
    with pytest.raises(NotCopied, match="one of its folders"):
        target.write(item("a/b/c"), content(), Traits(), None)
    target.write(item("d/e"), content(), Traits(), None)
    with pytest.raises(Conflict):
        target.write(item("d"), content(), Traits(), None)
    assert (tmp_path / "a").read_bytes() == b"data"


def test_an_empty_object_that_ends_in_a_slash_is_a_folder(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path)
    target.write(item("a/b/", b""), content(b""), Traits(), None)
    assert (tmp_path / "a" / "b").is_dir()
    found = target.find("a/b/")
    assert found is not None
    assert found.size == 0


def test_of_many_writers_one_wins_and_nothing_is_mixed(tmp_path: Path) -> None:
    target, won, start = FolderTarget(tmp_path), [], threading.Barrier(8)

    def write(number: int) -> None:
        data = bytes([number]) * 100_000
        start.wait()
        try:
            FolderTarget(tmp_path).write(item("a", data), content(data), Traits(), None)
            won.append(number)
        except (Conflict, NotCopied):
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    found = target.find("a")
    assert found is not None
    assert target.digest("a", found) == digest_of_bytes(bytes([won[0]]) * 100_000)


@pytest.mark.parametrize("linked", [False, True])
def test_what_a_killed_process_left_is_cleared_away_and_harms_nothing(tmp_path: Path, linked: bool) -> None:
    origin, target = store_origin("memory://left-from"), FolderTarget(tmp_path)
    one = item("a", b"whole", origin.store.write("a", b"whole"))
    target.write(one, content(b"whole"), Traits(), None)
    left = _partial_of(tmp_path / "a")
    if linked:
        left.hardlink_to(tmp_path / "a")
    else:
        left.write_bytes(b"who")
    assert Transfer(origin, target, overwrite=False, dry_run=False)(one).state == EQUAL
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    (tmp_path / "a").unlink()
    left.write_bytes(b"a longer rest than the file itself")
    assert Transfer(origin, target, overwrite=False, dry_run=False)(one).state == COPIED
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"whole"}


def test_the_moment_of_change_is_kept(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path)
    old = Item(name="a", uri="memory://x/a", size=4, etag="", modified=1_000_000_000.0)
    assert target.write(old, content(), Traits(), None).modified == 1_000_000_000.0


def test_a_file_is_no_destination(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(SourceError, match="not a folder"):
        FolderTarget(tmp_path / "a")


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_comes_there_meanwhile_is_not_overwritten(overwrite: bool) -> None:
    origin, target = store_origin("memory://race-from"), store_target(f"memory://race-to-{overwrite}")
    etag = origin.store.write("a", b"mine")
    transfer = Transfer(origin, target, overwrite=overwrite, dry_run=False)
    target.store.write("a", b"other's")
    outcome = transfer(item("a", b"mine", etag))
    assert outcome.state == (COPIED if overwrite else DIFFERS)
    assert target.store.read("a") == (b"mine" if overwrite else b"other's")
    assert transfer(item("a", b"mine", etag)).state == (EQUAL if overwrite else DIFFERS)


def test_a_source_that_changed_is_not_copied(tmp_path: Path) -> None:
    origin, target = store_origin("memory://changed-from"), store_target("memory://changed-to")
    etag = origin.store.write("a", b"old")
    transfer = Transfer(origin, target, overwrite=True, dry_run=False)
    origin.store.write("a", b"new")
    outcome = transfer(item("a", b"old", etag))
    assert (outcome.state, "changed" in outcome.reason) == (FAILED, True)
    assert target.is_empty()
    gone = transfer(item("b", b"old", etag))
    assert (gone.state, "vanished" in gone.reason) == (FAILED, True)


def test_a_large_file_that_changes_while_it_is_copied_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    path = tmp_path / "from" / "a"
    path.write_bytes(random.Random(1).randbytes(1000))
    origin = _Disturbed(tmp_path / "from", path)
    target = FolderTarget(tmp_path / "to")
    (found,) = origin.items()
    outcome = Transfer(origin, target, overwrite=False, dry_run=False)(found)
    assert (outcome.state, outcome.reason) == (FAILED, "the file changed while it was copied")
    assert list((tmp_path / "to").iterdir()) == []


class _Disturbed(FolderOrigin):
    """A folder in which a file grows once its copy has begun, and is read as a large one is."""

    def __init__(self, root: Path, path: Path) -> None:
        super().__init__(root, ListingFilter())
        self._path = path

    @contextmanager
    def content(self, found: Item) -> Iterator[Content]:
        with self._path.open("ab") as handle:
            handle.write(b"more")
        yield Content(data=self._path, md5=b"0" * 16, holds=lambda: self._path.stat().st_size == found.size)


def test_a_dry_run_reads_nothing_and_writes_nothing() -> None:
    origin, target = store_origin("memory://dry-from"), store_target("memory://dry-to")
    etag = origin.store.write("a", b"same")
    target.store.write("a", b"size")
    transfer = Transfer(origin, target, overwrite=False, dry_run=True)
    assert transfer(item("a", b"same", etag)).state == "unknown"
    assert transfer(item("b", b"same", etag)).state == COPIED
    assert [found.name for found in target.store.list("")] == ["a"]
