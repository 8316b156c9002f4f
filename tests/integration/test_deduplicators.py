"""The classes of the Python interface: what they take, what they give, what they tell, and what they refuse."""

from __future__ import annotations

import csv
import json
import os
import uuid
import warnings
from pathlib import Path

import pytest

import imgsieve
from imgsieve.config import ExecutionConfig, LocalConfig, RunConfig, SourceConfig
from imgsieve.errors import ConfigError, Interrupted, MemoryBudgetError, RunFolderError, SourceError
from imgsieve.runs import run
from imgsieve.storage import memory_store, open_store, parse_address
from named_pictures import encoded, put, sieve, write_named
from stores.places import fill, traffic_of


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return write_named(tmp_path_factory.mktemp("named") / "in", 6)


@pytest.fixture(scope="module")
def reference(paths):
    return imgsieve.HierarchicalDeduplicator().deduplicate(paths)


def flat(groups):
    return sorted(name for group in groups for name in group)


def row_of(out, name):
    with (out / "groups.csv").open(encoding="utf-8", newline="") as stream:
        return next(row for row in csv.DictReader(stream) if row["file"].endswith(name))


def test_every_name_is_there_once(paths, reference):
    groups, scores = reference
    assert flat(groups) == sorted(paths)
    assert groups == sorted(groups)
    assert any(len(group) == 3 for group in groups)
    for group in groups:
        assert group[1:] == sorted(group[1:])
        for name in group[1:]:
            assert 0.7 <= scores[min(group[0], name), max(group[0], name)] <= 1
    assert all(a < b for a, b in scores)


def test_keepers_are_those_of_the_table(paths, tmp_path):
    groups, _ = sieve(paths, tmp_path / "out")
    for group in groups:
        files = ["/".join(Path(name).parts[-2:]) for name in group]
        assert [row_of(tmp_path / "out", file)["keep"] for file in files] == ["1", *["0"] * len(group[1:])]


def test_equal_files_score_one(tmp_path):
    a, b = put(tmp_path, "a.jpg", encoded(1)), put(tmp_path, "b.jpg", encoded(1))
    assert sieve([b, a]) == ([[a, b]], {(a, b): 1.0})


def test_removing_all_but_the_first_never_removes_the_only_copy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    a = put(tmp_path, "a.jpg", encoded(1))
    Path("link.jpg").symlink_to(a)
    b = put(tmp_path, "b.jpg", encoded(1, 50, 0.6))
    groups, scores = sieve(["a.jpg", a, b, "link.jpg", a])
    assert flat(groups) == sorted(["a.jpg", a, a, b, "link.jpg"])
    assert sorted(len(group) for group in groups) == [1, 1, 1, 2]
    (pair,) = [group for group in groups if len(group) == 2]
    assert sorted(map(os.path.realpath, pair)) == [a, b]
    assert list(scores) == [tuple(sorted(pair))]


def test_missing_and_damaged_files_stay_with_a_reason(tmp_path):
    names = [put(tmp_path, "a.jpg", encoded(1)), str(tmp_path / "gone.jpg"), put(tmp_path, "cut.jpg", encoded(2)[:900])]
    (tmp_path / "folder.jpg").mkdir()
    names.append(str(tmp_path / "folder.jpg"))
    groups, scores = sieve(names, tmp_path / "out")
    assert (groups, scores) == ([[name] for name in sorted(names)], {})
    gone = row_of(tmp_path / "out", "gone.jpg")
    assert (gone["status"], gone["error_kind"], gone["error"]) == ("failed", "vanished", "there is no such file")
    assert row_of(tmp_path / "out", "folder.jpg")["error_kind"] == "unreadable"
    assert row_of(tmp_path / "out", "cut.jpg")["error_kind"] == "truncated"


def test_nothing_but_missing_files(tmp_path):
    names = [str(tmp_path / "x/a.jpg"), str(tmp_path / "y/b.jpg")]
    assert sieve(names) == ([[name] for name in names], {})


def test_stores_and_files_mixed(tmp_path):
    one, other = f"memory://{uuid.uuid4().hex}", f"memory://{uuid.uuid4().hex}"
    memory_store(one.partition("://")[2]).put("deep/a b.jpg", encoded(1))
    memory_store(other.partition("://")[2]).put("c.jpg", encoded(1, 60, 0.7))
    small = put(tmp_path, "small.jpg", encoded(1, 40, 0.6))
    names = [f"{other}/c.jpg", small, f"{one}/deep/a%20b.jpg", f"{one}/gone.jpg", Path(small).as_uri()]
    groups, scores = sieve(names)
    assert flat(groups) == sorted(names)
    assert [f"{one}/deep/a%20b.jpg"] == [group[0] for group in groups if len(group) == 3]
    assert len(scores) >= 2


