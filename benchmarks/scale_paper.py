"""Work out what 100 million and 1 billion images would take, on paper, and write the tables of ``docs/scaling.md``.

Usage::

    python benchmarks/scale_paper.py [--page docs/scaling.md] [--print]

All constants stand in `CONSTANTS`, each with where it comes from. When one is measured anew, change it there and run
this again: only what lies between the markers of the page is written.
"""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass
from pathlib import Path

from accuracy import table

MEASURED, ASSUMED = "measured", "assumed"
SCALE = f"{MEASURED}, `scale.py`, 3 million images"
RAY_TASKS = f"{MEASURED}, `ray_overhead.py --tasks`"
RAY_SCALE = f"{MEASURED}, `ray_scale.py`, 3 million images"
ORDER = f"{RAY_SCALE}, less some 540 s for what is done otherwise since"
RAY_RUN = f"{MEASURED}, `ray_overhead.py`, 3,000 pictures"
RECENT = f"{MEASURED}, `scale.py`, 100,000 images"
NEAR = f"{MEASURED}, `descriptor_search.py`, 100,000 images"


@dataclass(frozen=True)
class Constant:
    """A number that others are worked out from."""

    value: float
    unit: str
    what: str
    source: str


CONSTANTS = {
    "picture": Constant(300_000, "bytes", "a picture's file", ASSUMED),
    "features": Constant(3022, "bytes", "features of an image on disk", f"{MEASURED}, `scale_features.py`"),
    "thumb": Constant(4768, "bytes", "a thumbnail", f"{MEASURED}, 120 photographs"),
    "pairs": Constant(5.2, "", "proposed pairs an image", RAY_SCALE),
    "pair": Constant(35, "bytes", "a pair in the tables of stages 1 to 4", f"{MEASURED}, `scale.py`, 10,000 images"),
    "result": Constant(176, "bytes", "an image in `groups.parquet` and `groups.csv`", f"{MEASURED}, likewise"),
    "report": Constant(580, "bytes", "an image in the report, without thumbnails", f"{MEASURED}, likewise"),
    "held": Constant(112, "bytes", "an image in memory at the peak of the grouping", SCALE),
    "extract": Constant(0.006, "core seconds", "to decode and describe a picture of this size", ASSUMED),
    "code": Constant(74, "bytes", "an image in memory while searched: two codes, order, number", "by its arrays"),
    "search": Constant(
        0.00093,
        "core seconds",
        "to search with an image: 8 orientations, margins, corners in 3 orders",
        RECENT,
    ),
    "judge": Constant(1.14e-4, "core seconds", "stages 2 and 3, a pair", RECENT),
    "asked": Constant(0.85, "", "pairs an image that stage 4 is asked for", RAY_SCALE),
    "verify": Constant(0.042, "core seconds", "stage 4, a pair", MEASURED),
    "again": Constant(0.35, "", "pictures an image that stage 4 fetches again, at most", f"{MEASURED}, `stores.py`"),
    "group": Constant(7.2e-5, "core seconds", "groups, quality, result and report, an image", f"{MEASURED}, likewise"),
    "task": Constant(6.2e-4, "core seconds", "of the driver, a task on Ray", RAY_TASKS),
    "sent": Constant(1.5e-9, "core seconds", "of the driver, a byte that it sends with a task", RAY_TASKS),
    "shard": Constant(0.02, "core seconds", "of the driver, a shard that is described elsewhere", ASSUMED),
    "order": Constant(5.3e-4, "core seconds", "of the driver, stage 1, an image: corners put in order", ORDER),
    "gather": Constant(3.7e-5, "core seconds", "of the driver, stages 2 and 3, a proposed pair", RAY_SCALE),
    "say": Constant(5e-4, "core seconds", "of the driver, stage 4, a pair, at most", RAY_RUN),
    "near": Constant(9.5e-9, "core seconds", "to compare two descriptors, all of the search", NEAR),
    "cell": Constant(512, "", "descriptors of a cell, on average, where there may be enough cells", "fixed"),
    "cells": Constant(4096, "", "cells, at most", "fixed"),
    "probes": Constant(12, "", "cells that a descriptor is compared with", "fixed"),
    "record": Constant(156, "bytes", "a descriptor with its image and the cells that it probes", "by its array"),
    "sketch": Constant(292 + 2678, "bytes", "what stages 2 and 3 read of an image", "by their columns"),
    "numbers": Constant(30, "bytes", "an image in the driver's memory while codes are searched", "by its arrays"),
    "block": Constant(393_216, "", "codes of a block that is searched, at least; 64 blocks at most", "fixed"),
    "asking": Constant(131_072, "", "images of a block that asks, at least; 192 blocks at most", "fixed"),
    "sort": Constant(2.6e-7, "core seconds", "to put a code of a task in the order of 128 keys", ASSUMED),
    "corners": Constant(1920, "bytes", "local codes of an image, in each of three orders", "by their arrays"),
    "matches": Constant(2048, "bytes", "matches of an image, in each order", "by their expected number"),
    "rows": Constant(1024, "", "images of a shard", "fixed"),
    "names": Constant(5000, "", "names of an answer to a listing", "Azure"),
    "rate": Constant(20_000, "a second", "requests that a storage account takes", "Azure's default target"),
    "egress": Constant(
        6.25e9, "bytes a second", "that a storage account gives out", "Azure's default target, 50 Gbit/s"
    ),
    "network": Constant(1.2e9, "bytes a second", "of a machine's network", ASSUMED),
    "cores": Constant(16, "", "cores of a machine", ASSUMED),
    "memory": Constant(64e9, "bytes", "memory of a machine", ASSUMED),
    "busy": Constant(0.85, "", "share of the time that cores are busy", ASSUMED),
    "hour": Constant(0.80, "USD", "a machine, an hour", ASSUMED),
    "read": Constant(0.005, "USD", "10,000 requests that read", "`[prices]`, default"),
    "write": Constant(0.055, "USD", "10,000 requests that write or list", "`[prices]`, default"),
    "month": Constant(0.018, "USD", "10^9 bytes kept for a month", ASSUMED),
}

