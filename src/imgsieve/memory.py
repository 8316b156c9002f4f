"""Bytes projected before a run, and admission by bytes during it.

The ceiling of a run is what the process takes before any picture (`resident_bytes`), a few bytes an image for codes
and groups, what each worker works with, and two gates: one for downloaded bytes, one for decoded pixels. Whatever the
budget leaves goes to the gates.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from imgsieve.errors import DecodeError, MemoryBudgetError

__all__ = ["ByteGate", "MemoryPlan", "plan_memory", "resident_bytes", "return_freed_memory"]

IMAGE_BYTES = 300
"""Bytes an image in memory at most, over all stages: codes of one orientation, digests, and the groups' arrays."""

WORKER_BYTES = 24 * 1024**2
"""Working memory of a thread: small pictures, keypoints, compiled code's buffers, malloc's arena."""

TABLE_BYTES = 48 * 1024**2
"""Batches of tables while they are read and written."""

CONNECTION_BYTES = 512 * 1024
"""A connection to a store: its thread, its buffers, what its encryption holds."""

LEAST_GATE_BYTES = 24 * 1024**2
"""With less room for pixels than this, ordinary photographs could not be decoded."""


@dataclass(frozen=True, kw_only=True)
class MemoryPlan:
    """Where the bytes of a budget go."""

    budget_bytes: int
    base_bytes: int
    images_bytes: int
    workers_bytes: int
    connections_bytes: int
    fetch_bytes: int
    """Room for downloaded files."""
    decode_bytes: int
    """Room for decoded pixels."""

    @property
    def projected_bytes(self) -> int:
        """The most that the run is expected to take."""
        fixed = self.base_bytes + self.images_bytes + self.workers_bytes + self.connections_bytes + TABLE_BYTES
        return fixed + self.fetch_bytes + self.decode_bytes


def plan_memory(budget_bytes: int, *, base_bytes: int, images: int, workers: int, connections: int = 0) -> MemoryPlan:
    """Divide a budget.

    Parameters
    ----------
    budget_bytes
        Ceiling of the resident memory of the process.
    base_bytes
        What the process takes already.
    images
        Number of images of the run.
    workers
        Number of threads.
    connections
        Connections to stores at most; 0 when all is on this machine.

    Raises
    ------
    MemoryBudgetError
        The budget is too small; the message says what is needed.
    """
    images_bytes, workers_bytes = images * IMAGE_BYTES, workers * WORKER_BYTES
    connections_bytes = connections * CONNECTION_BYTES
    fixed = base_bytes + images_bytes + workers_bytes + connections_bytes + TABLE_BYTES
    room = budget_bytes - fixed
    if room < LEAST_GATE_BYTES:
        needed = fixed + LEAST_GATE_BYTES
        raise MemoryBudgetError(
            f"--memory {_mb(budget_bytes)} cannot be kept: {images:,} images with {workers} workers need "
            f"{_mb(needed)} (the process itself {_mb(base_bytes)}, images {_mb(images_bytes)}, workers "
            f"{_mb(workers_bytes)}, connections {_mb(connections_bytes)}, tables {_mb(TABLE_BYTES)}, "
            f"pixels {_mb(LEAST_GATE_BYTES)})"
        )
    return MemoryPlan(
        budget_bytes=budget_bytes,
        base_bytes=base_bytes,
        images_bytes=images_bytes,
        workers_bytes=workers_bytes,
        connections_bytes=connections_bytes,
        fetch_bytes=room // 4,
        decode_bytes=room - room // 4,
    )


class ByteGate:
    """Lets work in while its bytes fit under a limit; the rest waits.

    Parameters
    ----------
    limit
        Bytes that may be inside at one time.
    name
        What the bytes are, for messages.
    """

    def __init__(self, limit: int, name: str) -> None:
        self.limit = limit
        self._name = name
        self._inside = 0
        self._changed = threading.Condition()

    @contextmanager
    def admit(self, size: int) -> Iterator[None]:
        """Hold ``size`` bytes, waiting until they fit.

        Raises
        ------
        DecodeError
            ``too-large-for-memory``: they would not fit even alone.
        """
        if size > self.limit:
            raise DecodeError(
                "too-large-for-memory",
                f"needs {_mb(size)} for its {self._name}; the memory budget leaves {_mb(self.limit)}: "
                "run again with a larger --memory",
            )
        with self._changed:
            self._changed.wait_for(lambda: self._inside + size <= self.limit)
            self._inside += size
        try:
            yield
        finally:
            self.leave(size)

    def try_enter(self, size: int) -> bool:
        """Hold ``size`` bytes if they fit now, until `leave`; say whether they did."""
        with self._changed:
            if self._inside + size > self.limit:
                return False
            self._inside += size
            return True

    def leave(self, size: int) -> None:
        """Give back bytes that were held."""
        with self._changed:
            self._inside -= size
            self._changed.notify_all()


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    return int(psutil.Process().memory_info().rss)


def return_freed_memory() -> None:
    """Hand freed memory back to the system, where the C library can."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _mb(size: int) -> str:
    """Say a number of bytes in megabytes."""
    return f"{size / 1e6:,.0f} MB"
