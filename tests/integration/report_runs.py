"""Builds small finished runs for tests of the report, with file names as hostile as storage allows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import simplejpeg

from imgsieve import schema

HOSTILE = (
    "new\nline\tand tab.jpg",
    '"><script>document.title="run"</script>.jpg',
    "'><img src=x onerror=alert(1)>.jpg",
    "invoice\u202egpj.exe",
    "zero\u200bwidth\ufeff.png",
    "</style><style>body{display:none}</style>.jpg",
    "javascript:alert(1).jpg",
    "{{ 7 * 7 }}{% raw %}.jpg",
    "  spaces   inside  .jpg",
    "bell\x07 and escape\x1b[31m.jpg",
    "very/" + "long-" * 190 + "name.jpg",
    "العربية/صورة قديمة.jpg",
    "日本語/写真 & <海>.webp",
    "e" + "\u0301" * 40 + ".jpg",
)

STAGES = ("wavelet", "color", "global", "local", "quality")


def thumbnail(seed: int, width: int = 128, height: int = 96) -> bytes:
    """Return a small picture of hills under a sky, as JPEG."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    low, high, hill = random.uniform(30, 250, (3, 3))
    pixels = low + (high - low) * y[..., None]
    for place in range(3):
        ridge = 0.45 + 0.17 * place + 0.12 * np.sin(random.uniform(2, 9) * x + random.uniform(0, 6))
        pixels = np.where((y > ridge)[..., None], hill * (1 - 0.27 * place), pixels)
    sun = np.hypot((x - random.uniform()) * width / height, y - random.uniform(0.1, 0.4)) < 0.09
    pixels[sun] = (250, 240, 200)
    return simplejpeg.encode_jpeg(np.ascontiguousarray(pixels.clip(0, 255).astype(np.uint8)), quality=80)


def group_sizes(groups: int, largest: int) -> list[int]:
    """Return sizes of groups: many pairs, some larger ones, one monster."""
    return [largest, *(2 + (place * 7919 % 11 == 0) * (place % 9) for place in range(1, groups))][:groups]


def rows(sizes: list[int], *, alone: int = 50, failed: int = 20) -> Iterator[dict[str, Any]]:
    """Make the rows of ``groups.parquet``: members of one group are far apart, as in life."""
    total = sum(sizes) + alone + failed
    stride = 7919 if total % 7919 else 7927
    members = [(number, place) for number, size in enumerate(sizes) for place in range(size)]
    fates: list[Any] = [*members, *["alone"] * alone, *["failed"] * failed]
    for image in range(total):
        fate = fates[image * stride % total]
        yield _row(image, fate)


def _row(image: int, fate: Any) -> dict[str, Any]:
    name = HOSTILE[image] if image < len(HOSTILE) else f"{image % 97:02d}/IMG_{image:07d}.jpg"
    row: dict[str, Any] = dict.fromkeys(schema.GROUPS.names) | {
        "image_id": image,
        "uri": f"az://photos/{name}",
        "file": name,
        "status": schema.KEPT,
        "keep": 1,
        "size": 40_000 + image * 7919 % 5_000_000,
    }
    if fate == "failed":
        kind = ("truncated", "not-an-image", "too-many-pixels")[image * 7 % 13 % 3]
        return row | {
            "status": schema.FAILED,
            "error_kind": kind,
            "error": f"The file ends at byte {image:,}; <b>{image}</b>",
        }
    measures = {
        "format": ("jpeg", "png", "webp")[image % 3],
        "width": 400 + image % 3600,
        "height": 300 + image % 2700,
    }
    scores = {"quality": 60 + image % 40} | {
        f"quality_{part}": float((image * 37 + 29 * n) % 101) for n, part in enumerate(schema.QUALITY_PARTS)
    }
    row |= measures | scores
    return row if fate == "alone" else row | _membership(image, *fate)