SIZES = {3_000_000: 1, 100_000_000: 8, 1_000_000_000: 64}
"""Numbers of images, and of machines."""

STRANGERS = {31: 4.5e-10, 40: 1.8e-8, 47: 2.8e-7, 53: 1.4e-6, 58: 3.6e-6, 64: 8.0e-6}
"""Share of random pairs of different made-up pictures within a distance in bits: 2,989 of 3 million against all."""


def value(name: str) -> float:
    """Return a constant."""
    return CONSTANTS[name].value


def constants() -> str:
    """Return the table of constants."""
    rows = [(f"`{name}`", f"{c.value:,g} {c.unit}".strip(), c.what, c.source) for name, c in CONSTANTS.items()]
    return table(("name", "value", "of what", "from"), rows)


def spread(name: str, formula: str, unit: float, say: str, amounts: list[float]) -> tuple[str, ...]:
    """Return a row: one amount for each number of images."""
    return (name, f"`{formula}`", *(f"{amount / unit:,.{_digits(amount / unit)}f} {say}" for amount in amounts))


def _digits(amount: float) -> int:
    return 0 if amount >= 100 else 1 if amount >= 1 else 2


def head(first: str) -> tuple[str, ...]:
    return (first, "formula", *(f"{images:,}" for images in SIZES))


def each(factor: float) -> list[float]:
    """Return a factor times each number of images."""
    return [factor * images for images in SIZES]


def stored() -> str:
    """Return the table of bytes."""
    pairs = value("pairs") * value("pair")
    rows = [
        spread("pictures, in the source", "N picture", 1e12, "TB", each(value("picture"))),
        spread("features", "N features", 1e9, "GB", each(value("features"))),
        spread("of which codes of one orientation", "32 N", 1e9, "GB", each(32)),
        spread("thumbnails", "N thumb", 1e9, "GB", each(value("thumb"))),
        spread("pairs, all stages", "N pairs pair", 1e9, "GB", each(pairs)),
        spread("result", "N result", 1e9, "GB", each(value("result"))),
        spread("report", "N report", 1e9, "GB", each(value("report"))),
        spread("held by the grouping", "N held", 1e9, "GB", each(value("held"))),
    ]
    return table(head("bytes"), rows)


def writes() -> float:
    """Return the requests that write, an image: two parts a shard."""
    return 2 / value("rows")


def requests() -> str:
    """Return the table of requests, and what they cost."""
    gets = 1 + value("again")
    lists = 1 / value("names")
    cost = (gets * value("read") + (writes() + lists) * value("write")) / 10_000
    everything = value("features") + value("thumb") + value("pairs") * value("pair") + value("result") + value("report")
    rows = [
        spread("LIST", "N / names", 1e3, "thousand", each(lists)),
        spread("GET, extraction", "N", 1e6, "million", each(1)),
        spread("GET, stage 4, at most", "N again", 1e6, "million", each(value("again"))),
        spread("PUT of parts", "2 N / rows", 1e3, "thousand", each(writes())),
        spread("bytes downloaded", "N (1 + again) picture", 1e12, "TB", each(gets * value("picture"))),
        spread("requests, USD", "", 1, "USD", each(cost)),
        spread("run folder kept a month, USD", "", 1, "USD", each(everything * value("month") / 1e9)),
        spread("requests at the account's rate, hours", "N / rate", 3600, "h", each(1 / value("rate"))),
        spread(
            "downloads at its egress, hours", "N picture / egress", 3600, "h", each(value("picture") / value("egress"))
        ),
    ]
    return table(head("requests and downloads"), rows)


