"""A set being written: pictures under names that tell nothing, and the truth about them."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

__all__ = ["DISTRACTOR", "ORIGINAL", "SetWriter"]

ORIGINAL, DISTRACTOR = "original", "distractor"

_HEAD = ("file", "source", "transform", "keep")


class SetWriter:
    """Writes ``folder/images/**`` and, at the end, ``folder/truth.csv``, in the form that `scoring.read_truth` reads.

    What another call left in the folder is removed first.

    Parameters
    ----------
    folder
        Where to write; made if needed.
    seed
        Goes into the names, so that sets of different seeds list their pictures in different orders.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self._seed = seed
        self._rows: list[tuple[str, str, str, int]] = []
        shutil.rmtree(folder / "images", ignore_errors=True)

    @property
    def images(self) -> Path:
        """The folder of the pictures."""
        return self.folder / "images"

    def put(self, data: bytes, suffix: str, *, source: str, transform: str, keep: bool) -> str:
        """Write one picture; return its path within ``images``.

        Parameters
        ----------
        source
            Equal for all files made from one picture.
        transform
            `ORIGINAL`, the name of an edit, or `DISTRACTOR`.
        keep
            Whether a person would keep it in place of the others.
        """
        name = hashlib.blake2b(f"{self._seed}/{source}/{transform}/{len(self._rows)}".encode(), digest_size=8)
        file = f"{name.hexdigest()[:2]}/{name.hexdigest()}.{suffix}"
        (self.images / file).parent.mkdir(parents=True, exist_ok=True)
        (self.images / file).write_bytes(data)
        self._rows.append((file, source, transform, int(keep)))
        return file

    def close(self) -> Path:
        """Write the truth; return the folder."""
        with (self.folder / "truth.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(_HEAD)
            writer.writerows(sorted(self._rows))
        return self.folder
