"""Group a folder with imagededup's PHash; runs in that tool's own environment.

    imagededup_phash.py FOLDER RESULT.csv MAX_DISTANCE_BITS

RESULT gets the columns file (relative to FOLDER) and group: the connected components of its duplicate pairs.
"""

import csv
import sys
import types
from pathlib import Path


def stand_in(name, **attributes):
    """Register an empty module, so that the hashes import without the neural networks' gigabytes."""
    module = types.ModuleType(name)
    vars(module).update(attributes)
    sys.modules[name] = module


def components(neighbors):
    """Return the number of the connected component of each file."""
    number = {}
    for start in neighbors:
        if start in number:
            continue
        number[start], waiting = len(number), [start]
        while waiting:
            file = waiting.pop()
            for other in neighbors[file]:
                if other not in number:
                    number[other] = number[start]
                    waiting.append(other)
    return number


def main():
    folder, result, max_distance = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), int(sys.argv[3])
    stand_in("imagededup.utils.models", CustomModel=object)
    stand_in("imagededup.methods.cnn", CNN=object)
    from imagededup.methods import PHash  # noqa: PLC0415 - only after the stand-ins

    hasher = PHash(verbose=False)
    codes = hasher.encode_images(image_dir=folder, recursive=True)
    usable = {file: code for file, code in codes.items() if code is not None}
    neighbors = hasher.find_duplicates(encoding_map=usable, max_distance_threshold=max_distance)
    with result.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "group"))
        writer.writerows(sorted((Path(file).as_posix(), group) for file, group in components(neighbors).items()))


if __name__ == "__main__":
    main()
