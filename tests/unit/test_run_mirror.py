"""Run folders on object stores: what is there is the truth, and comes and goes by single requests."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imgsieve.config import NetworkConfig
from imgsieve.errors import RunFolderError
from imgsieve.runs.holder import Holder
from imgsieve.runs.lock import Lease
from imgsieve.runs.mirror import RemoteRunFolder, open_run_folder
from imgsieve.storage import Traffic, open_store, parse_address

TABLE = pa.table({"n": pa.array(range(100), pa.int64())})


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("IMGSIEVE_SCRATCH", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


@pytest.fixture
def place():
    return f"memory://{uuid.uuid4().hex}/runs/1"


def store_of(place):
    return open_store(parse_address(place), Traffic(NetworkConfig()))


def names_in(place):
    prefix = parse_address(place).prefix
    return {found.name.removeprefix(prefix) for found in store_of(place).list(prefix)}


def opened(place, traffic=None, **options):
    """Open a folder as it is after a run has begun in it."""
    return RemoteRunFolder(parse_address(place), traffic or Traffic(NetworkConfig()), **options)


def begun(place):
    folder = opened(place)
    with folder.locked():
        assert folder.read_json("run.json") is None
        folder.write_json("run.json", {"state": "running"})
    return place


def test_a_part_that_one_process_wrote_is_there_for_the_next(place):
    first = opened(place)
    with first.locked():
        first.write_json("run.json", {})
        first.write_table("deep/t.parquet", TABLE, "one", rows=100)
    second = opened(place)
    with second.locked():
        second.read_json("run.json")
        assert second.holds("deep/t.parquet", "one")
        assert not second.holds("deep/t.parquet", "two")
        assert not second.holds("other.parquet", "one")
        assert second.facts("deep/t.parquet")["imgsieve.rows"] == "100"
        assert pq.read_table(second.path("deep/t.parquet")) == TABLE.replace_schema_metadata(None)


def test_requests_are_as_few_as_can_be(place):
    begun(place)
    traffic = Traffic(NetworkConfig())
    folder = opened(place, traffic)
    with folder.locked():
        folder.read_json("run.json")
        before = traffic.as_dict()[""]
        folder.write_table("t.parquet", TABLE, "one")
        for _ in range(3):
            assert folder.holds("t.parquet", "one")
            assert not folder.exists("missing.parquet")
        folder.write_table("missing.parquet", TABLE, "one")
        assert folder.exists("missing.parquet")
        after = traffic.as_dict()[""]
    asked = {name: after[name] - before[name] for name in ("puts", "gets", "heads", "lists", "deletes")}
    assert asked == {"puts": 2, "gets": 1, "heads": 0, "lists": 0, "deletes": 0}


def test_a_new_folder_is_not_asked_for_parts(place):
    traffic = Traffic(NetworkConfig())
    folder = opened(place, traffic)
    with folder.locked():
        assert folder.read_json("run.json") is None
        folder.bring(f"features/{number}" for number in range(20))
        assert not folder.exists("features/0")
    assert traffic.as_dict()[""]["gets"] == 0


def test_only_a_place_without_a_run_is_listed(place):
    traffic = Traffic(NetworkConfig())
    opened(place, traffic)
    assert traffic.as_dict()[""]["lists"] == 1
    begun(place)
    traffic = Traffic(NetworkConfig())
    opened(place, traffic)
    assert traffic.as_dict()[""]["lists"] == 0


def test_a_place_that_holds_other_things_is_refused(place):
    store_of(place).write(f"{parse_address(place).prefix}holiday.jpg", b"x")
    with pytest.raises(RunFolderError, match="holds other things and no run"):
        opened(place)
    assert names_in(place) == {"holiday.jpg"}


def test_neighbors_with_a_similar_name_are_no_strangers(place):
    store_of(place).write("runs/10/holiday.jpg", b"x")
    opened(place)


def test_what_a_killed_process_left_of_its_lock_is_no_stranger(place):
    for name in ("lock", "lock.0123"):
        store_of(place).write(parse_address(place).prefix + name, b"{}")
    opened(place)


def test_nothing_is_begun_where_a_finished_run_is_wanted(place):
    with pytest.raises(RunFolderError, match="holds no run"):
        open_run_folder(place, Traffic(NetworkConfig()), new=False)
    assert names_in(place) == set()


def test_an_error_while_writing_leaves_the_old_part(place):
    folder = opened(place)
    with folder.locked():
        folder.write_table("t.parquet", TABLE, "one")
        with pytest.raises(KeyError), folder.table_writer("t.parquet", TABLE.schema, "two") as writer:
            writer.write(TABLE)
            raise KeyError
        before = folder.path("t.parquet").read_bytes()
        assert folder.holds("t.parquet", "one")
    assert store_of(place).read("runs/1/t.parquet") == before
    assert names_in(place) == {"t.parquet"}


def test_a_damaged_part_is_not_held(place):
    begun(place)
    store_of(place).write("runs/1/t.parquet", b"PAR1 and no more")
    folder = opened(place)
    with folder.locked():
        folder.read_json("run.json")
        assert folder.exists("t.parquet")
        assert not folder.holds("t.parquet", "one")


def test_a_large_part_comes_in_pieces(place):
    data = bytes(range(256)) * 80_000
    store_of(begun(place)).write("runs/1/large.bin", data)
    traffic = Traffic(NetworkConfig())
    folder = opened(place, traffic)
    with folder.locked():
        folder.read_json("run.json")
        gets = traffic.as_dict()[""]["gets"]
        assert folder.path("large.bin").read_bytes() == data
    assert traffic.as_dict()[""]["gets"] == gets + 5


def test_many_threads_bring_a_part_once(place):
    store_of(begun(place)).write("runs/1/part", b"part")
    traffic = Traffic(NetworkConfig())
    folder = opened(place, traffic)
    with folder.locked():
        folder.read_json("run.json")
        gets = traffic.as_dict()[""]["gets"]
        read = []
        threads = [threading.Thread(target=lambda: read.append(folder.path("part").read_bytes())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert read == [b"part"] * 8
    assert traffic.as_dict()[""]["gets"] == gets + 1


def test_others_are_removed_by_their_names(place):
    begun(place)
    folder = opened(place)
    traffic = folder._traffic
    with folder.locked():
        folder.read_json("run.json")
        for name in "abc":
            folder.write_table(f"parts/{name}", TABLE, name)
        folder.remove_others("parts", ["parts/b"], ["parts/a", "parts/b", "parts/gone"])
        assert not folder.exists("parts/a")
        assert folder.exists("parts/b")
    assert names_in(place) == {"run.json", "parts/b", "parts/c"}
    assert traffic.as_dict()[""]["lists"] == 0


def test_text_and_tables_have_their_types(place):
    folder = opened(place)
    with folder.locked():
        folder.write_json("summary.json", {})
        folder.write_table("t.parquet", TABLE, "one")
        with folder.text_writer("groups.csv") as handle:
            handle.write("a,b\r\n")
    types = {name: store_of(place).head(f"runs/1/{name}").content_type for name in names_in(place)}
    assert types == {
        "summary.json": "application/json",
        "t.parquet": "application/vnd.apache.parquet",
        "groups.csv": "text/csv; charset=utf-8",
    }
    assert store_of(place).read("runs/1/groups.csv") == b"a,b\r\n"


def test_run_json_is_not_written_over_a_version_that_is_not_known(place):
    begun(place)
    folder = opened(place)
    with folder.locked():
        folder.read_json("run.json")
        folder.write_json("run.json", {"mine": 1})
        store_of(place).write("runs/1/run.json", b'{"theirs": 1}')
        with pytest.raises(RunFolderError, match=r"run.json was changed by somebody else"):
            folder.write_json("run.json", {"mine": 2})
    assert store_of(place).read("runs/1/run.json") == b'{"theirs": 1}'


def test_run_json_is_not_written_where_one_came_up(place):
    folder = opened(place)
    with folder.locked():
        assert folder.read_json("run.json") is None
        store_of(place).write("runs/1/run.json", b'{"theirs": 1}')
        with pytest.raises(RunFolderError, match="changed by somebody else"):
            folder.write_json("run.json", {"mine": 1})
    assert store_of(place).read("runs/1/run.json") == b'{"theirs": 1}'


def test_a_run_that_came_and_went_before_the_lock_is_noticed(place):
    late = opened(place)
    early = opened(place)
    with early.locked():
        early.read_json("run.json")
        early.write_json("run.json", {"state": "finished"})
        early.write_table("t.parquet", TABLE, "one")
    with late.locked():
        assert late.read_json("run.json") == {"state": "finished"}
        assert late.holds("t.parquet", "one")


def test_nothing_is_written_or_removed_by_one_that_was_taken_for_dead(place):
    begun(place)
    folder = opened(place, lease=Lease(renew_seconds=0.05, stale_seconds=1.0))
    thief = replace(Holder.here(), host="elsewhere", machine="another", pid=4711)
    with folder.locked():
        folder.read_json("run.json")
        folder.write_table("t.parquet", TABLE, "one")
        store_of(place).write("runs/1/lock", thief.as_bytes())
        time.sleep(0.3)
        before = {name: store_of(place).read(f"runs/1/{name}") for name in names_in(place)}
        attempts = [
            lambda: folder.write_table("t.parquet", TABLE, "two"),
            lambda: folder.write_json("run.json", {"state": "finished"}),
            lambda: folder.write_json("summary.json", {}),
            lambda: folder.remove_others("", [], ["t.parquet"]),
            lambda: folder.publish("report", "index.html"),
        ]
        for attempt in attempts:
            with pytest.raises(RunFolderError, match="taken over by process 4711 on elsewhere"):
                attempt()
    assert {name: store_of(place).read(f"runs/1/{name}") for name in names_in(place)} == before


def test_a_publication_replaces_the_one_before(place):
    begun(place)
    for pages in (("index.html", "groups/1.html", "groups/2.html", "a.js", "b.jpg"), ("index.html", "groups/1.html")):
        folder = opened(place)
        with folder.locked():
            folder.read_json("run.json")
            for page in pages:
                path = folder.root / "report" / page
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(str(pages))
            folder.publish("report", "index.html")
        assert names_in(place) == {"run.json", "report/files.json", *(f"report/{page}" for page in pages)}
        assert store_of(place).read("runs/1/report/index.html").decode() == str(pages)
    assert store_of(place).head("runs/1/report/index.html").content_type == "text/html; charset=utf-8"
