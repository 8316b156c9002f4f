"""Names in order, however many: a folder may hold millions.

As objects, names take several times their bytes. So they are sorted in runs, each kept as one piece of bytes, and the
runs are merged as they are asked for.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

__all__ = ["in_order"]

_RUN_NAMES = 65_536
_END = b"\0"
"""No name of a file holds it."""


def in_order(names: Iterable[bytes]) -> Iterator[bytes]:
    """Return names in the order of their bytes; all are taken before the first is returned.

    Parameters
    ----------
    names
        Without zero bytes.
    """
    runs: list[bytes] = []
    held: list[bytes] = []
    for name in names:
        held.append(name)
        if len(held) == _RUN_NAMES:
            runs.append(_packed(held))
            held = []
    runs.append(_packed(held))
    return heapq.merge(*map(_unpacked, runs))


def _packed(names: list[bytes]) -> bytes:
    """Return names as one run, sorted, each with its end."""
    return b"".join(name + _END for name in sorted(names))


def _unpacked(run: bytes) -> Iterator[bytes]:
    """Yield the names of a run."""
    start = 0
    while start < len(run):
        end = run.index(_END, start)
        yield run[start:end]
        start = end + 1
