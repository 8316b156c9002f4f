"""Small sets of pictures for whole runs, what must hold for every result, and runs in processes of their own."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from imgsieve import runs
from imgsieve.config import DecodeConfig, ExecutionConfig, RunConfig
from imgsieve.demo import encode, render_quick
from imgsieve.memory import least_budget_bytes
from imgsieve.runs.preparation import prepare
from imgsieve.schema import GROUPS

FAILURES = {
    "vanished", "changed", "permission", "unreadable", "empty", "not-an-image", "unsupported", "malformed",
    "truncated", "too-many-pixels", "too-large-for-memory",
}  # fmt: skip


def picture(seed: int, width: int = 200, height: int = 150) -> np.ndarray:
    """Return a picture of its own for every seed."""
    return render_quick(np.random.default_rng(seed), width, height)


def recoded(pixels: np.ndarray, quality: int = 60, scale: float = 1.0) -> bytes:
    """Return a smaller, worse JPEG of a picture."""
    height, width = pixels.shape[:2]
    smaller = Image.fromarray(pixels).resize((round(width * scale), round(height * scale)), Image.Resampling.LANCZOS)
    return encode(np.asarray(smaller), "jpg", quality=quality)


def saved(pixels: np.ndarray, form: str, **options: Any) -> bytes:
    """Return the bytes of a picture in a format of Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def put(folder: Path, file: str, data: bytes) -> Path:
    """Write a file and the folders it needs."""
    target = folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


def write_pictures(folder: Path, photos: int = 24, seed: int = 0, *, broken: bool = True) -> Path:
    """Write pictures with copies of many kinds among them, and some broken files."""
    for number in range(seed, seed + photos):
        pixels = picture(number)
        original = encode(pixels, "jpg", quality=92)
        put(folder, f"camera/{number:04d}.jpg", original)
        if number % 2 == 0:
            put(folder, f"web/{number:04d}-small.jpg", recoded(pixels, 60, 0.7))
        if number % 3 == 0:
            put(folder, f"web/{number:04d}-mirror.png", saved(pixels[:, ::-1], "PNG"))
        if number % 4 == 0:
            put(folder, f"backup/{number:04d}.jpg", original)
        if number % 5 == 0:
            put(folder, f"crops/{number:04d}.jpg", recoded(pixels[8:-8, 10:-10], 85))
    if broken:
        put(folder, "broken/empty.jpg", b"")
        put(folder, "broken/cut.jpg", encode(picture(999), "jpg")[:900])
        put(folder, "broken/notes.txt", b"not a picture")
    return folder


def least_memory_mb(workers: int, images: int = 1000) -> int:
    """The smallest budget that this process can keep, with a little air."""
    base = prepare(config(workers=workers), remote=False).base_bytes
    return least_budget_bytes(base_bytes=base, images=images, workers=workers) // 10**6 + 12


def config(*, workers: int = 2, memory_mb: int = 2048, thumbnails: bool = True, **tables: Any) -> RunConfig:
    """Return options of which none changes the result, unless a table is given."""
    made = RunConfig(
        execution=ExecutionConfig(workers=workers, memory_bytes=memory_mb * 10**6),
        decode=DecodeConfig(thumbnails=thumbnails),
    )
    return replace(made, **tables)


def run(source: Path, out: Path, **options: Any) -> runs.RunResult:
    """Run over one folder and check the accounts of the result."""
    listener = options.pop("listener", None)
    result = runs.run([str(source)], out, options.pop("config", None) or config(**options), listener=listener)
    check_accounts(out)
    return result


def groups_bytes(out: Path) -> bytes:
    """Return the result as it lies on the disk."""
    return (out / "groups.parquet").read_bytes()


