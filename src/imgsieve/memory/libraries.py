"""The pages of libraries in this process: loaded one library after another, mapped in small pieces, let go early.

Libraries are files of 50 to 150 MB of which a run uses a tenth, but what the system has mapped of them counts as
memory of the process. Loading one touches most of it, once. And a fault maps all of the piece of the file that the
system keeps together: 64 KiB where the file was read bit by bit, as much as 2 MiB where it was just written. All
functions do nothing where the system offers no way.
"""

from __future__ import annotations

import ctypes
import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from imgsieve.memory.process import c_function

__all__ = ["drop_library_pages", "load_libraries"]

_LARGEST = ("llvmlite.binding", "pyarrow", "cv2")
"""What is loaded alone, so that what it touched is gone before the next comes."""

_PIECE_BYTES = 1024**2
"""Pieces of mappings. A fault maps no page beyond its mapping; where the system keeps more pages together than a
mapping has, it maps the 64 KiB around the one that is needed. With 2 MiB, it maps 20 MB more in a run."""

_SMAPS = Path("/proc/self/smaps")
_LIBRARY = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) r-[x-]p .*\.so.*\n((?:[A-Z]\w*:.*\n)+)", re.MULTILINE)
"""A mapping of a library that is not written to: where it starts and ends, and its facts, a line each."""

_EMPTY, _LOCKED = re.compile(rb"^Rss: +0 kB", re.MULTILINE), re.compile(rb"^Locked: +[1-9]", re.MULTILINE)
_UNCHANGED = re.compile(rb"^Anonymous: +0 kB", re.MULTILINE)
"""What this process changed it has for itself, which is called anonymous. What is called dirty may also be a library
that was just installed and that the system has yet to write to the disk."""

_MADV_DONTNEED, _MADV_DONTDUMP = 4, 16

_Advise = Callable[[int, int, int], int]


class _Mapping(NamedTuple):
    """A part of a library in memory that is as it is in the file."""

    start: int
    size: int


def load_libraries() -> None:
    """Load the largest libraries, with less memory than it takes to load them all at once.

    To be called before anything is imported that imports them.
    """
    for name in _LARGEST:
        importlib.import_module(name)
        drop_library_pages()


def drop_library_pages() -> None:
    """Let go of the pages of libraries; those that are used come back by themselves, from the system's cache.

    Of LLVM alone, which compiled loops need only to be loaded, 70 to 150 MB would stay. Only mappings that are
    read-only and unchanged since they were read from their file are dropped. Those that are large are divided, so that
    what comes back does so in small pieces.

    For the ends of stages: it takes 40 milliseconds, and 20 more until what is used is back.
    """
    advise = c_function("madvise")
    if advise is None or not _SMAPS.exists():
        return
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    # A library that another thread is just loading is about to change: it will not look the same twice.
    settled = set(_unchanged_mappings())
    for mapping in settled.intersection(list(_unchanged_mappings())):
        advise(mapping.start, mapping.size, _MADV_DONTNEED)
        if mapping.size > _PIECE_BYTES:
            _divide(mapping, advise)


def _divide(mapping: _Mapping, advise: _Advise) -> None:
    """Divide a mapping into pieces.

    Neighbors of equal kind would be one mapping again, so each other piece is kept from dumps of crashes, which say
    nothing of read-only parts of files anyway.
    """
    end = mapping.start + mapping.size
    for start in range(mapping.start, end, 2 * _PIECE_BYTES):
        advise(start, min(_PIECE_BYTES, end - start), _MADV_DONTDUMP)


def _unchanged_mappings() -> Iterator[_Mapping]:
    """Yield the resident mappings of library files without a page of our own making."""
    for found in _LIBRARY.finditer(_SMAPS.read_bytes()):
        start, end, facts = int(found[1], 16), int(found[2], 16), found[3]
        if _UNCHANGED.search(facts) and not _EMPTY.search(facts) and not _LOCKED.search(facts):
            yield _Mapping(start, end - start)
