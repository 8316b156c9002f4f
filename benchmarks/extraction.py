"""Compare the throughput of the whole extraction pass with that of decoding alone.

Usage::

    python benchmarks/extraction.py FOLDER [--threads 2] [--repeats 5] [--limit 2000]

Decoding alone reads a file, probes it and decodes it. The extraction pass does the same and then computes digests, all
features and the thumbnail. Both go over the same files with the same threads in one process and take turns, A B A B,
after one round of each that is not timed, in which code is compiled and files enter the system's cache. Printed are the
medians of images a second, their ratio (the median over the rounds, each against the one before it), and what the parts
cost on one thread, in CPU microseconds an image.

Files that cannot be decoded are told and left out.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

from imgsieve.config import RunConfig
from imgsieve.errors import ImageError
from imgsieve.features.color import color_signature
from imgsieve.features.describing import describe, encode_thumbnail
from imgsieve.features.metrics import measure
from imgsieve.features.reduction import small_picture
from imgsieve.imaging import DecodedImage, decode, looks_like_image, probe
from imgsieve.stages.extraction import describe_image, pixel_digest

CONFIG = RunConfig()
_CHUNK = 16
_SAMPLE = 200


def read_and_decode(path: Path) -> tuple[bytes, DecodedImage]:
    """Read, probe and decode one file."""
    data = path.read_bytes()
    header = probe(data, max_pixels=CONFIG.decode.max_pixels, min_side=CONFIG.decode.min_side)
    return data, decode(data, header, min_side=CONFIG.decode.min_side)


@contextmanager
def _reading(image: Mapping[str, Any]) -> Iterator[tuple[bytes, DecodedImage]]:
    yield read_and_decode(image["uri"])


def extract(path: Path) -> None:
    """Run the extraction pass on one file."""
    image = {"image_id": 0, "uri": path, "file": path.name, "size": 0, "etag": ""}
    row = describe_image(image, _reading, CONFIG).row
    assert row.get("error") is None, row["error"]


def decodable(folder: Path, limit: int) -> list[Path]:
    """Return the pictures under a folder that can be decoded, and tell those that cannot."""
    good = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            if looks_like_image(path.read_bytes()[:64], path.name):
                read_and_decode(path)
                good.append(path)
        except ImageError as error:
            print(f"left out: {path}: {error.message}")
        if len(good) == limit:
            break
    return good


def throughput(work: Callable[[Path], object], files: Sequence[Path], pool: ThreadPoolExecutor) -> float:
    """Return images a second."""
    chunks = [files[at : at + _CHUNK] for at in range(0, len(files), _CHUNK)]
    begin = time.perf_counter()
    for _ in pool.map(lambda chunk: [work(path) and None for path in chunk], chunks):
        pass
    return len(files) / (time.perf_counter() - begin)


def compare(files: Sequence[Path], threads: int, repeats: int) -> None:
    """Print both throughputs and their ratio."""
    alone, whole = [], []
    with ThreadPoolExecutor(threads) as pool:
        for turn in range(repeats + 1):
            a, b = throughput(read_and_decode, files, pool), throughput(extract, files, pool)
            if turn:
                alone.append(a)
                whole.append(b)
    ratios = [b / a for a, b in zip(alone, whole, strict=True)]
    print(f"{len(files)} images, {threads} threads, {repeats} rounds")
    print(f"decoding alone   {statistics.median(alone):8.0f} images/s")
    print(f"extraction pass  {statistics.median(whole):8.0f} images/s")
    print(f"ratio            {statistics.median(ratios):8.3f}   ({min(ratios):.3f} to {max(ratios):.3f})")


def breakdown(files: Sequence[Path]) -> None:
    """Print CPU microseconds an image of each part, on one thread, each on a picture that was just decoded."""
    spent: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        begin = time.thread_time()
        result = work()
        spent.setdefault(name, []).append(time.thread_time() - begin)
        return result

    for path in files[:: max(1, len(files) // _SAMPLE)]:
        data, decoded = timed("read, probe, decode", lambda path=path: read_and_decode(path))
        pixels = decoded.pixels
        height, width = pixels.shape[:2]
        timed("describe, in all", lambda pixels=pixels: describe(pixels, thumbnail=True))
        small = timed("  small picture", lambda pixels=pixels: small_picture(pixels))
        timed("  color signature", lambda small=small: color_signature(small.cells))
        timed("  metrics", lambda pixels=pixels: measure(pixels))
        timed("  thumbnail", lambda args=(small.colors, width, height): encode_thumbnail(*args))
        timed("digest of bytes", lambda data=data: hashlib.blake2b(data, digest_size=16).digest())
        timed("digest of pixels", lambda decoded=decoded: pixel_digest(decoded))
    for name, times in spent.items():
        print(f"{name:22s} {statistics.median(times) * 1e6:8.0f} us CPU")


def main() -> None:
    """Read the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=int, default=2000, help="most files to use")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)  # as in a run: its threads are the images'
    files = decodable(arguments.folder, arguments.limit)
    if not files:
        raise SystemExit(f"{arguments.folder}: no pictures")
    compare(files, arguments.threads, arguments.repeats)
    breakdown(files)


if __name__ == "__main__":
    main()
