"""Asking a finished run about one picture: what matches, what does not and why, and what cannot be read any more."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from cli_process import imgsieve
from PIL import Image
from run_checks import config, encode, picture, put, recoded, rows_of, run, saved, write_pictures

from imgsieve import runs
from imgsieve.config import GlobalConfig, VotingConfig, WaveletConfig
from imgsieve.errors import ConfigError, DecodeError, FetchError, RunFolderError
from imgsieve.finished import Run, open_run
from stores.azurite import Azurite

PHOTOS = 12
_RADII = ("max_distance_bits", "max_trimmed_distance_bits", "exact_distance_bits")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    run(write_pictures(folder / "in", PHOTOS), folder / "out")
    return folder / "out"


@pytest.fixture
def opened(out: Path) -> Run:
    return open_run(out)


def group_of(opened: Run, number: int) -> set[str]:
    """The files that were made from one photograph."""
    return {file for file in opened.images(["file"])["file"].to_pylist() if f"/{number:04d}" in file}


def test_every_keeper_finds_its_group_and_nothing_else(opened: Run, out: Path) -> None:
    rows = rows_of(out)
    keepers = [row for row in rows.values() if row["status"] == "kept"]
    assert len(keepers) >= PHOTOS
    for row in keepers:
        answer = opened.search(out.parent / "in" / row["file"], limit=50)
        assert {one.file for one in answer} == {
            other["file"] for other in rows.values() if other["keeper_id"] == row["image_id"]
        } | {row["file"]}
        assert answer.matches[0].relation == "exact"
        assert answer.why.endswith("near duplicates of the picture are in the run")
        assert answer.images == sum(one["status"] != "failed" for one in rows.values())


@pytest.mark.parametrize(
    "edit",
    [
        lambda pixels: recoded(pixels, 40, 0.6),
        lambda pixels: saved(pixels[:, ::-1], "PNG"),
        lambda pixels: saved(np.rot90(pixels), "PNG"),
        lambda pixels: recoded(pixels[10:-10, 12:-12], 70),
        lambda pixels: recoded(np.asarray(Image.fromarray(pixels).convert("L").convert("RGB")), 80),
    ],
    ids=["smaller", "mirrored", "turned", "cropped", "gray"],
)
def test_copies_are_found_and_explained(opened: Run, edit: Callable[[np.ndarray], bytes]) -> None:
    answer = opened.search(edit(picture(6)))
    assert {one.file for one in answer} == group_of(opened, 6)
    for one in answer:
        assert one.relation in {"near", "exact"}
        assert one.why
        if one.stage == "local":
            assert one.scores["block_share"] >= 0.7
            assert {"distance_bits", "votes", "pixel_difference", "similarity", "coverage"} <= set(one.scores)
    assert {one.status for one in answer} == {"kept", "duplicate"}
    keeper = next(one.file for one in answer if one.status == "kept")
    assert all(one.keeper == keeper for one in answer if one.status == "duplicate")


def test_a_stranger_finds_nothing_and_is_told_why(opened: Run) -> None:
    answer = opened.search(encode(picture(777), "jpg"))
    assert not answer
    assert len(answer) == 0
    assert answer.why
    assert answer.compared <= answer.left_by_descriptor <= answer.left_by_color <= answer.proposed
    assert all(one.relation == "different" and one.why for one in answer.rejected)


def test_a_flat_picture_finds_only_its_equals(opened: Run) -> None:
    answer = opened.search(saved(np.full((80, 100, 3), 255, np.uint8), "PNG"))
    assert (len(answer), answer.proposed) == (0, 0)
    assert answer.why


def test_the_limit_is_told(opened: Run) -> None:
    whole = opened.search(recoded(picture(0), 50))
    some = opened.search(recoded(picture(0), 50), limit=1)
    assert whole.compared > 1
    assert some.compared == 1
    assert (some.not_compared > 0) is (whole.not_compared == 0)
    with pytest.raises(ConfigError, match="limit"):
        opened.search(b"", limit=0)


def test_files_that_are_gone_are_told_apart(tmp_path: Path) -> None:
    source = write_pictures(tmp_path / "in", 6)
    run(source, tmp_path / "out")
    opened, asked = open_run(tmp_path / "out"), recoded(picture(2), 50)
    expected = {one.file for one in opened.search(asked)}
    shutil.rmtree(source / "web")
    put(source, "camera/0002.jpg", b"something else")
    answer = opened.search(asked)
    assert {one.file for one in answer.undecided} == expected
    assert all("could not be compared" in one.why for one in answer.undecided)
    assert "could not be told apart" in answer.why
    assert not answer.matches


def test_pictures_that_cannot_be_asked_about(opened: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(DecodeError, match="cannot be used"):
        opened.search(tmp_path / "notes.txt")
    with pytest.raises(DecodeError):
        opened.search(b"")
    with pytest.raises(FetchError, match="no such file"):
        opened.search(tmp_path / "none.jpg")


def test_bytes_paths_and_urls_are_the_same_question(opened: Run, out: Path) -> None:
    path = out.parent / "in" / "web" / "0002-small.jpg"
    answers = [opened.search(asked) for asked in (path, str(path), path.as_uri(), path.read_bytes())]
    assert len({tuple(one.file for one in answer) for answer in answers}) == 1
    assert len(answers[0]) > 1


def test_threads_get_the_same_answers(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "run", ignore=shutil.ignore_patterns("search"))
    opened = open_run(tmp_path / "run")
    questions = [recoded(picture(number), 60) for number in range(6)] * 2
    with ThreadPoolExecutor(6) as pool:
        together = [[one.file for one in answer] for answer in pool.map(opened.search, questions)]
    assert together == [[one.file for one in opened.search(asked)] for asked in questions]
    assert all(together)


def test_the_index_is_made_once_and_anew_where_it_is_damaged(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "run", ignore=shutil.ignore_patterns("search"))
    asked = recoded(picture(4), 50)
    expected = [one.file for one in open_run(tmp_path / "run").search(asked)]
    (index,) = (tmp_path / "run" / "search").iterdir()
    made = index.stat().st_mtime_ns
    assert [one.file for one in open_run(tmp_path / "run").search(asked)] == expected
    assert index.stat().st_mtime_ns == made
    whole = index.read_bytes()
    for damaged in (whole[:-1], b"x" + whole[1:], b""):
        index.write_bytes(damaged)
        assert [one.file for one in open_run(tmp_path / "run").search(asked)] == expected
        assert index.read_bytes() == whole


def test_the_index_goes_elsewhere_where_the_run_cannot_be_written(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGSIEVE_SCRATCH", str(tmp_path / "cache"))
    shutil.copytree(out, tmp_path / "run", ignore=shutil.ignore_patterns("search"))
    (tmp_path / "run" / "search").write_text("in the way")
    assert len(open_run(tmp_path / "run").search(recoded(picture(4), 50))) > 1
    assert len(list((tmp_path / "cache").glob("*.index"))) == 1


def test_a_grown_run_has_a_new_index(tmp_path: Path) -> None:
    source = write_pictures(tmp_path / "in", 4)
    run(source, tmp_path / "out")
    asked = encode(picture(50), "jpg", quality=70)
    assert not open_run(tmp_path / "out").search(asked)
    put(source, "new/0050.png", saved(picture(50), "PNG"))
    run(source, tmp_path / "out")
    assert [one.file for one in open_run(tmp_path / "out").search(asked)] == ["new/0050.png"]
    assert len(list((tmp_path / "out" / "search").iterdir())) == 1


def test_a_run_of_other_algorithms_is_refused(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "run")
    state = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "run" / "run.json").write_text(json.dumps({**state, "fingerprint": "0" * 16}))
    opened = open_run(tmp_path / "run")
    assert opened.images().num_rows > 0
    with pytest.raises(RunFolderError, match="another version"):
        opened.search(recoded(picture(4), 50))


def test_a_run_without_its_features_is_refused(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "run", ignore=shutil.ignore_patterns("search", "part-000000*"))
    with pytest.raises(RunFolderError, match=r"features .* cannot be read"):
        open_run(tmp_path / "run").search(recoded(picture(4), 50))
    state = json.loads((tmp_path / "run" / "run.json").read_text())
    del state["features"]
    (tmp_path / "run" / "run.json").write_text(json.dumps(state))
    with pytest.raises(RunFolderError, match="does not name the features"):
        open_run(tmp_path / "run").search(recoded(picture(4), 50))
    assert not list((tmp_path / "run").glob("search/*"))


def test_runs_and_pictures_may_lie_on_a_store(
    azurite: Azurite, container: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in azurite.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IMGSIEVE_SCRATCH", str(tmp_path))
    asked = f"az://{container}/asked/a%20picture.jpg"
    with azurite.container(container) as client:
        for number in range(3):
            client.upload_blob(f"in/some folder/{number}#.jpg", encode(picture(number), "jpg", quality=92))
        client.upload_blob("asked/a picture.jpg", recoded(picture(1), 60))
    runs.run([f"az://{container}/in"], f"az://{container}/run", config())
    with open_run(f"az://{container}/run") as opened:
        answer = opened.search(asked)
        assert [(one.file, one.relation) for one in answer] == [("some folder/1#.jpg", "near")]
        assert answer.matches[0].uri == f"az://{container}/in/some%20folder/1%23.jpg"
        with azurite.container(container) as client:
            client.delete_blob("in/some folder/1#.jpg")
        gone = opened.search(asked)
        assert [one.file for one in gone.undecided] == ["some folder/1#.jpg"]
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".index"]
    done = imgsieve("search", f"az://{container}/run", asked)
    assert (done.returncode, done.stderr) == (0, "")
    assert "not known" in done.stdout


def write_model(path: Path) -> Path:
    """Write a model whose embedding are the mean colors of 8 x 8 cells, without their mean."""
    given = onnx.helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1, 3, 32, 32])
    answer = onnx.helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, [1, 192])
    nodes = [
        onnx.helper.make_node("AveragePool", ["input"], ["cells"], kernel_shape=[4, 4], strides=[4, 4]),
        onnx.helper.make_node("Flatten", ["cells"], ["output"]),
    ]
    graph = onnx.helper.make_graph(nodes, "cells", [given], [answer])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    path.with_suffix(".toml").write_text(
        '[input]\nsize = [32, 32]\nmean = [0.5, 0.5, 0.5]\nscale = [0.25, 0.25, 0.25]\nlayout = "NCHW"\ncolor = "RGB"\n'
    )
    return path


def test_the_model_of_the_run_is_asked_as_well(tmp_path: Path) -> None:
    options = GlobalConfig(descriptor=str(write_model(tmp_path / "model.onnx")))
    source = write_pictures(tmp_path / "in", 6)
    put(source, "flat.png", saved(np.full((80, 100, 3), 255, np.uint8), "PNG"))
    run(source, tmp_path / "out", config=config(refine=options))
    opened = open_run(tmp_path / "out")
    # Without codes and corners, only the model can bring them together.
    alone = config(refine=options, wavelet=WaveletConfig(**dict.fromkeys(_RADII, 0)))
    for asked in (recoded(picture(2), 50, 0.8), saved(picture(4), "PNG")):
        answer = opened.search(asked)
        assert {"camera/0002.jpg", "camera/0004.jpg"} & {one.file for one in answer}
    run(source, tmp_path / "only", config=replace(alone, voting=VotingConfig(tables=0)))
    only = open_run(tmp_path / "only")
    answer = only.search(recoded(picture(2), 50, 0.8))
    assert "camera/0002.jpg" in {one.file for one in answer}
    assert all(one.scores["distance_bits"] == 256 for one in answer if one.stage == "local" and one.scores)
    assert len(only.search(saved(np.full((80, 100, 3), 254, np.uint8), "PNG"))) == 0
    (tmp_path / "model.toml").write_text("[input]\n")
    with pytest.raises(RunFolderError, match="its model has changed"):
        open_run(tmp_path / "out").search(recoded(picture(2), 50))


def test_the_command_tells_people_and_machines(out: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked.jpg"
    asked.write_bytes(recoded(picture(6), 50))
    done = imgsieve("search", out, asked)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 equal and ")
    assert "near (stage 4: " in done.stdout
    value = json.loads(imgsieve("search", out, asked, "--json", "--limit", "1").stdout)
    assert value["compared"] == 1
    assert value["matches"][0]["relation"] == "near"
    asked.write_bytes(encode(picture(777), "jpg"))
    with asked.open("rb") as stream:
        nothing = imgsieve("search", out, "-", stdin=stream)
    assert nothing.returncode == 0, nothing.stderr
    assert " came near" in nothing.stdout


def test_the_command_fails_in_one_line(out: Path, tmp_path: Path) -> None:
    for arguments, code in (((out, tmp_path / "none.jpg"), 1), ((tmp_path, "x.jpg"), 1), ((out,), 2)):
        done = imgsieve("search", *arguments)
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
