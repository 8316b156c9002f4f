"""Proposed pairs on their way to the disk and back: found in any order, by any thread, and read again by image.

What a search finds is many times what memory holds. Pairs are written to one of many files by their lower image;
each file is small enough to be put in order in memory.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from imgsieve.runs.folder import RunFolder
from imgsieve.stages.wavelet import PROPOSAL

__all__ = ["PairSpill"]

_LEAST_IMAGES = 1 << 15
_MOST_FILES = 128


class PairSpill:
    """Proposals of pairs, on disk.

    Parameters
    ----------
    folder
        The run folder; its files there have no names, so nothing is left of them however the process ends.
    count
        Number of images.
    """

    def __init__(self, folder: RunFolder, count: int) -> None:
        self._step = max(_LEAST_IMAGES, -(-count // _MOST_FILES))
        self._count = count
        with ExitStack() as stack:
            self._files: list[IO[bytes]] = [
                stack.enter_context(tempfile.TemporaryFile(dir=folder.root))
                for _ in range(0, max(count, 1), self._step)
            ]
            self._stack = stack.pop_all()
        self._lock = threading.Lock()

    def add(self, proposals: NDArray[np.void]) -> None:
        """Take proposals, shape (n,), `imgsieve.stages.wavelet.PROPOSAL`; any thread may call this."""
        number = proposals["a"] // self._step
        order = np.argsort(number, kind="stable")
        edges = np.searchsorted(number[order], np.arange(len(self._files) + 1))
        with self._lock:
            for file, low, high in zip(self._files, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
                if low < high:
                    file.write(proposals[order[low:high]].tobytes())

    def read(self) -> Iterator[tuple[int, int, NDArray[np.void]]]:
        """Yield all proposals by ranges of their lower image: its first, one past its last, and the proposals."""
        for number, file in enumerate(self._files):
            file.seek(0)
            low = number * self._step
            yield low, min(low + self._step, self._count), np.frombuffer(file.read(), PROPOSAL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