def rows_of(out: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of the result, by file."""
    return {row["file"]: row for row in pq.read_table(out / "groups.parquet").to_pylist()}


def summary_of(out: Path) -> dict[str, Any]:
    """Return the summary of a run."""
    return json.loads((out / "summary.json").read_text("utf-8"))


def check_accounts(out: Path) -> list[dict[str, Any]]:
    """Check that every listed file is told of exactly once, and that all that is told fits together."""
    table = pq.read_table(out / "groups.parquet")
    assert table.schema.remove_metadata() == GROUPS
    rows = table.to_pylist()
    listed = [r for part in sorted((out / "manifest").glob("*.parquet")) for r in pq.read_table(part).to_pylist()]
    assert [row["image_id"] for row in rows] == list(range(len(listed)))
    assert [(r["uri"], r["file"]) for r in rows] == [(r["uri"], r["file"]) for r in listed]
    assert len({row["uri"] for row in rows}) == len(rows)
    for row in rows:
        _check_row(row, rows)
    _check_groups(rows)
    _check_pairs(out, rows)
    _check_csv(out, rows)
    _check_counts(out, rows)
    return rows


def _check_row(row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    assert row["status"] in {"kept", "duplicate", "failed"}
    assert row["keep"] == (row["status"] != "duplicate")
    assert (row["error_kind"] is not None) == (row["status"] == "failed") == (row["quality"] is None)
    if row["status"] == "failed":
        assert row["error_kind"] in FAILURES
        assert row["error"]
        assert row["group"] is None
    if row["status"] != "duplicate":
        assert row["keeper"] is row["keeper_id"] is row["relation"] is row["stage"] is None
        return
    keeper = rows[row["keeper_id"]]
    assert keeper["file"] == row["keeper"]
    assert keeper["status"] == "kept", "a duplicate of a duplicate"
    assert keeper["group"] == row["group"] is not None
    assert row["relation"] in {"exact", "near"}
    assert row["reason"]


def _check_groups(rows: list[dict[str, Any]]) -> None:
    members: dict[int, list[str]] = {}
    for row in rows:
        if row["group"] is not None:
            members.setdefault(row["group"], []).append(row["status"])
    assert sorted(members) == list(range(len(members)))
    for statuses in members.values():
        assert len(statuses) > 1
        assert statuses.count("kept") == 1


def _check_pairs(out: Path, rows: list[dict[str, Any]]) -> None:
    exact = {r["b"]: r["a"] for r in pq.read_table(out / "pairs/wavelet.parquet").to_pylist() if r["exact"]}
    local = {(r["a"], r["b"]): r["verdict"] for r in pq.read_table(out / "pairs/local.parquet").to_pylist()}
    for row in rows:
        if row["status"] != "duplicate":
            continue
        a, b = (exact.get(image, image) for image in (row["image_id"], row["keeper_id"]))
        assert (a == b) == (row["relation"] == "exact")
        assert a == b or local[min(a, b), max(a, b)] == "accepted"


def _check_csv(out: Path, rows: list[dict[str, Any]]) -> None:
    with (out / "groups.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        told = list(reader)
    assert reader.fieldnames is not None
    assert list(reader.fieldnames[:4]) == ["file", "group", "keep", "status"]
    assert len(told) == len(rows)
    for text, row in zip(told, rows, strict=True):
        for name, value in text.items():
            kept = row[name]
            assert value == ("" if kept is None else f"{kept:.2f}" if isinstance(kept, float) else str(kept))


def _check_counts(out: Path, rows: list[dict[str, Any]]) -> None:
    summary = summary_of(out)
    statuses = [row["status"] for row in rows]
    assert summary["images"] == len(rows)
    assert summary["kept"] == statuses.count("kept")
    assert summary["failed"] == statuses.count("failed") == sum(summary["failed_by_kind"].values())
    assert summary["exact_duplicates"] + summary["near_duplicates"] == statuses.count("duplicate")
    assert summary["groups"] == len({row["group"] for row in rows} - {None})
    assert not list(out.rglob("*.partial"))


def child(source: Path, out: Path | str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start a run in a process of its own, which prints a line for every event."""
    command = [sys.executable, str(Path(__file__)), str(source), str(out), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def kill_at(process: subprocess.Popen[str], stage: str, event: int) -> bool:
    """Kill a run at the given event of a stage; return whether it came that far."""
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            event -= line.startswith(f"{stage} ")
            if event < 0:
                process.kill()
                return True
    assert process.returncode == 0, process.stderr
    return False


def main() -> None:
    """Run over a folder, telling every event."""
    source, out = sys.argv[1:3]
    stall = sys.argv[3:4]

    def tell(event: runs.Event) -> None:
        os.write(1, f"{event.stage} {event.done} {event.total}\n".encode())
        if stall == [event.stage]:
            sys.stdin.read()

    runs.run([source], out, config(), listener=tell)


if __name__ == "__main__":
    main()
