"""Work done by several threads, handed out no faster than it is done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["Crew"]

Task = TypeVar("Task")
Result = TypeVar("Result")


class Crew(Generic[Task, Result]):
    """Threads for a job; leaving the context waits for those that are still at work.

    Parameters
    ----------
    work
        Done by the threads.
    take
        Takes what comes of it, in the thread that hands out, in no fixed order.
    width
        How many threads there are.
    """

    def __init__(self, work: Callable[[Task], Result], take: Callable[[Result], None], width: int) -> None:
        self._work = work
        self._take = take
        self._most = 4 * width
        self._pool = ThreadPoolExecutor(width, "imgsieve-copy")
        self._under_way: set[Future[Result]] = set()

    def give(self, task: Task) -> None:
        """Hand out a task, waiting while much is under way."""
        if len(self._under_way) >= self._most:
            self._collect(wait(self._under_way, return_when=FIRST_COMPLETED).done)
        self._under_way.add(self._pool.submit(self._work, task))

    def finish(self) -> None:
        """Wait for all that is under way."""
        while self._under_way:
            self._collect(wait(self._under_way, return_when=FIRST_COMPLETED).done)

    def _collect(self, done: set[Future[Result]]) -> None:
        """Take what is done."""
        for future in done:
            self._under_way.discard(future)
            self._take(future.result())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        # After an error, what came to its end before it is taken as well.
        for future in self._under_way:
            if not future.cancelled() and future.exception() is None:
                self._take(future.result())