def _membership(image: int, group: int, place: int) -> dict[str, Any]:
    if place == 0:
        return {"group": group, "stage": "quality", "reason": "most pixels, sharpest, least compressed"}
    common = {
        "group": group,
        "status": schema.DUPLICATE,
        "keep": 0,
        "keeper": f"keeper of {group}",
        "keeper_id": 0,
    }
    if image % 3 == 0:
        return common | {
            "relation": "exact",
            "stage": "wavelet",
            "reason": "the bytes are equal",
            "orientation": 0,
            "distance_bits": 0,
        }
    return common | {
        "relation": "near",
        "stage": "local",
        "reason": "312 keypoints match; 97 % of the blocks agree and stay in place",
        "orientation": image % 8,
        "distance_bits": image % 60,
        "dominant_distance": 3.25,
        "pixel_difference": 1.75,
        "histogram_correlation": 0.9712,
        "similarity": 0.934,
        "inliers": 312,
        "block_share": 0.97,
        "still_share": 0.95,
        "color_shift": 1.5,
        "coverage": 0.88,
    }


def summary() -> dict[str, Any]:
    """Make the summary of a run."""
    titles = ("Wavelet hash", "Color", "Global refinement", "Local verification", "Quality")
    return {
        "version": "0.1.0",
        "sources": ["az://photos?sv=1&sig=SECRET"],
        "out": "run",
        "started": "2026-01-02T03:04:05+00:00",
        "finished": "2026-01-02T04:14:05+00:00",
        "seconds": 4200.0,
        "links_not_followed": 2,
        "reused_features": 1200,
        "fetches": {
            "gets": 5500,
            "bytes": 7 << 30,
            "by_stage": {
                "extraction": {"gets": 5000, "bytes": 6 << 30},
                "local": {"gets": 500, "bytes": 1 << 30},
            },
        },
        "stages": [
            {
                "name": name,
                "title": title,
                "seconds": 40.0 * 3**place,
                "cpu_seconds": 70.0 * 3**place,
                "items": 120_000 >> place,
                "peak_rss_bytes": (300 + 220 * place) << 20,
            }
            for place, (name, title) in enumerate(zip(STAGES, titles, strict=True))
        ],
        "memory": {
            "budget_bytes": 2 << 30,
            "projected_peak_bytes": 1600 << 20,
            "measured_peak_bytes": 1180 << 20,
        },
        "pairs": {
            "wavelet": {"proposed": 91_000, "accepted": 21_000, "rejected": 0, "undecided": 70_000},
            "color": {"proposed": 70_000, "accepted": 9_000, "rejected": 50_000, "undecided": 11_000},
            "global": {"proposed": 11_000, "accepted": 0, "rejected": 4_000, "undecided": 7_000},
            "local": {"proposed": 7_000, "accepted": 5_200, "rejected": 1_800, "undecided": 0},
        },
        "config": {"wavelet": {"max_distance_bits": 60}, "memory_budget": "2 GiB", "thumbnails": True},
        "fingerprint": "3f9a0c",
    }


def make_run(
    folder: Path,
    sizes: list[int],
    *,
    thumbnails: bool = True,
    pictures: int = 40,
    missing_every: int = 101,
    **counts: int,
) -> Path:
    """Write the tables of a run and return its folder.

    Parameters
    ----------
    folder
        The run folder, made here.
    sizes
        Members of each group.
    thumbnails
        Whether there is a folder of thumbnails, with all but the failed and every ``missing_every``-th.
    pictures
        Number of different thumbnails.
    counts
        ``alone`` and ``failed``, see `rows`.
    """
    folder.mkdir(parents=True)
    table = pa.Table.from_pylist(list(rows(sizes, **counts)), schema.GROUPS)
    pq.write_table(table, folder / "groups.parquet", row_group_size=5000)
    (folder / "groups.csv").write_text("file,group,keep,status\n")
    (folder / "summary.json").write_text(json.dumps(summary()))
    if thumbnails:
        good = table["image_id"].filter(table["error_kind"].is_null()).to_pylist()
        ids = [image for image in good if image % missing_every]
        _write_thumbs(folder / "thumbs", ids, [thumbnail(seed) for seed in range(pictures)])
    return folder


def _write_thumbs(folder: Path, ids: list[int], jpegs: list[bytes]) -> None:
    folder.mkdir()
    for part, begin in enumerate(range(0, len(ids), 2500)):
        chunk = ids[begin : begin + 2500]
        table = pa.table([chunk, [jpegs[image % len(jpegs)] for image in chunk]], schema=schema.THUMBS)
        pq.write_table(table, folder / f"part-{part:05d}.parquet", compression="none")
