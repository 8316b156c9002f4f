"""Loads the engine of a run: a second before anything is seen, and the most memory of many a run."""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from imgsieve.memory import load_libraries

__all__ = ["load_engine", "load_searching"]


def load_engine() -> None:
    """Import `imgsieve.cli.running` and all that it needs."""
    with _no_garbage_collected():
        load_libraries()
        _load("imgsieve.cli.running")


def load_searching() -> None:
    """Import `imgsieve.cli.searching` and all that it needs; here time counts more than memory."""
    with _no_garbage_collected():
        _load("imgsieve.cli.searching")


def _load(module: str) -> None:
    """Import a module while OpenCV makes its tables."""
    colors = threading.Thread(target=_tabulate_colors, name="imgsieve-colors")
    colors.start()
    importlib.import_module(module)
    colors.join()


@contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Look for no cycles: modules make a hundred thousand objects, all of which stay, and a tenth of the time goes."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _tabulate_colors() -> None:
    """Have OpenCV make its tables of colors, on which the first conversion spends 0.08 s without Python's lock."""
    import cv2  # noqa: PLC0415 - see `imgsieve.memory.load_libraries`
    import numpy as np  # noqa: PLC0415 - likewise

    cv2.setNumThreads(1)  # before its first work, so that it starts none for it
    cv2.cvtColor(np.zeros((1, 1, 3), np.uint8), cv2.COLOR_RGB2LAB)
