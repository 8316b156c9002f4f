"""Pictures loaded for comparisons of colors: as many as there are pictures, however often each is compared.

Usage::

    python benchmarks/loads.py WORK [--pictures 100]

All pairs of a made-up set are compared in an order by chance, once with pixels held and once without; see
`imgsieve.deduplicator.loader`. Pictures that cannot be read are left out.
"""

from __future__ import annotations

import argparse
import random
import time
from itertools import combinations
from pathlib import Path

from imgsieve import get_memory_efficient_loader
from imgsieve.demo import BROKEN_FILE, write_demo


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--pictures", type=int, default=100)
    options = parser.parse_args()
    folder = options.work / f"pictures-{options.pictures}"
    if not folder.exists():
        write_demo(folder, photos=-(-options.pictures // 4), edits_per_photo=3)
    files = [path for path in (folder / "images").rglob("*") if path.is_file() and path.name != Path(BROKEN_FILE).name]
    pairs = list(combinations(sorted(files)[: options.pictures], 2))
    random.Random(1).shuffle(pairs)
    print("| pixels held, MB | pictures | comparisons | loaded | loaded a comparison | failed | processor time |")
    print("|" + "---|" * 7)
    for held in (0, 128):
        loader, began = get_memory_efficient_loader(max_picture_bytes=held * 1024**2), time.process_time()
        for a, b in pairs:
            loader.compute_all_color_metrics(a, b)
        stats = loader.get_stats()
        loaded, compared = stats["images_downloaded"], stats["comparisons_performed"]
        failed = 1 - stats["success_rate"]
        print(f"| {held} | {len({name for pair in pairs for name in pair}):,} | {compared:,} | {loaded:,} | "
              f"{loaded / compared:.4f} | {failed:.1%} | {time.process_time() - began:.1f} s |")  # fmt: skip


if __name__ == "__main__":
    main()
