"""The journal of a copy: what was noted is known again, whatever happened to the file meanwhile."""

import json
import multiprocessing
import os
import tracemalloc
from pathlib import Path

import pytest

from imgsieve.actions.items import COPIED, DIFFERS, EQUAL, FAILED, Item, Outcome
from imgsieve.actions.journal import Journal
from imgsieve.errors import ConfigError

FROM, TO = "az://a", "az://b"


def item(name: str, size: int = 3, etag: str = "v1") -> Item:
    return Item(name=name, uri=f"az://a/{name}", size=size, etag=etag)


def note(path: Path, *outcomes: Outcome) -> None:
    with Journal(path, FROM, TO) as journal:
        for outcome in outcomes:
            journal.write(outcome)


def known(path: Path, *items: Item) -> list[bool]:
    with Journal(path, FROM, TO) as journal:
        return [journal.has(one) for one in items]


def test_what_was_copied_or_equal_is_known_again_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "j"
    states = (COPIED, EQUAL, FAILED, DIFFERS)
    note(path, *(Outcome(item=item(state), state=state) for state in states))
    assert known(path, *(item(state) for state in states)) == [True, True, False, False]
    assert known(path, item(COPIED, size=4), item(COPIED, etag="v2"), item("other")) == [False, False, False]


def test_names_may_be_anything(tmp_path: Path) -> None:
    path = tmp_path / "j"
    names = ["a\nb", "ü/\u2028", os.fsdecode(b"\xff\xfe"), '"', "\ud800", "\0"]
    note(path, *(Outcome(item=item(name), state=COPIED) for name in names))
    assert known(path, *(item(name) for name in names)) == [True] * len(names)
    assert len(path.read_bytes().splitlines()) == len(names) + 1


@pytest.mark.parametrize("lost", range(1, 120, 7))
def test_a_file_cut_off_anywhere_goes_on(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "j"
    note(path, Outcome(item=item("a"), state=COPIED), Outcome(item=item("b"), state=COPIED))
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost])
    left = [json.loads(line).get("name") for line in whole[:-lost].splitlines(keepends=True) if line.endswith(b"\n")]
    assert known(path, item("a"), item("b")) == ["a" in left, "b" in left]
    note(path, Outcome(item=item("c"), state=COPIED))
    assert known(path, item("c")) == [True]
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_a_damaged_line_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j"
    note(path, Outcome(item=item("a"), state=COPIED))
    with path.open("ab") as handle:
        handle.write(b'\0\0\0\n[]\n{"state": "copied"}\n')
    note(path, Outcome(item=item("b"), state=COPIED))
    assert known(path, item("a"), item("b")) == [True, True]


@pytest.mark.parametrize("held", [b"my diary", b"my diary\n", b'{"imgsieve": "other"}\n', b"\0\0\0\0"])
def test_another_file_is_never_touched(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "j"
    path.write_bytes(held)
    with pytest.raises(ConfigError, match="no journal"):
        Journal(path, FROM, TO)
    assert path.read_bytes() == held


def test_the_journal_of_another_copy_is_refused(tmp_path: Path) -> None:
    note(tmp_path / "j", Outcome(item=item("a"), state=COPIED))
    with pytest.raises(ConfigError, match=f"from {FROM} to {TO}, this one is from {FROM} to az://c"):
        Journal(tmp_path / "j", FROM, "az://c")


def test_a_dry_run_makes_none(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", FROM, TO, read_only=True) as journal:
        journal.write(Outcome(item=item("a"), state=COPIED))
        assert not journal.has(item("a"))
    assert list(tmp_path.iterdir()) == []


def test_only_one_process_has_it(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", FROM, TO), multiprocessing.get_context("spawn").Pool(1) as pool:
        assert "another process is copying" in pool.apply(_refusal, (tmp_path / "j",))
    assert known(tmp_path / "j", item("a")) == [False]


def _refusal(path: Path) -> str:
    try:
        Journal(path, FROM, TO)
    except ConfigError as error:
        return str(error)
    return ""


def test_its_length_does_not_count_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path, FROM, TO) as journal:
        for number in range(60_000):
            journal.write(Outcome(item=item(f"{number:07d}"), state=COPIED))
    tracemalloc.start()
    try:
        assert known(path, item("0000000"), item("0059999"), item("0060000")) == [True, True, False]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000 < path.stat().st_size
