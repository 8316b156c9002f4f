"""Finished runs as they are read: tables, groups one after another, figures; on this machine and on a store."""

from __future__ import annotations

import re
import shutil
import uuid
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from run_checks import config, rows_of, run, summary_of, write_pictures

import imgsieve
from imgsieve import finished, runs
from imgsieve.errors import RunFolderError
from imgsieve.finished import Group, iter_groups, open_run
from imgsieve.schema import GROUPS, PAIRS_LOCAL, SCORES


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    run(write_pictures(folder / "in", 12), folder / "out")
    return folder / "out"


def told(group: Group) -> tuple[Any, ...]:
    return group.number, [(member.image_id, member.scores, member.reason) for member in group.members]


def test_tables_are_those_of_the_run(out: Path) -> None:
    with open_run(out) as opened:
        assert opened.summary == summary_of(out)
        assert opened.images().equals(pq.read_table(out / "groups.parquet"))
        assert opened.images(["file", "keep"]).column_names == ["file", "keep"]
        assert pa.concat_tables(opened.batches()).equals(opened.images())
        assert opened.pairs("local").schema.remove_metadata() == PAIRS_LOCAL
        assert opened.config.fingerprint() == config().fingerprint()
        assert opened.sources == ((out.parent / "in").as_uri(),)
        with pytest.raises(ValueError, match="wavelet, color, global, local"):
            opened.pairs("quality")


def test_groups_have_their_keepers_first(out: Path) -> None:
    rows = open_run(out).groups().to_pylist()
    expected = [row for row in rows_of(out).values() if row["group"] is not None]
    assert sorted(row["file"] for row in rows) == sorted(row["file"] for row in expected)
    for number, (group, members) in enumerate(groupby(rows, lambda row: row["group"])):
        listed = list(members)
        assert group == number
        assert [row["keep"] for row in listed] == [1] + [0] * (len(listed) - 1)
        assert all(row["keeper"] == listed[0]["file"] for row in listed[1:])
    assert open_run(out).groups(["file"]).column_names == ["file"]
    assert open_run(out).groups().schema.remove_metadata() == GROUPS


def test_groups_come_one_after_another_with_all_that_is_told(out: Path) -> None:
    opened, names = open_run(out), [score.name for score in SCORES]
    found, rows = list(iter_groups(opened)), rows_of(out)
    assert [group.number for group in found] == list(range(opened.summary["groups"]))
    members = [member for group in found for member in group.members]
    assert len(members) == len({member.image_id for member in members}) == opened.groups().num_rows
    for group in found:
        assert group.keeper.keep
        for member in group.duplicates:
            row = rows[member.file]
            assert not member.keep
            assert row["keeper"] == group.keeper.file
            assert member.scores == {name: row[name] for name in names if row[name] is not None}
            assert (member.relation, member.quality, member.uri) == (row["relation"], row["quality"], row["uri"])


@pytest.mark.parametrize("members", [1, 3, 7])
def test_ranges_change_nothing(out: Path, members: int) -> None:
    whole = [told(group) for group in iter_groups(open_run(out))]
    assert [told(group) for group in iter_groups(open_run(out), members_at_once=members)] == whole


def test_a_run_on_a_store_reads_the_same(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGSIEVE_SCRATCH", str(tmp_path))
    place = f"memory://{uuid.uuid4().hex}/runs/1"
    runs.run([str(out.parent / "in")], place, config())
    with open_run(place) as opened:
        assert opened.place == place
        local = open_run(out)
        assert opened.images().equals(local.images())
        assert [told(group) for group in iter_groups(opened)] == [told(group) for group in iter_groups(local)]
        picture = out.parent / "in" / "web" / "0002-small.jpg"
        assert [one.file for one in opened.search(picture)] == [one.file for one in local.search(picture)]


def test_what_is_no_finished_run_is_refused(out: Path, tmp_path: Path) -> None:
    for place in (tmp_path / "nothing", tmp_path, f"memory://{uuid.uuid4().hex}/none"):
        with pytest.raises(RunFolderError, match="holds no run"):
            open_run(place)
    assert list(tmp_path.iterdir()) == []
    shutil.copytree(out, tmp_path / "stopped")
    state = tmp_path / "stopped" / "run.json"
    state.write_text(state.read_text().replace('"finished"', '"running"'))
    with pytest.raises(RunFolderError, match="not come to its end"):
        open_run(tmp_path / "stopped")
    with pytest.raises(RunFolderError, match="cannot be opened"):
        open_run("ftp://host/run")


def test_damage_is_told(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "run")
    (tmp_path / "run" / "groups.parquet").write_bytes(b"PAR1")
    (tmp_path / "run" / "summary.json").unlink()
    opened = open_run(tmp_path / "run")
    for read in (opened.images, opened.groups, lambda: list(iter_groups(opened)), lambda: opened.summary):
        with pytest.raises(RunFolderError, match="give the run's command again"):
            read()


def test_the_names_are_public() -> None:
    assert {"Run", "open_run", "iter_groups", "Group", "Member", "Candidate", "SearchAnswer"} <= set(finished.__all__)


def test_the_dictionary_of_the_page_on_migration(out: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "migration.md").read_text("utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "duplicates = {" in block]
    names: dict[str, Any] = {"imgsieve": imgsieve}
    exec(code.replace('"found"', repr(str(out))), names)  # noqa: S102 - our own page
    rows, duplicates = rows_of(out), names["duplicates"]
    assert set(duplicates) == set(rows)
    for file, others in duplicates.items():
        mates = {name for name, row in rows.items() if row["group"] is not None and row["group"] == rows[file]["group"]}
        assert set(others) == mates - {file}
