"""Make sets of pictures with known copies from folders of photographs, and one of generated pictures.

Usage::

    python benchmarks/evaluation_sets.py OUT --photos DIR [DIR ...] [--seed 1] [--sets mixed crops ...]

Each set is a folder OUT/NAME with ``images`` and ``truth.csv`` (file, source, transform, keep), as `scoring.py` reads
it. Equal seeds and photographs give equal files, given equal versions of the image libraries.

========= ==========================================================================================================
mixed     photographs with edits of all kinds of `evaluation.edits`, others without, collages, which are no copies
crops     pictures that look alike, and crops of some of them to 30 to 60 % of the area
squashed  photographs, and copies of 128 x 128 pixels, blurred
tenth     a tenth of the files are edited copies: for what a stage costs on ordinary collections
synthetic 500 blank pages, gradients, charts, documents, screenshots, icons, memes and products (needs no photographs)
========= ==========================================================================================================
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evaluation.sets import crops, mixed, squashed, tenth
from evaluation.synthetic import synthetic
from scoring import read_truth

MAKERS: Mapping[str, Callable[[Path, Sequence[Path], int], Path]] = {
    "mixed": lambda out, photos, seed: mixed(out, photos, sources=180, per=6, distractors=400, collages=12, seed=seed),
    "crops": lambda out, photos, seed: crops(out, photos, pictures=400, cropped=160, seed=seed),
    "squashed": lambda out, photos, seed: squashed(out, photos, pictures=300, seed=seed),
    "tenth": lambda out, photos, seed: tenth(out, photos, files=1200, seed=seed),
    "synthetic": lambda out, _, seed: synthetic(out, seed=seed),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--photos", nargs="+", type=Path, default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sets", nargs="+", choices=tuple(MAKERS), default=list(MAKERS))
    options = parser.parse_args()
    for name in options.sets:
        if name != "synthetic" and not options.photos:
            parser.error(f"the set {name} needs photographs: name folders with --photos")
        folder = MAKERS[name](options.out / name, options.photos, options.seed)
        print(f"{folder}: {len(read_truth(folder / 'truth.csv'))} files")


if __name__ == "__main__":
    main()
