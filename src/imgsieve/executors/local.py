"""Threads of this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from imgsieve.executors.base import Executor, Held

__all__ = ["ThreadExecutor"]

Task = TypeVar("Task")
Result = TypeVar("Result")
Value = TypeVar("Value")


class ThreadExecutor:
    """An executor of local threads.

    Parameters
    ----------
    workers
        Number of threads.
    ahead
        Tasks a worker that may be waiting or finished and not yet taken.
    on_error
        Called when a map ends by an error or an interruption, before the tasks that had started are waited for; what
        they wait for can be ended by it.
    """

    def __init__(self, workers: int, ahead: int = 3, on_error: Callable[[], None] = lambda: None) -> None:
        self.workers = workers
        self.elsewhere = False
        # One pool for all maps: a stage may call for thousands of them, and threads outlive their pool by a moment.
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="imgsieve")
        self._window = workers * ahead
        self._on_error = on_error

    @property
    def nearby(self) -> Executor:
        """Return this executor: its threads are of this process."""
        return self

    def share(self, value: Value) -> Held[Value]:
        """Return a value as a part of tasks."""
        return Held(value)

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield results in the order of the tasks; see `imgsieve.executors.base.Executor`."""
        running: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                running.append(self._pool.submit(function, task))
                if len(running) >= self._window:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        except BaseException:
            self._on_error()
            raise
        finally:
            for future in running:
                future.cancel()
            wait(running)
