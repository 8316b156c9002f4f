"""Ask a run of N images about single pictures, each question in a process of its own, and print times and memory.

Usage::

    python benchmarks/search.py OUT [--images 100000] [--seed 1] [--workers 2] [--repeat 5]

OUT gets made-up features (see `scale_features.py`; what there is already is kept), and a finished run of these in
``OUT/run``, in which some images have real files, made up as well, so that stage 4 has something to read. Asked are
a copy that was cropped and saved again, one that was mirrored, one that is equal, and a stranger. The first
question makes the index; of the others the median of ``--repeat`` is printed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from imgsieve.config import RunConfig
from imgsieve.demo import encode, render_quick
from imgsieve.finished import open_run
from imgsieve.imaging import decode, looks_like_image, probe
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.manifest import PART_ROWS, Manifest
from imgsieve.schema import FEATURES, GROUPS, KEPT, MANIFEST, PAIRS_WAVELET
from imgsieve.stages.extraction import describe_image
from imgsieve.storage import FolderSource, ListingFilter
from scale_features import Recipe, generate

PLANTED = 40
"""Images of the run that have files."""

_ASK = (
    "import sys; from imgsieve.cli.main import main; code = main(sys.argv[1:]);"
    "from imgsieve.memory import peak_resident_bytes; print(peak_resident_bytes(), file=sys.stderr); sys.exit(code)"
)


@dataclass(frozen=True)
class Asked:
    """One question, answered."""

    answer: dict[str, Any]
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    features = generate(options.out, Recipe(options.images, options.seed), options.workers)
    run = make_run(options.out, features)
    questions = dict(write_questions(options.out))
    first = ask(run, questions["cropped and saved again"])
    index = sum(path.stat().st_size for path in run.glob("search/*"))
    print(f"{options.images:,} images; index {index / 1e6:.0f} MB, {index / options.images:,.0f} bytes an image")
    print("| question | seconds | of the processor | peak MB | proposed | compared | matches |")
    print("|---|---|---|---|---|---|---|")
    print(_line("the first one, which makes the index", [first]))
    for name, picture in questions.items():
        print(_line(name, [ask(run, picture) for _ in range(options.repeat)]))
    print(f"within one process, from the second question on: {again(run, questions, options.repeat):.2f} s")


def _line(name: str, asked: list[Asked]) -> str:
    last = asked[-1].answer
    figures = (
        f"{statistics.median(one.seconds for one in asked):.2f}",
        f"{statistics.median(one.cpu_seconds for one in asked):.2f}",
        f"{max(one.peak_bytes for one in asked) / 1e6:.0f}",
        *(f"{last[name]:,}" for name in ("proposed", "compared")),
        str(len(last["matches"])),
    )
    return f"| {name} | {' | '.join(figures)} |"


def ask(run: Path, picture: Path) -> Asked:
    """Ask from the command line, as people do."""
    command = [sys.executable, "-c", _ASK, "search", str(run), str(picture), "--json"]
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Asked(json.loads(done.stdout), seconds, cpu, int(done.stderr.split()[-1]))


def again(run: Path, questions: dict[str, Path], repeat: int) -> float:
    """Return the seconds of a question where others were asked before."""
    with open_run(run) as opened:
        for picture in questions.values():
            opened.search(picture)
        found = [opened.search(picture).seconds for _ in range(repeat) for picture in questions.values()]
    return statistics.median(found)


def make_run(root: Path, features: FeatureColumns) -> Path:
    """Make a finished run of made-up features, some of whose images have files."""
    shutil.rmtree(root / "run", ignore_errors=True)
    folder = RunFolder(root / "run")
    pictures = _write_pictures(root)
    step = max(features.count // len(pictures), 1)
    at = {number * step: row for number, row in enumerate(pictures) if number * step < features.count}
    (folder.root / "features").mkdir()
    identities = []
    for number, (start, part) in enumerate(features.read(FEATURES.names)):
        inside = {image - start: row for image, row in at.items() if start <= image < start + len(part)}
        if inside:
            listed = _replaced(part, inside)
            folder.write_table(features.parts[number], listed, "made up")
        else:
            listed = part
            (folder.root / features.parts[number]).hardlink_to(features.folder.root / features.parts[number])
        identities.append(listed.select(MANIFEST.names))
    _write_state(folder, pa.concat_tables(identities), list(features.parts), root)
    return folder.root


def _replaced(part: pa.Table, rows: dict[int, dict[str, Any]]) -> pa.Table:
    """Put described pictures in the places of made-up images."""
    pieces, at = [], 0
    for place, row in sorted(rows.items()):
        told = {**row, "image_id": part["image_id"][place].as_py()}
        pieces += [part.slice(at, place - at), pa.Table.from_pylist([told], FEATURES)]
        at = place + 1
    return pa.concat_tables([piece.cast(FEATURES) for piece in (*pieces, part.slice(at))])


def _write_state(folder: RunFolder, listed: pa.Table, parts: list[str], root: Path) -> None:
    """Write what else a finished run has: manifest, result, summary and state."""
    names = []
    for start in range(0, len(listed), PART_ROWS):
        names.append(f"manifest/part-{start // PART_ROWS:05d}-madeup.parquet")
        folder.write_table(names[-1], listed.slice(start, PART_ROWS).cast(MANIFEST), "madeup")
    columns: dict[str, Any] = {name: listed[name] for name in ("image_id", "uri", "file", "size")}
    columns |= {"status": pa.repeat(KEPT, len(listed)), "keep": pa.array(np.ones(len(listed), np.int8))}
    groups = [columns.get(field.name, pa.nulls(len(listed), field.type)) for field in GROUPS]
    folder.write_table("groups.parquet", pa.Table.from_arrays(groups, schema=GROUPS), "madeup")
    folder.write_table("pairs/wavelet.parquet", PAIRS_WAVELET.empty_table(), "madeup")
    folder.write_json("summary.json", {"images": len(listed)})
    size = int(pc.sum(listed["size"]).as_py())
    manifest = Manifest(folder, tuple(names), len(listed), size, "madeup").as_dict()
    config = RunConfig()
    told = {"version": "made up", "state": "finished", "sources": [(root / "pictures").as_uri()]}
    told |= {"config": config.as_dict(), "fingerprint": config.fingerprint(), "manifest": manifest}
    folder.write_json("run.json", {**told, "features": {"committed": parts}})


def _picture(number: int) -> np.ndarray:
    return render_quick(np.random.default_rng([7, number]), 1200, 900)


def _write_pictures(root: Path) -> list[dict[str, Any]]:
    """Write the files that the run is to have, and return their features."""
    folder = root / "pictures"
    folder.mkdir(exist_ok=True)
    for number in range(PLANTED):
        path = folder / f"{number:03d}.jpg"
        if not path.exists():
            path.write_bytes(encode(_picture(number), "jpg", quality=92))
    source, config = FolderSource(folder, ListingFilter()), RunConfig()

    @contextmanager
    def read(image: Any) -> Iterator[Any]:
        data = source.fetch(image["uri"], image["size"], image["etag"], wanted=looks_like_image)
        options = config.decode
        header = probe(data, max_pixels=options.max_pixels, min_side=options.min_side)
        yield data, decode(data, header, min_side=options.min_side)

    rows = []
    for entry in source.entries():
        image = {"image_id": 0, "uri": entry.uri, "file": entry.file, "size": entry.size, "etag": entry.etag}
        rows.append(dict.fromkeys(FEATURES.names) | describe_image(image, read, config).row)
    return rows


def write_questions(root: Path) -> Iterator[tuple[str, Path]]:
    """Write the pictures that are asked about."""
    folder = root / "questions"
    folder.mkdir(exist_ok=True)
    cropped = _picture(3)[80:820, 60:1140]
    for name, pixels in (
        ("cropped and saved again", cropped),
        ("mirrored", np.ascontiguousarray(_picture(17)[:, ::-1])),
        ("a stranger", render_quick(np.random.default_rng(99), 1000, 800)),
    ):
        path = folder / f"{name.replace(' ', '-')}.jpg"
        buffer = io.BytesIO()
        Image.fromarray(pixels).resize((900, 640)).save(buffer, "JPEG", quality=70)
        path.write_bytes(buffer.getvalue())
        yield name, path
    yield "an equal file", root / "pictures" / "005.jpg"


if __name__ == "__main__":
    main()
