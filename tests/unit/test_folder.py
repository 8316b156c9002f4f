"""Parts of a run folder are whole or absent, and count only for what they were made from."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imgsieve.errors import RunFolderError
from imgsieve.runs.folder import RunFolder

TABLE = pa.table({"n": pa.array(range(100), pa.int64())})


def test_a_part_is_held_for_its_fingerprint_only(tmp_path):
    folder = RunFolder(tmp_path / "out")
    assert not folder.holds("t.parquet", "one")
    folder.write_table("t.parquet", TABLE, "one", rows=100)
    assert folder.holds("t.parquet", "one")
    assert not folder.holds("t.parquet", "two")
    assert folder.facts("t.parquet") == {"imgsieve.fingerprint": "one", "imgsieve.rows": "100"}


@pytest.mark.parametrize("keep", [0, 3, 50, -5])
def test_a_damaged_part_is_not_held(tmp_path, keep):
    folder = RunFolder(tmp_path)
    folder.write_table("t.parquet", TABLE, "one")
    path = folder.path("t.parquet")
    path.write_bytes(path.read_bytes()[:keep])
    assert not folder.holds("t.parquet", "one")


def test_an_error_while_writing_leaves_the_old_part(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_table("t.parquet", TABLE, "one")
    with pytest.raises(KeyError), folder.table_writer("t.parquet", TABLE.schema, "two") as writer:
        writer.write(TABLE)
        raise KeyError
    assert folder.holds("t.parquet", "one")
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_the_bytes_do_not_depend_on_how_the_rows_came(tmp_path, piece):
    table = pa.table({"n": pa.array(range(40_000), pa.int64())})
    folder = RunFolder(tmp_path)
    folder.write_table("whole.parquet", table, "x")
    step = max(piece, 500) if piece < 500 else piece
    with folder.table_writer("pieces.parquet", table.schema, "x") as writer:
        for first in range(0, len(table), step):
            writer.write(table.slice(first, step))
    assert folder.path("pieces.parquet").read_bytes() == folder.path("whole.parquet").read_bytes()
    assert pq.read_table(folder.path("pieces.parquet"))["n"].to_pylist() == table["n"].to_pylist()


def test_a_table_without_rows(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_table("deep/er/t.parquet", TABLE.slice(0, 0), "one")
    assert pq.read_table(folder.path("deep/er/t.parquet")).schema.names == ["n"]


def test_what_a_killed_process_left_is_removed(tmp_path):
    folder = RunFolder(tmp_path)
    left = folder.path("features/part.parquet.partial")
    left.parent.mkdir()
    left.write_bytes(b"half")
    with folder.locked():
        assert not left.exists()


def test_a_folder_with_nothing_but_leftovers_is_usable(tmp_path):
    (tmp_path / "lock").touch()
    (tmp_path / "run.json.partial").touch()
    RunFolder(tmp_path)


def test_the_lock_keeps_others_out(tmp_path):
    first, second = RunFolder(tmp_path), RunFolder(tmp_path)
    with first.locked(), pytest.raises(RunFolderError, match="another process"), second.locked():
        pass
    with RunFolder(tmp_path).locked():
        pass


def test_errors_of_the_disk_become_ours_and_others_pass(tmp_path):
    with pytest.raises(RunFolderError, match="goes on"), RunFolder(tmp_path).locked():
        raise OSError(28, "No space left on device")
    with pytest.raises(RunFolderError), RunFolder(tmp_path).locked():
        raise pa.ArrowInvalid("broken table")
    with pytest.raises(ZeroDivisionError), RunFolder(tmp_path).locked():
        raise ZeroDivisionError


@pytest.mark.parametrize("text", ["", "{", "[1]", "\udcff"])
def test_damaged_json_is_as_if_it_were_not_there(tmp_path, text):
    folder = RunFolder(tmp_path)
    folder.path("run.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert folder.read_json("run.json") is None


def test_json_comes_back(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_json("a.json", {"b": [1, "é"], "a": None})
    assert folder.read_json("a.json") == {"a": None, "b": [1, "é"]}


def test_others_are_removed(tmp_path):
    folder = RunFolder(tmp_path)
    for name in "abc":
        folder.write_table(f"parts/{name}", TABLE, name)
    folder.remove_others("parts", ["parts/b"], ["parts/b"])
    folder.remove_others("missing", [], [])
    assert [path.name for path in folder.path("parts").iterdir()] == ["b"]
