"""A small set of pictures with copies among them, for tests that name images one by one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imgsieve
from imgsieve.demo import encode, render_quick

__all__ = ["encoded", "put", "sieve", "write_named"]


def _picture(seed: int) -> np.ndarray:
    """Return a picture of its own for every seed."""
    return render_quick(np.random.default_rng(seed), 200, 150)


def encoded(seed: int, quality: int = 92, scale: float = 1.0) -> bytes:
    """Return a picture as a JPEG."""
    pixels = _picture(seed)
    if scale != 1.0:
        size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    return encode(pixels, "jpg", quality=quality)


def _mirrored(seed: int) -> bytes:
    """Return a mirrored picture as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(_picture(seed)[:, ::-1]).save(buffer, "PNG")
    return buffer.getvalue()


def write_named(folder: Path, photos: int = 12) -> list[str]:
    """Write pictures, copies of many of them, and two broken files; return all paths in no order."""
    files = {"broken/empty.jpg": b"", "broken/notes.txt": b"not a picture"}
    for number in range(photos):
        files[f"camera/{number:02d}.jpg"] = encoded(number)
        if number % 2 == 0:
            files[f"web/{number:02d}-small.jpg"] = encoded(number, 60, 0.7)
        if number % 3 == 0:
            files[f"web/{number:02d}-mirror.png"] = _mirrored(number)
        if number % 4 == 0:
            files[f"backup/{number:02d}.jpg"] = files[f"camera/{number:02d}.jpg"]
    for file, data in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    paths = [str(folder / file) for file in files]
    np.random.default_rng(5).shuffle(paths)
    return paths


def put(folder: Path, file: str, data: bytes) -> str:
    """Write a file and return its path."""
    (folder / file).write_bytes(data)
    return str(folder / file)


def sieve(names: Any, out: Any = None, **options: Any) -> tuple[list[list[str]], dict[tuple[str, str], float]]:
    """Find the duplicates by two threads."""
    return imgsieve.MultiThreadedDeduplicator(max_workers=2, **options).deduplicate_multithreaded(names, out)
