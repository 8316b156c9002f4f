"""Libraries of a run, held to its number of workers and to one allocator: all of that is set here.

Work is spread over pictures and blocks, by the executor. A library that spreads one call over threads of its own would
only take the processor from the other workers, so those that workers call get one thread, and Arrow one of its own for
what it does behind a reader. Those that the main thread calls alone (faiss) get as many as there are workers.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numba
import pyarrow as pa

from imgsieve.memory import settle_allocator

__all__ = ["hold_libraries"]

_BLAS_CALLS = tuple(f"{prefix}openblas_set_num_threads{suffix}" for prefix in ("", "scipy_") for suffix in ("", "64_"))
"""What builds of OpenBLAS call the function that sets their number of threads. (Fortran's ends in one more ``_``.)"""


def hold_libraries(workers: int) -> None:
    """Hold the threads and the allocators of all libraries; to be called once, before the work.

    Parameters
    ----------
    workers
        Threads of the run.
    """
    settle_allocator(workers)
    cv2.setNumThreads(1)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    # Libraries that are loaded later read these when they are.
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": str(workers), "NUMBA_NUM_THREADS": str(workers)}
    numba.config.NUMBA_NUM_THREADS = workers  # type: ignore[attr-defined]
    for library in _loaded("openblas"):
        _hold_blas(library)


def _hold_blas(library: str) -> None:
    """Let one loaded OpenBLAS use the thread that calls it, and no other."""
    functions = ctypes.CDLL(library)
    for name in _BLAS_CALLS:
        set_threads = getattr(functions, name, None)
        if set_threads is not None:
            set_threads(1)


def _loaded(name: str) -> Iterator[str]:
    """Yield the paths of the loaded libraries whose names contain ``name``, where the system tells."""
    if sys.platform == "linux":
        lines = Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines()
        paths = {columns[5] for columns in (line.split(maxsplit=5) for line in lines) if len(columns) == 6}
        yield from sorted(path for path in paths if name in Path(path).name and Path(path).exists())