def test_paths_and_text_are_the_same(paths, reference):
    assert sieve([Path(name) for name in paths]) == reference
    assert sieve(iter(paths)) == reference


def test_one_image(paths):
    assert sieve(paths[:1]) == ([paths[:1]], {})


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "empty"),
        ("photos/a.jpg", "one name"),
        (Path("photos/a.jpg"), "one name"),
        (None, "list of names"),
        ([b"a.jpg"], "text or paths"),
        ([Path("az://cats/a.jpg")], "made a path"),
    ],
)
def test_what_is_no_list_of_names(names, said):
    with pytest.raises(ConfigError, match=said):
        sieve(names)


@pytest.mark.parametrize("name", ["", "ftp://host/a.jpg", "s3://bucket"])
def test_names_that_mean_nothing(name):
    with pytest.raises(SourceError):
        sieve([name])


@pytest.mark.parametrize(
    "options",
    [
        {"max_workers": 0},
        {"max_workers": -1},
        {"max_workers": 1.5},
        {"chunk_size": 0},
        {"max_group_size_color": 1},
        {"max_group_size_global": 0},
        {"max_group_size_local": "many"},
        {"gc_frequency": -1},
        {"feature_cache": "cache"},
        {"feature_cache": 0},
        {"progress_callback": 3},
        {"profile": "fast"},
        {"device": "tpu"},
        {"device": "cuda:x"},
        {"config": {"local": {}}},
        {"config": RunConfig(local=LocalConfig(ratio=2.0))},
        {"config": RunConfig(execution=ExecutionConfig(workers="two"))},
    ],
)
def test_wrong_options_are_told_before_any_work(options):
    with pytest.raises(ConfigError):
        imgsieve.MultiThreadedDeduplicator(**options)


@pytest.mark.parametrize("out", ["new", "memory://never-made/run"])
def test_a_run_checks_its_options_as_well(paths, tmp_path, out):
    place = out if "://" in out else str(tmp_path / out)
    config = RunConfig(execution=ExecutionConfig(workers=-2))
    with pytest.raises(ConfigError, match=r"execution\.workers = -2"):
        run([str(Path(paths[0]).parent)], place, config)
    assert list(tmp_path.iterdir()) == []


def test_filters_of_folders_do_not_go_with_names(paths):
    with pytest.raises(ConfigError, match="source"):
        sieve(paths, config=RunConfig(source=SourceConfig(include=("*.png",))))


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_an_accelerator_falls_back_with_one_warning(device):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = imgsieve.HierarchicalDeduplicator(device=device)
    assert len(caught) == 1
    assert device in str(caught[0].message)
    assert caught[0].filename == __file__
    assert made.device == "cpu"


@pytest.mark.parametrize("device", ["cpu", "auto", None])
def test_the_processor_needs_no_warning(device):
    assert imgsieve.MemoryEfficientDeduplicator(device=device).device == "cpu"


def test_progress_is_told_to_its_end(paths):
    told = []
    imgsieve.MemoryEfficientDeduplicator(progress_callback=lambda *_: told.append(None)).deduplicate_memory_efficient(
        paths, progress_callback=lambda text, percent: told.append((text, percent))
    )
    texts, percents = zip(*told, strict=True)
    assert list(percents) == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 100)
    assert any(text.startswith("Stage 3: Global refinement: ") and text.endswith(" groups") for text in texts)
    assert any(text.startswith("Stage 2: Color: 0/") for text in texts)
    assert "Reading pictures: 15 images" in texts
    for stage in ("Stage 2", "Stage 3"):
        counted = [text.rpartition(": ")[2].removesuffix(" groups") for text in texts if text.startswith(stage)]
        done, totals = zip(*(map(int, count.split("/")) for count in counted), strict=True)
        assert list(done) == sorted(done)
        assert (done[0], done[-1]) == (0, totals[0])
        assert len(set(totals)) == 1 < totals[0]