def compared(images: int) -> float:
    """Return with how many others the descriptor of an image is compared, centers of cells among them."""
    cells = min(images / value("cell"), value("cells"))
    return value("probes") * images / cells + cells


def work(images: int) -> dict[str, float]:
    """Return core seconds, by part."""
    each_one = {
        "extraction": value("extract"),
        "stage 1, codes and corners": value("search"),
        "stage 1, descriptors": compared(images) * value("near"),
        "stages 2, 3": value("pairs") * value("judge"),
        "stage 4": value("asked") * value("verify"),
        "groups, stage 5, report": value("group"),
    }
    return {name: images * seconds for name, seconds in each_one.items()}


def hours(images: int, machines: int) -> float:
    """Return the hours of a run: cores where they are the limit, the network or the account where that is."""
    power = machines * value("cores") * value("busy")
    downloads = images * value("picture") / min(machines * value("network"), value("egress"))
    parts = work(images)
    reading = max(parts.pop("extraction") / power, downloads, images / value("rate"))
    return (reading + sum(parts.values()) / power) / 3600


def machines() -> str:
    """Return the table of work, time and cost."""
    formulas = ("extract", "search", "(probes N / cells + cells) near", "pairs judge", "asked verify", "group")
    by_part = [work(n) for n in SIZES]
    rows = [
        spread(name, f"N {formula}", 3600, "core h", [parts[name] for parts in by_part])
        for name, formula in zip(by_part[0], formulas, strict=True)
    ]
    took = [hours(images, count) for images, count in SIZES.items()]
    alone = [hours(images, 1) for images in SIZES]
    cost = [took[k] * count * value("hour") for k, count in enumerate(SIZES.values())]
    rows += [
        ("machines", "", *(f"{count}" for count in SIZES.values())),
        spread("time", "see below", 1, "h", took),
        spread("machines, USD", "machines hours hour", 1, "USD", cost),
        spread("time of one machine alone", "", 1, "h", alone),
        spread("held a machine", "N held / machines", 1e9, "GB", [n * value("held") / m for n, m in SIZES.items()]),
    ]
    return table(head("work"), rows)


def blocks(images: int) -> tuple[int, int]:
    """Return how many blocks are searched, and how many ask."""
    return tuple(  # type: ignore[return-value]
        min(most, math.ceil(images / value(size))) for most, size in ((64, "block"), (192, "asking"))
    )


def search_tasks(images: int) -> float:
    """Return the tasks of the searches: the join, whole pictures, and those without margins."""
    searched, asking = blocks(images)
    return searched * (searched + 1) / 2 + 2 * searched * asking


def driven(images: int) -> dict[str, float]:
    """Return core seconds of the driver, by part."""
    return {
        "extraction": images * value("shard") / value("rows"),
        "stage 1": images * value("order") + search_tasks(images) * value("task"),
        "stages 2, 3": images * value("pairs") * value("gather"),
        "stage 4": images * value("asked") * value("say"),
        "groups, stage 5, report": images * value("group"),
    }


def sorting(images: int) -> float:
    """Return core seconds that workers take for the order of keys, of whole pictures and of those without margins."""
    searched, asking = blocks(images)
    return value("sort") * (2 * asking * images + (8 + 1) * searched * images)


def hours_on_ray(images: int, machines: int) -> float:
    """Return the hours of a run on Ray: each part takes what its workers take, or its driver where that is more."""
    power = machines * value("cores") * value("busy")
    downloads = images * value("picture") / min(machines * value("network"), value("egress"))
    parts, own = work(images), driven(images)
    parts["stage 1"] = sum(parts.pop(f"stage 1, {of}") for of in ("codes and corners", "descriptors"))
    parts["stage 1"] += sorting(images)
    reading = max(parts.pop("extraction") / power, own["extraction"], downloads, images / value("rate"))
    last = parts.pop("groups, stage 5, report")
    return (reading + last + sum(max(seconds / power, own[name]) for name, seconds in parts.items())) / 3600


