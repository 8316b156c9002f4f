"""The examples do what they say, as they stand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_checks import encode, picture, put, recoded, rows_of, run, summary_of, write_pictures

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    run(write_pictures(folder / "in", 8), folder / "out")
    return folder / "out"


def example(name: str, *arguments: object) -> str:
    """Run an example to its end and return what it prints."""
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_table_counts_all_duplicates(out: Path) -> None:
    printed = example("pandas_table.py", out)
    assert "Duplicates by folder" in printed
    folders = {file.partition("/")[0] for file, row in rows_of(out).items() if row["status"] == "duplicate"}
    assert folders
    assert all(folder in printed for folder in folders)
    assert "Least sure" in printed


def test_every_sample_has_its_tag(out: Path) -> None:
    printed = dict(line.split(": ") for line in example("fiftyone_style.py", out).splitlines())
    rows, summary = rows_of(out).values(), summary_of(out)
    assert {name: int(count) for name, count in printed.items()} == {
        "exact-duplicate": summary["exact_duplicates"],
        "near-duplicate": summary["near_duplicates"],
        "failed": summary["failed"],
        "keeper": summary["groups"],
        "unique": sum(row["status"] == "kept" and row["group"] is None for row in rows),
    }


def test_the_pipeline_lets_in_what_is_new(tmp_path: Path) -> None:
    collection = write_pictures(tmp_path / "collection", 6, broken=False)
    before = sum(path.is_file() for path in collection.rglob("*"))
    inbox = tmp_path / "inbox"
    put(inbox, "copy.jpg", recoded(picture(2), 50, 0.8))
    put(inbox, "new.jpg", encode(picture(500), "jpg"))
    put(inbox, "notes.txt", b"no picture")
    printed = example("pipeline.py", collection, inbox, tmp_path / "run")
    assert "copy.jpg: left, near duplicate of " in printed
    assert "new.jpg: new, " in printed
    assert f"1 moved, 2 left; {before + 1} images, {before} known before" in printed
    assert sorted(path.name for path in inbox.iterdir()) == ["copy.jpg", "notes.txt"]
    assert (collection / "new.jpg").exists()


def cells() -> Iterator[str]:
    """Yield the code of the notebook."""
    notebook = json.loads((EXAMPLES / "run_figures.ipynb").read_text("utf-8"))
    assert notebook["nbformat"] == 4
    for cell in notebook["cells"]:
        assert cell["source"]
        if cell["cell_type"] == "code":
            assert not cell["outputs"], "outputs are not kept; clear them"
            yield "".join(cell["source"])


def test_the_cells_of_the_notebook_run_in_their_order(out: Path, tmp_path: Path) -> None:
    script = tmp_path / "notebook.py"
    script.write_text("\n\n".join(cells()))
    environment = {**os.environ, "IMGSIEVE_RUN": str(out)}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=200, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    summary = summary_of(out)
    assert f"near duplicates{summary['near_duplicates']:>21,}" in done.stdout
    assert all(stage["name"] in done.stdout for stage in summary["stages"])
    assert f"{summary['failed']} of {summary['images']} files; all of them are kept" in done.stdout


def test_examples_need_nothing_but_the_package(out: Path, tmp_path: Path) -> None:
    copied = shutil.copy(EXAMPLES / "pandas_table.py", tmp_path / "alone.py")
    done = subprocess.run([sys.executable, str(copied), str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