@pytest.mark.parametrize("error", [ValueError("enough"), OSError("disk"), ConfigError("mine")])
@pytest.mark.parametrize("stage", ["Preparing", "Reading", "Stage 3", "Finished"])
def test_an_error_of_a_callback_comes_through(paths, reference, tmp_path, error, stage):
    def callback(text, _percent):
        if text.startswith(stage):
            raise error

    with pytest.raises(type(error)) as caught:
        sieve(paths, tmp_path / "out", progress_callback=callback)
    assert caught.value is error
    assert sieve(paths, tmp_path / "out") == reference


def test_stopping_from_a_callback(paths, reference, tmp_path):
    def callback(text, _percent):
        if text.startswith("Stage 2"):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        sieve(paths, tmp_path / "out", progress_callback=callback)
    assert sieve(paths, tmp_path / "out") == reference


def test_other_names_in_the_folder_of_a_stopped_run(paths, tmp_path):
    def callback(text, _percent):
        if text.startswith("Stage 1"):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        sieve(paths[:5], tmp_path / "out", progress_callback=callback)
    assert sieve(paths[3:], tmp_path / "out") == sieve(paths[3:])


def test_more_names_in_the_folder_of_a_run_reuse_its_features(paths, reference, tmp_path):
    out = tmp_path / "out"
    sieve(paths[:8], out)
    assert sieve(paths, out) == reference
    assert json.loads((out / "summary.json").read_text("utf-8"))["reused_features"] >= 6


def test_a_folder_of_another_run(paths, tmp_path):
    sieve(paths[:2], tmp_path / "out")
    with pytest.raises(RunFolderError, match=r"local\.ratio"):
        sieve(paths[:2], tmp_path / "out", config=RunConfig(local=LocalConfig(ratio=0.7)))


def test_a_folder_that_cannot_be_written(paths, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunFolderError):
        sieve(paths[:2], tmp_path / "file")
    with pytest.raises(RunFolderError, match="other things"):
        sieve(paths[:2], Path(paths[0]).parent)


def test_images_within_the_results_are_refused(paths, tmp_path):
    sieve(paths[:1], tmp_path / "out")
    inside = put(tmp_path / "out", "a.jpg", encoded(1))
    with pytest.raises(ConfigError, match="within the run folder"):
        sieve([*paths[:1], inside], tmp_path / "out")


def test_the_reference_says_when_it_does_not_fit(paths):
    config = RunConfig(execution=ExecutionConfig(memory_bytes=10**8))
    with pytest.raises(MemoryBudgetError):
        imgsieve.HierarchicalDeduplicator(config=config).deduplicate(paths)


def test_a_run_folder_in_a_store(paths, reference):
    place = f"memory://{uuid.uuid4().hex}/run"
    one = imgsieve.MultiThreadedDeduplicator()
    assert one.deduplicate_multithreaded(paths, place) == reference
    assert one.create_report(*reference, place) == f"{place}/report/index.html"


def test_the_run_folder_is_one_of_images_named_one_by_one(paths, tmp_path):
    sieve(paths[:2], tmp_path / "out")
    with pytest.raises(RunFolderError, match="named one by one"):
        run([str(Path(paths[0]).parent)], tmp_path / "out")


def test_names_of_the_package():
    assert {"HierarchicalDeduplicator", "MemoryEfficientDeduplicator", "MultiThreadedDeduplicator"} <= set(
        dir(imgsieve)
    )
    with pytest.raises(AttributeError):
        imgsieve.NoSuchName  # noqa: B018 - asking is the point


def test_azure_s3_and_files_in_one_list(container, bucket, environment, tmp_path, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    fill(
        open_store(parse_address(f"az://{container}"), traffic_of()), {"cats/a b.jpg": encoded(1), "c.jpg": encoded(3)}
    )
    fill(open_store(parse_address(f"s3://{bucket}"), traffic_of()), {"copies/a.jpg": encoded(1, 60, 0.7)})
    names = [
        f"s3://{bucket}/copies/a.jpg",
        put(tmp_path, "small.jpg", encoded(1, 50, 0.6)),
        f"az://{container}/c.jpg",
        f"az://{container}/cats/a%20b.jpg",
        f"s3://{bucket}/copies/gone.jpg",
    ]
    groups, _ = sieve(names, tmp_path / "out")
    assert flat(groups) == sorted(names)
    assert [len(group) for group in groups if group[0] == names[3]] == [3]
    summary = json.loads((tmp_path / "out/summary.json").read_text("utf-8"))
    assert summary["network"]["total"]["heads"] == 4
    assert summary["network"]["total"]["gets"] == 3
    assert summary["failed_by_kind"] == {"vanished": 1}