def on_ray() -> str:
    """Return the table of what one driver and its cluster do."""
    corners = 3 * 80 / 65_536 + 1 / 256
    others = 3 / value("rows") + corners + 2 * value("pairs") / 1024 + value("asked") / 8
    tasks = [n * others + search_tasks(n) for n in SIZES]
    took = [hours_on_ray(images, count) for images, count in SIZES.items()]
    formulas = ("N shard / rows", "N order + searches task", "N pairs gather", "N asked say", "N group")
    by_part = [driven(n) for n in SIZES]
    rows = [
        ("machines", "", *(f"{count}" for count in SIZES.values())),
        spread("tasks", "3 N / rows + searches + corners + 2 N pairs / 1024 + N asked / 8", 1e6, "million", tasks),
        spread(
            "keys in order, in workers", "sort (2 asking + 9 searched) N", 3600, "core h", [sorting(n) for n in SIZES]
        ),
        spread("searches, through the store", "at most 288 N machines", 1e9, "GB", _moved()),
        spread("corners, through the driver", "3 N (corners + matches)", 1e9, "GB", each(3 * _exchanged())),
        spread("descriptors, through the store", "at most N record machines", 1e9, "GB", _cells_moved()),
        spread("stages 2 and 3, through the driver", "2 N pairs sketch", 1e9, "GB", each(_rows_sent())),
        *(
            spread(f"driver, {name}", formula, 3600, "core h", [parts[name] for parts in by_part])
            for name, formula in zip(by_part[0], formulas, strict=True)
        ),
        spread("driver's memory in the searches", "N numbers", 1e9, "GB", each(value("numbers"))),
        spread("driver's memory in the grouping", "N held", 1e9, "GB", each(value("held"))),
        spread("driver's disk, corners in order", "N corners", 1e9, "GB", each(value("corners"))),
        spread("a node's memory for descriptors, at most", "N record", 1e9, "GB", each(value("record"))),
        spread("a worker's blocks", "32 N / searched + 256 N / asking", 1e6, "MB", _block_bytes()),
        spread("time", "see below", 1, "h", took),
        spread("machines, USD", "machines hours hour", 1, "USD", _paid(took)),
    ]
    return table(head("on Ray"), rows)


def _moved() -> list[float]:
    """Return the bytes of blocks that cross the network: to each task, or to each machine where that is less."""
    most = [n * (32 * p + 32 * q + 256 * p) for n in SIZES for p, q in (blocks(n),)]
    return [min(bytes_, n * 288 * m) for bytes_, (n, m) in zip(most, SIZES.items(), strict=True)]


def _cells_moved() -> list[float]:
    """Return the bytes of cells that cross the network: at most all of them to each machine."""
    return [n * value("record") * m for n, m in SIZES.items()]


def _block_bytes() -> list[float]:
    return [32 * n / p + 256 * n / q for n in SIZES for p, q in (blocks(n),)]


def _exchanged() -> float:
    return value("corners") + value("matches")


def _rows_sent() -> float:
    return 2 * value("pairs") * value("sketch")


def _paid(took: list[float]) -> list[float]:
    return [took[k] * count * value("hour") for k, count in enumerate(SIZES.values())]


def strangers() -> str:
    """Return how many strangers an image meets within a radius."""
    rows = [
        (f"{bits} bits", f"{share:.1e}", *(f"{share * images:,.2g}" for images in SIZES))
        for bits, share in STRANGERS.items()
    ]
    return table(("radius", "share of random pairs", *(f"{images:,}" for images in SIZES)), rows)


def limits() -> str:
    """Return where one machine ends."""
    power = value("cores") * value("busy")
    room, day = 0.7 * value("memory"), 86_400.0
    disk = 1.8e12
    rows = [
        ("memory of the search", "0.7 memory / code", room / value("code")),
        ("memory of the grouping", "0.7 memory / held", room / value("held")),
        ("local disk of 1.8 TB", "1.8 TB / (features + thumb)", disk / (value("features") + value("thumb"))),
        ("network, a day", "network day / picture", value("network") * day / value("picture")),
        ("work, a day", "cores busy day = all core seconds", _worked_off(power * day)),
    ]
    return table(("limit", "formula", "reached at"), [(a, f"`{b}`", f"{c / 1e6:,.0f} million") for a, b, c in rows])


def _worked_off(seconds: float) -> float:
    """Return the number of images whose work takes so many core seconds."""
    low, high = 1, 10**10
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if sum(work(middle).values()) <= seconds else (low, middle)
    return low


TABLES = {
    "limits": limits,
    "constants": constants,
    "stored": stored,
    "requests": requests,
    "machines": machines,
    "ray": on_ray,
    "strangers": strangers,
}


def filled(page: str) -> str:
    """Return a page with its tables written anew."""
    for name, make in TABLES.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not marked.search(page):
            raise SystemExit(f"the page has no markers for the table {name!r}")
        page = marked.sub(lambda found, make=make: f"{found[1]}{make()}\n{found[2]}", page)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, default=Path("docs/scaling.md"))
    parser.add_argument("--print", action="store_true", help="only print")
    options = parser.parse_args()
    if options.print:
        print("\n\n".join(make() for make in TABLES.values()))
    else:
        options.page.write_text(filled(options.page.read_text()))


if __name__ == "__main__":
    main()
