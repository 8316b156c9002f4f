"""What the tasks of a cluster took, each measured where it was carried out."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from imgsieve.executors.measured import ThreadFigures
from imgsieve.memory import peak_resident_bytes

__all__ = ["ClusterFigures", "TaskFigures", "measured"]

Task = TypeVar("Task")
Result = TypeVar("Result")


class TaskFigures(NamedTuple):
    """What one task took."""

    cpu_seconds: float
    """Processor time of its process meanwhile, all threads."""
    peak_bytes: int
    """The most resident memory of its process since that began."""
    worker: int
    """Names the process, over all nodes."""


def measured(function: Callable[[Task], Result], task: Task, node: str) -> tuple[Result, TaskFigures]:
    """Carry out a task in this process, which is on the given node, and measure it."""
    began = time.process_time()
    result = function(task)
    taken = time.process_time() - began
    return result, TaskFigures(taken, peak_resident_bytes(), zlib.crc32(f"{node} {os.getpid()}".encode()))


@dataclass
class ClusterFigures(ThreadFigures):
    """What the tasks of a cluster took; its threads are processes, each with one task at a time."""

    largest_worker_bytes: int = 0
    """The most resident memory of any process that carried out a task."""

    def add(self, task: TaskFigures) -> None:
        """Add a task."""
        self.tasks += 1
        self.cpu_seconds += task.cpu_seconds
        self.threads.add(task.worker)
        self.largest_worker_bytes = max(self.largest_worker_bytes, task.peak_bytes)

    @contextmanager
    def mapping(self) -> Iterator[None]:
        """Count the time of a map."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.mapping_seconds += time.perf_counter() - began

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count time in which the calling thread has nothing else to do than wait."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.waiting_seconds += time.perf_counter() - began

    def as_dict(self, seconds: float) -> dict[str, Any]:
        """Return the figures of work that took ``seconds`` altogether, fit for JSON."""
        return {**super().as_dict(seconds), "largest_worker_bytes": self.largest_worker_bytes}
