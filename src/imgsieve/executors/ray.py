"""Tasks on a Ray cluster.

Ray carries the tasks of one map to whichever process of the cluster is free, and does them again when that process or
its node is lost. A task is a function of what it is given, and what it writes is whole or absent, so doing it twice
does no harm.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import ray
from ray.exceptions import RayError, RayTaskError

from imgsieve.errors import ExecutorError
from imgsieve.executors.base import Executor, title_of
from imgsieve.executors.ray_cluster import first_line, join, usable_processors
from imgsieve.executors.ray_figures import ClusterFigures, TaskFigures, measured
from imgsieve.executors.ray_news import hear_news, let_news_be

__all__ = ["RayExecutor"]

Task = TypeVar("Task")
Result = TypeVar("Result")
Value = TypeVar("Value")

_LOG = logging.getLogger("imgsieve")

_RETRIES = 5
"""Times that a task is done again after the process that did it, or its node, was lost."""

_AHEAD = 3


@dataclass(frozen=True)
class _Stored(Generic[Value]):
    """A value in the cluster's store of objects."""

    reference: Any

    @property
    def value(self) -> Value:
        """The value; its arrays may not be written."""
        value: Value = ray.get(self.reference)
        return value


class RayExecutor:
    """An executor of tasks on a Ray cluster.

    Parameters
    ----------
    address
        Of the cluster; empty for that of ``RAY_ADDRESS``, and where that is not set for one on this machine alone.
    workers
        Tasks at one time at most; 0 for one a processor of the cluster.
    task_bytes
        Memory of a task: no node has more tasks at one time than its memory allows.
    prepare
        Called in each process before its first task; picklable.
    nearby
        Threads of this process.

    Raises
    ------
    ExecutorError
        There is no such cluster, or no node for any task.
    MemoryBudgetError
        No node has the memory for one task.
    """

    elsewhere = True

    def __init__(
        self, *, address: str, workers: int, task_bytes: int, prepare: Callable[[], None], nearby: Executor
    ) -> None:
        self._own = not ray.is_initialized()
        if self._own:
            join(address or os.environ.get("RAY_ADDRESS") or "local", workers)
        try:
            processors = usable_processors(task_bytes)
        except Exception:
            self.close()
            raise
        hear_news()
        self.workers = min(workers, processors) if workers else processors
        # With fewer workers than processors, what has begun is all there may be.
        self._window = self.workers * (_AHEAD if self.workers == processors else 1)
        self.figures = ClusterFigures(self.workers)
        self.nearby = nearby
        self._prepare = prepare
        options = {"num_cpus": 1, "memory": task_bytes, "max_retries": _RETRIES, "scheduling_strategy": "SPREAD"}
        self._remote = ray.remote(**options)(_carry_out)
        # Processes begin to load their libraries while the sources are listed; what fails then fails again in a task.
        early = ray.put((_nothing, prepare))
        self._early = [self._remote.options(name="prepare").remote(early, None) for _ in range(self.workers)]

    def with_threads(self, threads: Executor) -> RayExecutor:
        """Return this executor, which has other threads of this process from now on."""
        self.nearby = threads
        return self

    def close(self) -> None:
        """Leave the cluster if this executor joined it; one that it started ends."""
        let_news_be()
        if self._own:
            ray.shutdown()

    def share(self, value: Value) -> _Stored[Value]:
        """Return a value as a part of tasks: it lies in the cluster's store of objects, once on each node."""
        return _Stored(ray.put(value))

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield results in the order of the tasks; see `imgsieve.executors.base.Executor`."""
        shared = ray.put((function, self._prepare))
        running: deque[tuple[str, Any]] = deque()
        with self.figures.mapping():
            try:
                for number, task in enumerate(tasks):
                    title = title_of(function, task, number)
                    running.append((title, self._remote.options(name=title).remote(shared, task)))
                    if len(running) >= self._window:
                        yield self._result(*running.popleft())
                while running:
                    yield self._result(*running.popleft())
            finally:
                _end([reference for _, reference in running])

    def _result(self, title: str, reference: Any) -> Any:
        """Return the result of a task, or raise its error."""
        try:
            with self.figures.waiting():
                result, figures = ray.get(reference)
        except RayTaskError as error:
            if isinstance(error.cause, RayError):
                raise ExecutorError(f"{title}: {first_line(error.cause)}") from error
            _LOG.error("%s failed: %s", title, error.cause)
            error.cause.add_note(f"in the task {title!r}, on a worker:\n{error}")
            raise error.cause from None
        except RayError as error:
            raise ExecutorError(
                f"{title}: {type(error).__name__} after {_RETRIES + 1} attempts: {first_line(error)}; what is "
                "done so far is kept: the same command goes on from here"
            ) from error
        self.figures.add(figures)
        return result


def _carry_out(shared: tuple[Callable[[Task], Result], Callable[[], None]], task: Task) -> tuple[Result, TaskFigures]:
    """Carry out one task, in a process of the cluster."""
    function, prepare = shared
    prepare()
    return measured(function, task, ray.get_runtime_context().get_node_id())


def _nothing(_: None) -> None:
    """Do no work."""


def _end(references: list[Any]) -> None:
    """Have tasks given up, and wait until those that had started are over."""
    for reference in references:
        ray.cancel(reference)
    if references:
        ray.wait(references, num_returns=len(references), fetch_local=False)
