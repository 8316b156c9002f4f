"""An executor that measures how well its threads are used."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from imgsieve.executors.base import Executor, Held

__all__ = ["MeasuredExecutor", "ThreadFigures"]

Task = TypeVar("Task")
Result = TypeVar("Result")
Value = TypeVar("Value")

_SAMPLED = 64
"""One task in so many is carried out alone, about, so that measuring costs little of a long run."""

_SAMPLES = 2
"""Tasks that are carried out alone one after the other."""


@dataclass
class ThreadFigures:
    """What the tasks of an executor took."""

    workers: int
    """Threads that there may be."""
    threads: set[int] = field(default_factory=set)
    """Those that carried out a task."""
    tasks: int = 0
    cpu_seconds: float = 0.0
    """Processor time of all tasks, each by the clock of its own thread."""
    mapping_seconds: float = 0.0
    """Wall time during which a map was under way, but for that of tasks that were carried out alone."""
    waiting_seconds: float = 0.0
    """The part of that in which the calling thread had nothing else to do than wait for its workers."""
    alone_seconds: float = 0.0
    """Wall time of tasks that were carried out alone."""
    sampled_tasks: int = 0
    """Tasks that were carried out alone, while no other one ran."""
    sampled_seconds: float = 0.0
    """Wall time of these, but for the first of all, which may wait for what later ones find ready;"""
    sampled_cpu_seconds: float = 0.0
    """and their processor time."""

    @property
    def wall_per_cpu(self) -> float:
        """Wall time that a second of processor time takes in a task that runs alone; from 1, and 1 while unknown."""
        return max(self.sampled_seconds / self.sampled_cpu_seconds, 1.0) if self.sampled_cpu_seconds > 0 else 1.0

    @property
    def single_thread_seconds(self) -> float:
        """Wall time that one thread would take for all tasks.

        It is their processor time, times what a second of it takes by the clock on the wall when a task runs alone
        (`wall_per_cpu`): more than one where tasks wait for the disk or a store, or where other programs have the
        processor. Where a single thread did all, it is what that took.
        """
        if len(self.threads) <= 1:
            return self.waiting_seconds
        return self.cpu_seconds * self.wall_per_cpu

    @property
    def utilization(self) -> float:
        """Processor time of the tasks over the wall time of the threads there were, while a map was under way.

        From 0 to 1; where a task was carried out alone, one thread counts.
        """
        offered = self.mapping_seconds * max(len(self.threads), 1) + self.alone_seconds
        return min(self.cpu_seconds / offered, 1.0) if offered > 0 else 0.0

    def speedup(self, seconds: float) -> float:
        """Return how many times as long one thread would take for what took ``seconds`` of wall time altogether."""
        single = max(seconds - self.waiting_seconds, 0.0) + self.single_thread_seconds
        return single / seconds if seconds > 0 else 1.0

    def as_dict(self, seconds: float) -> dict[str, Any]:
        """Return the figures of work that took ``seconds`` altogether, fit for JSON."""
        return {
            "workers": self.workers,
            "threads_used": len(self.threads),
            "tasks": self.tasks,
            "cpu_seconds": round(self.cpu_seconds, 3),
            "mapping_seconds": round(self.mapping_seconds, 3),
            "waiting_seconds": round(self.waiting_seconds, 3),
            "sampled_tasks": self.sampled_tasks,
            "wall_per_cpu": round(self.wall_per_cpu, 3),
            "single_thread_seconds": round(self.single_thread_seconds, 3),
            "speedup": round(self.speedup(seconds), 3),
            "utilization": round(self.utilization, 4),
        }


class MeasuredExecutor:
    """Carries out tasks by another executor, and measures them.

    The first two tasks of a map are carried out alone, one after the other and before the others begin, as long as that
    was so of less than one task in 64; they show what a task takes when nothing else runs.

    Parameters
    ----------
    inner
        The executor that does the work, in threads of this process.
    """

    def __init__(self, inner: Executor) -> None:
        self.workers = inner.workers
        self.elsewhere = False
        self.figures = ThreadFigures(inner.workers)
        self._inner = inner
        self._adding = threading.Lock()

    @property
    def nearby(self) -> Executor:
        """Return this executor: its threads are of this process."""
        return self

    def with_threads(self, threads: MeasuredExecutor) -> MeasuredExecutor:
        """Return what works as this does, by other threads."""
        return threads

    def close(self) -> None:
        """Let go of nothing: threads end with what they serve."""

    def share(self, value: Value) -> Held[Value]:
        """Return a value as a part of tasks."""
        return Held(value)

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield results in the order of the tasks; see `imgsieve.executors.base.Executor`."""
        remaining = iter(tasks)
        if self.figures.sampled_tasks * _SAMPLED <= self.figures.tasks:
            for _ in range(_SAMPLES):
                yield from self._mapped(function, islice(remaining, 1), alone=True)
        yield from self._mapped(function, remaining)

    def _mapped(
        self, function: Callable[[Task], Result], tasks: Iterator[Task], *, alone: bool = False
    ) -> Iterator[Result]:
        """Carry out tasks by the executor within."""
        began, outside = time.perf_counter(), 0.0
        drawing = _Drawing(tasks)
        results = self._inner.map(lambda task: self._measured(function, task, alone=alone), drawing)
        try:
            for result in results:
                left = time.perf_counter()
                yield result
                outside += time.perf_counter() - left
        finally:
            close = getattr(results, "close", None)
            if close is not None:
                close()
            lasted = time.perf_counter() - began
            self.figures.mapping_seconds += 0 if alone else lasted
            self.figures.waiting_seconds += max(lasted - outside - drawing.seconds, 0.0)

    def _measured(self, function: Callable[[Task], Result], task: Task, *, alone: bool) -> Result:
        """Carry out one task on a worker."""
        cpu, wall = time.thread_time(), time.perf_counter()
        try:
            return function(task)
        finally:
            taken, lasted = time.thread_time() - cpu, time.perf_counter() - wall
            with self._adding:
                self._add(taken)
                if alone:
                    self._add_sample(taken, lasted)

    def _add(self, cpu_seconds: float) -> None:
        """Add a task to the figures."""
        self.figures.tasks += 1
        self.figures.cpu_seconds += cpu_seconds
        self.figures.threads.add(threading.get_ident())

    def _add_sample(self, cpu_seconds: float, seconds: float) -> None:
        """Add a task that was carried out alone."""
        figures = self.figures
        if figures.sampled_tasks:
            figures.sampled_seconds += seconds
            figures.sampled_cpu_seconds += cpu_seconds
        figures.sampled_tasks += 1
        figures.alone_seconds += seconds


class _Drawing:
    """Tasks, with the time that it takes the calling thread to make them."""

    def __init__(self, tasks: Iterator[Any]) -> None:
        self._tasks = tasks
        self.seconds = 0.0

    def __iter__(self) -> _Drawing:
        return self

    def __next__(self) -> Any:
        began = time.perf_counter()
        try:
            return next(self._tasks)
        finally:
            self.seconds += time.perf_counter() - began
