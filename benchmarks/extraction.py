"""Compare the throughput of the whole extraction pass with that of decoding alone.

Usage::

    python benchmarks/extraction.py FOLDER [--threads 1 2] [--repeats 5] [--limit 2000]

Decoding alone reads a file, probes it and decodes it. The extraction pass does the same and then computes digests, all
features and the thumbnail. Both go over the same files in one process, with each number of threads, by the executor of
a run, and take turns, A B A B, after one round of each that is not timed, in which code is compiled and files enter the
system's cache. Printed are the medians of images a second and of the processor's microseconds an image, their ratio
(the median over the rounds, each against the one before it), how much more the last number of threads does than the
first, and what the parts cost on one thread, in CPU microseconds an image. On a machine that has other work to do the
processor's time tells more than the clock.

Files that cannot be decoded are told and left out.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from imgsieve.config import RunConfig
from imgsieve.errors import ImageError
from imgsieve.executors import ThreadExecutor
from imgsieve.features.color import color_signature
from imgsieve.features.describing import describe
from imgsieve.features.metrics import measure
from imgsieve.features.reduction import small_picture
from imgsieve.features.thumbnail import encode_thumbnail
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


@dataclass(frozen=True)
class Pace:
    """How fast files were worked through."""

    per_second: float
    """Images."""
    cpu_us: float
    """The processor's microseconds an image, of all threads."""


def pace(work: Callable[[Path], object], files: Sequence[Path], executor: ThreadExecutor) -> Pace:
    """Work through all files."""
    chunks = [files[at : at + _CHUNK] for at in range(0, len(files), _CHUNK)]

    def carry_out(chunk: Sequence[Path]) -> None:
        for path in chunk:
            work(path)

    begin, begin_cpu = time.perf_counter(), time.process_time()
    for _ in executor.map(carry_out, chunks):
        pass
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    return Pace(len(files) / seconds, cpu / len(files) * 1e6)


def compare(files: Sequence[Path], threads: Sequence[int], repeats: int) -> None:
    """Print the pace of both with each number of threads, their ratios, and what threads bring."""
    works = {"decoding alone": read_and_decode, "extraction pass": extract}
    found: dict[tuple[str, int], list[Pace]] = {}
    for turn in range(repeats + 1):
        for count in threads:
            for name, work in works.items():
                measured = pace(work, files, ThreadExecutor(count))
                if turn:
                    found.setdefault((name, count), []).append(measured)
    print(f"{len(files)} images, {repeats} rounds")
    for (name, count), paces in found.items():
        speed, cpu = (statistics.median(getattr(p, what) for p in paces) for what in ("per_second", "cpu_us"))
        print(f"{name}, threads: {count}   {speed:8.0f} images/s {cpu:8.0f} us CPU an image")
    for count in threads:
        alone, whole = (found[name, count] for name in works)
        by_clock = [b.per_second / a.per_second for a, b in zip(alone, whole, strict=True)]
        by_cpu = [a.cpu_us / b.cpu_us for a, b in zip(alone, whole, strict=True)]
        print(f"share of decoding, threads: {count}   {_spread(by_clock)} by the clock, {_spread(by_cpu)} by CPU")
    for name in works:
        few, many = found[name, threads[0]], found[name, threads[-1]]
        gains = [b.per_second / a.per_second for a, b in zip(few, many, strict=True)]
        print(f"{name}, {threads[-1]} threads against {threads[0]}   {_spread(gains)} by the clock")


def _spread(values: Sequence[float]) -> str:
    """Return median and range."""
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


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
        timed("  thumbnail", lambda args=(small, width, height): encode_thumbnail(*args))
        timed("digest of bytes", lambda data=data: hashlib.sha256(data).digest())
        timed("digest of pixels", lambda decoded=decoded: pixel_digest(decoded))
    for name, times in spent.items():
        print(f"{name:22s} {statistics.median(times) * 1e6:8.0f} us CPU")


def main() -> None:
    """Read the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
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
