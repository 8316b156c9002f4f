"""Compute fastdup's descriptors of a folder; runs in that tool's own environment.

    fastdup_features.py FOLDER WORK

WORK gets ``atrain_features.dat`` (float32, 576 numbers an image) and ``atrain_features.dat.csv`` (index, filename).
"""

import sys
from pathlib import Path

import fastdup


def main():
    folder, work = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    fastdup.create(work_dir=str(work), input_dir=str(folder)).run(threshold=0.9, ccthreshold=0.96)


if __name__ == "__main__":
    main()
