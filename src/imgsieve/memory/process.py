"""The memory of this process as the system counts it, and how it is kept small.

Two things make a process larger than what it holds: allocators keep what was freed, and threads get heaps of their
own. (The third, pages of libraries, is that of `imgsieve.memory.libraries`.) What is done about them does nothing where
the system offers no way.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

import psutil

__all__ = [
    "c_function",
    "peak_resident_bytes",
    "resident_bytes",
    "return_freed_memory",
    "settle_allocator",
]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3)."""

_MMAP_BYTES = 4 * 1024**2
"""Blocks from this size are given back as soon as they are freed. Smaller ones, the pixels of ordinary pictures, are
used again, as fresh pages cost more time than a picture takes to describe."""

_TRIM_BYTES = 2 * _MMAP_BYTES
"""Freed memory at the end of a heap from which it is given back. With 1 MiB, heaps shrink and grow with each picture,
which costs 5 % of the time of an extraction, and its peak is the same."""

_STATUS = Path("/proc/self/status")


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    return int(psutil.Process().memory_info().rss)


def peak_resident_bytes() -> int:
    """Return the most resident memory that this process had since it began."""
    # What `getrusage` tells may be of the process that started this one, whose memory a new program replaces.
    if _STATUS.exists():
        lines = dict(line.split(":", 1) for line in _STATUS.read_text("ascii", "replace").splitlines())
        if "VmHWM" in lines:
            return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def settle_allocator(threads: int) -> None:
    """Choose the allocator of all libraries; to be called once, before the work.

    Arrow's own pools (mimalloc, jemalloc) keep what is freed, for each thread: 40 MB more for the tables of an
    extraction than with the C library, and no faster, as pictures take the time. With one allocator for all, what one
    library frees serves the next, and `return_freed_memory` reaches all of it.

    Parameters
    ----------
    threads
        Threads that work at one time; each gets a heap, and no more heaps are made.
    """
    import pyarrow as pa  # noqa: PLC0415 - see `imgsieve.memory.load_libraries`

    pa.set_memory_pool(pa.system_memory_pool())
    mallopt = c_function("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, threads)
        mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES)


def return_freed_memory() -> None:
    """Hand freed memory back to the system; takes some milliseconds at most."""
    import pyarrow as pa  # noqa: PLC0415 - see `imgsieve.memory.load_libraries`

    pa.default_memory_pool().release_unused()
    trim = c_function("malloc_trim")
    if trim is not None:
        trim(0)


def c_function(name: str) -> ctypes._NamedFuncPointer | None:
    """Return a function of the GNU C library, None on other systems."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
